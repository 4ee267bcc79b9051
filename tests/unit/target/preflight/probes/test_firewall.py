"""Firewalls are read, never asked to change, and what cannot be read says why."""

import json

import pytest

from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.probes import firewall as probe_firewall

CHAIN = {"family": "inet", "table": "filter", "name": "forward", "handle": 2, "type": "filter"}
CHAIN |= {"hook": "forward", "prio": 0, "policy": "drop"}
OTHER = {"family": "ip", "table": "nat", "name": "POSTROUTING", "type": "nat", "hook": "postrouting"}
RULESET = {
    "nftables": [
        {"metainfo": {"json_schema_version": 1}},
        {"table": {"family": "inet", "name": "filter", "handle": 1}},
        {"chain": CHAIN},
        {"chain": OTHER},
        {"rule": {"family": "inet", "table": "filter", "chain": "forward", "expr": [{"drop": None}]}},
        {"rule": {"family": "ip", "table": "nat", "chain": "POSTROUTING", "expr": [{"masquerade": None}]}},
    ]
}


class Machine:
    def __init__(self, root, answers):
        self.root, self.asked = root, []
        self.host = Host(run=self._run, root=root)
        for program in answers:
            self.write(program, "")
        self.answers = answers

    def write(self, name, text):
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _run(self, argv, _):
        self.asked.append(" ".join(argv))
        return self.answers[argv[0]]


@pytest.fixture
def machine(tmp_path):
    return lambda **answers: Machine(
        tmp_path, {f"/usr/sbin/{name.replace('_', '-')}": answer for name, answer in answers.items()}
    )


def test_nft_s_tables_in_the_way_of_forwarded_packets(machine):
    made = machine(nft=(0, json.dumps(RULESET), ""))
    found = probe_firewall.firewall(made.host)["nft"]
    assert found["error"] == ""
    assert [list(entry) for entry in found["entries"]] == [["chain"], ["rule"]]
    assert made.asked == ["/usr/sbin/nft -j list ruleset"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [((1, "", "Operation not permitted\n"), "Operation not permitted"), ((0, "{broken", ""), "{broken")],
)
def test_an_nft_that_refuses_is_quoted(machine, answer, words):
    assert probe_firewall.firewall(machine(nft=answer).host)["nft"]["error"] == words


def test_a_host_without_nft_says_so_and_whether_rules_can_be_there(machine):
    made = machine()
    found = probe_firewall.firewall(made.host)["nft"]
    assert (found["loaded"], found["error"]) == (True, "the program nft is not there")
    made.write("/proc/sys/kernel/osrelease", "6.12\n")
    made.write("/lib/modules/6.12/modules.builtin", "kernel/net/netfilter/x_tables.ko\n")
    assert probe_firewall.firewall(made.host)["nft"]["loaded"] is False
    made.write("/proc/modules", "nf_tables 389120 12 - Live 0x0\n")
    assert probe_firewall.firewall(made.host)["nft"]["loaded"] is True
    made.write("/proc/modules", "")
    made.write("/lib/modules/6.12/modules.builtin", "kernel/net/netfilter/nf_tables.ko\n")
    assert probe_firewall.firewall(made.host)["nft"]["loaded"] is True


def test_the_older_iptables_is_asked_only_when_its_table_is_loaded(machine):
    made = machine(
        iptables_legacy_save=(0, ":INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n-A FORWARD -j LOG\n", "")
    )
    assert probe_firewall.firewall(made.host)["legacy"]["loaded"] is False
    assert made.asked == []
    made.write("/proc/net/ip_tables_names", "nat\nfilter\n")
    found = probe_firewall.firewall(made.host)["legacy"]
    assert (found["policy"], found["rules"]) == ("DROP", ["-A FORWARD -j LOG"])


def test_the_iptables_that_docker_calls(machine):
    assert probe_firewall.firewall(machine(iptables=(0, "iptables v1.8.11 (legacy)\n", "")).host)["legacy"][
        "docker"
    ]


def test_firewalld_and_ufw_by_their_files(machine):
    made = machine()
    made.write("/proc/7/comm", "firewalld\n")
    made.write("/etc/firewalld/firewalld.conf", "# StrictForwardPorts=no\nStrictForwardPorts=yes\n")
    made.write("/etc/firewalld/zones/trusted.xml", '<zone><interface name="docker0"/></zone>')
    made.write("/etc/firewalld/zones/docker.xml", '<zone><interface name="docker0"/></zone>')
    made.write("/etc/firewalld/zones/public.xml.old", '<zone><interface name="docker0"/></zone>')
    made.write("/etc/ufw/ufw.conf", "ENABLED=yes\n")
    made.write("/etc/default/ufw", 'MANAGE_BUILTINS="no"\n')
    found = probe_firewall.firewall(made.host)
    assert found["firewalld"]["running"] is True
    assert found["firewalld"]["strict"] is True
    assert [one["zone"] for one in found["firewalld"]["bound"]] == ["trusted"]
    assert found["ufw"] == {"enabled": True, "manages_all": False}
