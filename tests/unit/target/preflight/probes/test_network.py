"""What a host's kernel and files say about its networks."""

import pytest

from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.probes import (
    env as probe_env,
    network as probe_network,
)

IPV4 = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\tFE0200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
tun0\t0000000A\tFE0200C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0
*\t000010AC\t00000000\t0201\t0\t0\t0\t0000F0FF\t0\t0\t0
br-5f3a\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""
ZERO = "0" * 32
IPV6 = f"""\
20010db8000000000000000000000000 40 {ZERO} 00 {ZERO} 00000100 00000001 00000000 00000001     eth0
fd000007000000000000000000000000 30 {ZERO} 00 20010db8000000000000000000000001 00000400 00000001 00000000 00000003 eth0
fe800000000000000000000000000000 40 {ZERO} 00 {ZERO} 00000100 00000001 00000000 00000001     eth0
20010db8000000000000000000000005 80 {ZERO} 00 {ZERO} 00000000 00000003 00000000 80200001       lo
ff000000000000000000000000000000 08 {ZERO} 00 {ZERO} 00000100 00000002 00000000 00000001     eth0
"""  # noqa: E501 -- as the kernel writes them
TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 192.0.2.0
        /24 link UNICAST
Local:
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 172.18.0.1
        /32 host LOCAL
     |-- 192.0.2.1
        /32 host LOCAL
     |-- 192.0.2.255
        /32 link BROADCAST
"""
COMPOSE = """\
name: "graphistry"   # project
services:
  caddy:
    networks: [grph_net]
  nginx: {}
networks:
  grph_net:
    driver: bridge
  theirs:
    external: true
volumes:
  data: {}
"""


@pytest.fixture
def tree(tmp_path):
    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return Host(run=lambda *_: (1, "", ""), root=tmp_path)

    return write


def test_routes_say_whether_a_gateway_leads_there(tree):
    found = probe_network.routes(tree(proc__net__route=IPV4, proc__net__ipv6_route=IPV6))
    assert [(one["network"], one["gateway"], one["docker"]) for one in found] == [
        ("10.0.0.0/8", True, False),
        ("172.16.0.0/12", True, False),
        ("172.18.0.0/16", False, True),
        ("2001:db8::/64", False, False),
        ("fd00:7::/48", True, False),
    ]


def test_addresses_that_others_can_reach(tree):
    assert probe_network.addresses(tree(proc__net__fib_trie=TRIE, proc__net__route=IPV4)) == ["192.0.2.1"]


def test_name_servers_without_their_zone(tree):
    text = "# by hand\nnameserver 192.0.2.53\nsearch example\nnameserver fe80::1%eth0\nnameserver\n"
    assert probe_network.name_servers(tree(etc__resolv__conf="")) == []
    assert probe_network.name_servers(tree(etc__resolv__conf="nameserver dns.site.example\n")) == []
    host = tree()
    (host.path("/etc/resolv.conf")).write_text(text)
    assert probe_network.name_servers(host) == ["192.0.2.53", "fe80::1"]


def test_the_networks_of_a_release(tree):
    host = tree()
    (host.root / "docker-compose.yml").write_text(COMPOSE)
    assert probe_network.release_networks(host, "") == {
        "project": "graphistry",
        "networks": ["grph_net"],
        "services": 2,
    }


def test_a_release_that_names_no_network_gets_compose_s_default_one(tree):
    assert probe_network.release_networks(tree(), "/nowhere")["networks"] == ["default"]


@pytest.mark.parametrize(
    ("value", "binding"),
    [
        ({"default-network-opts": {"bridge": {probe_network.HOST_BINDING: "127.0.0.1"}}}, "127.0.0.1"),
        ({"default-network-opts": {"overlay": {"x": "y"}}}, None),
        ({"default-network-opts": []}, None),
        ({}, None),
    ],
)
def test_the_binding_of_new_networks(value, binding):
    assert probe_network.settings(value)["host_binding"] == binding


@pytest.mark.parametrize(
    ("line", "ports"),
    [
        ("CADDY_HTTP_PORT=8080\n", [8080, 443]),
        ("CADDY_HTTP_PORT='81'\n", [81, 443]),
        ("CADDY_HTTP_PORT=eighty\n", [80, 443]),
        ("# none\n", [80, 443]),
        ("BROKEN='\n", [80, 443]),
    ],
)
def test_the_ports_that_the_release_will_publish(tree, line, ports):
    requirements = {"root": "/srv/g", "release_version": "v1", "ports": [80, 443]}
    host = tree(srv__g__current__data__config__keep="")
    assert probe_env.ports(host, requirements) == [80, 443]
    host.path("/srv/g/current/data/config/custom.env").write_text(line)
    assert probe_env.ports(host, requirements) == ports
