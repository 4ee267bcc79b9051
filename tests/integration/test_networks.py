"""Docker itself beside the judges of networks: what it gives out of its pools, and whom it asks for names."""

from __future__ import annotations

import ipaddress
import json
import re
from contextlib import ExitStack

import pytest

from graphistry_airgap.target.docker import pools as network_pools
from graphistry_airgap.target.preflight.judges import containers as findings_containers
from lab.hosts.kept_host import ENGINE, kept
from tests.kit.fakes.network_profiles import bridge, findings, profile, route
from tests.kit.faults.host_faults import content

pytestmark = pytest.mark.host

DAEMON_JSON = "/etc/docker/daemon.json"
STOP = ["systemctl", "stop", "docker.socket", "docker"]
GATEWAY = "192.0.2.254"
ASKS = (
    "tar -chf - /usr/bin/getent $(ldd /usr/bin/getent | grep -o '/[^ ]*') 2>/dev/null | docker import - asks"
)
FOUR = [{"base": "10.200.0.0/22", "size": 24}]
ONE = [{"base": "172.30.0.0/24", "size": 24}]


@pytest.fixture(scope="module")
def host():
    with kept(ENGINE).copy("airgap-test-networks") as started:
        yield started


def start(host):
    """systemd stops to start what was started so often."""
    host.require(STOP)
    host.require(["systemctl", "reset-failed"])
    host.require(["systemctl", "start", "docker"])


def given_out(host, pools, routes):
    """Subnets that Docker gives to its bridge and to as many networks as it makes, and its last words."""
    with ExitStack() as stack:
        stack.callback(start, host)
        stack.enter_context(content(host, DAEMON_JSON, json.dumps({"default-address-pools": pools}).encode()))
        host.require(STOP)
        # as after a boot: the bridge is made anew
        host.exec(["ip", "link", "del", "docker0"])
        for one in routes:
            host.require(["ip", "route", "add", *one.split()])
            stack.callback(host.require, ["ip", "route", "del", *one.split()])
        start(host)
        names, words = ["bridge"], ""
        while len(names) < 9 and not words:
            name = f"n{len(names)}"
            made = host.exec(["docker", "network", "create", name])
            if made.rc:
                words = made.stderr.strip()
            else:
                names.append(name)
                stack.callback(host.exec, ["docker", "network", "rm", name])
        shown = json.loads(host.require(["docker", "network", "inspect", *names]))
        return [one["IPAM"]["Config"][0]["Subnet"] for one in shown], words


@pytest.mark.parametrize(
    ("routes", "taken"),
    [
        pytest.param([], [], id="no route"),
        pytest.param(["10.200.1.0/24 dev trap0"], ["10.200.1.0/24"], id="on the link: passed over"),
        pytest.param([f"10.0.0.0/8 via {GATEWAY}"], [], id="a gateway's summary: not looked at"),
        pytest.param([f"10.200.1.0/24 via {GATEWAY}"], [], id="a gateway's narrow route: not looked at"),
    ],
)
def test_docker_gives_out_what_the_judge_counts(host, routes, taken):
    counted = network_pools.free(FOUR, [ipaddress.ip_network(one) for one in taken], 9)
    subnets, words = given_out(host, FOUR, routes)
    assert sorted(subnets) == [str(one) for one in counted]
    assert "pool" in words


def test_a_pool_of_one_network_leaves_none_for_the_product(host):
    subnets, words = given_out(host, ONE, [])
    assert subnets == ["172.30.0.0/24"]
    assert "pool" in words
    engine = {"networks": subnets, "bridges": [bridge("bridge", subnets[0])]}
    (found,) = findings(profile(pools=ONE, engine=engine))
    assert (found.code, found.found) == ("address-pools-exhausted", "0 free")


def test_the_default_bridge_s_address_is_not_the_product_s(host):
    """`ip` binds ports of the default bridge alone, as the judge says."""
    with ExitStack() as stack:
        stack.callback(start, host)
        stack.enter_context(content(host, DAEMON_JSON, b'{"ip": "127.0.0.1"}'))
        start(host)
        stack.callback(host.exec, ["docker", "network", "rm", "plain"])
        host.require(["docker", "network", "create", "plain"])
        options = json.loads(host.require(["docker", "network", "inspect", "bridge", "plain"]))
    key = "com.docker.network.bridge.host_binding_ipv4"
    assert [one["Options"].get(key) for one in options] == ["127.0.0.1", None]
    assert findings(profile(network={"ip": "127.0.0.1"}, routes=[route("10.0.0.0/8")])) == []


@pytest.fixture(scope="module")
def asking(host):
    """An image with a program that asks for a name."""
    host.require(["sh", "-c", ASKS])
    return "asks"


@pytest.mark.parametrize(
    ("resolv_conf", "dns", "asked"),
    [
        (f"nameserver {GATEWAY}\n", None, {GATEWAY}),
        ("nameserver 127.0.0.53\n", None, set()),
        ("search site.example\n", None, {"8.8.8.8", "8.8.4.4"}),
        ("search site.example\n", ["127.0.0.1"], set()),
    ],
    ids=["the host's", "on the host's loopback", "nobody", "nobody, but dns of daemon.json"],
)
def test_whom_containers_ask_is_told_where_it_is_a_public_one(host, asking, resolv_conf, dns, asked):
    with ExitStack() as stack:
        stack.callback(start, host)
        stack.enter_context(content(host, "/etc/resolv.conf", resolv_conf.encode()))
        stack.enter_context(content(host, DAEMON_JSON, json.dumps({"dns": dns} if dns else {}).encode()))
        start(host)
        stack.callback(host.exec, ["docker", "network", "rm", "product"])
        host.require(["docker", "network", "create", "product"])
        host.mark()
        ask = [
            "docker",
            "run",
            "--rm",
            "--network",
            "product",
            asking,
            "/usr/bin/getent",
            "hosts",
            "a.example",
        ]
        assert host.exec(ask, timeout=60).rc != 0
        packets = host.egress().packets
    assert {found[1] for line in packets if (found := re.search(r"> ([0-9.]+)\.53: ", line))} == asked
    servers = [line.split()[1] for line in resolv_conf.splitlines() if line.startswith("nameserver")]
    made = profile(network={"dns": dns}, name_servers=servers)
    found = findings_containers.resolvers(made, {"purpose": "server", "waive": []})
    assert [one.code for one in found] == ["docker-asks-public-resolvers"] * ("8.8.8.8" in asked)
