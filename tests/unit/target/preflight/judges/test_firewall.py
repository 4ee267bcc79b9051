"""Firewalls that drop what Docker forwards are told by table and chain; those that do not, are not."""

import pytest

from tests.kit.fakes.network_profiles import firewall_findings, nft, profile

FORWARD_DROP = nft("inet", "filter", "forward", policy="drop")


def match(left, right, op="=="):
    kind, _, key = left.partition(" ")
    inner = {"key": key} if kind in ("meta", "ct") else {"protocol": kind, "field": key}
    return {
        "match": {"op": op, "left": {kind if kind in ("meta", "ct") else "payload": inner}, "right": right}
    }


ACCEPT, DROP, REJECT = (
    {"accept": None},
    {"drop": None},
    {"reject": {"type": "icmpx", "expr": "port-unreachable"}},
)
ESTABLISHED = [match("ct state", ["established", "related"], "in"), ACCEPT]
FROM_BRIDGE, TO_BRIDGE = [match("meta iifname", "br-*"), ACCEPT], [match("meta oifname", "br-*"), ACCEPT]


def found(entries, *, nft_error="", requirements=None, **parts):
    given = profile(**parts.pop("profile", {}))
    given["firewall"]["nft"] |= {"entries": entries, "error": nft_error}
    for name, values in parts.items():
        given["firewall"][name] |= values
    return firewall_findings(given, **(requirements or {}))


def codes(entries, **given):
    return [(item.severity, item.code) for item in found(entries, **given)]


def test_no_firewall_no_findings():
    assert codes([]) == []


def test_a_forward_chain_that_drops_everything_is_named():
    (one,) = found(FORWARD_DROP)
    assert (one.severity, one.code) == ("error", "firewall-drops")
    assert "table inet filter, chain forward" in one.message
    assert "its policy is drop" in one.message
    assert "users' connections to the product's ports" in one.message
    assert 'oifname "br-*" accept' in one.hint


def test_it_can_be_waived_by_name():
    (one,) = found(FORWARD_DROP, requirements={"waive": ["firewall"]})
    assert (one.severity, one.code) == ("warning", "firewall-drops")


def test_a_template_has_no_users():
    assert codes(FORWARD_DROP, requirements={"purpose": "template"}) == []


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([ESTABLISHED, FROM_BRIDGE, TO_BRIDGE], id="accepts Docker's bridges"),
        pytest.param([[match("ct status", "dnat"), ACCEPT], FROM_BRIDGE], id="accepts what was translated"),
        pytest.param(
            [[match("ip daddr", {"prefix": {"addr": "172.16.0.0", "len": 12}}), ACCEPT]], id="by address"
        ),
        pytest.param([[match("meta oifname", {"set": ["docker0", "br-*"]}), ACCEPT]], id="by a set"),
        pytest.param([[{"counter": {"packets": 0, "bytes": 0}}, ACCEPT]], id="accepts everything"),
    ],
)
def test_a_chain_that_drops_the_rest(rules):
    assert codes(nft("inet", "filter", "forward", *rules, policy="drop")) == []


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([ESTABLISHED], id="only what is established"),
        pytest.param(
            [ESTABLISHED, [match("meta oifname", "docker0"), ACCEPT]], id="only Docker's own bridge"
        ),
        pytest.param([[match("meta iifname", "lo"), ACCEPT]], id="only loopback"),
        pytest.param([[match("ip daddr", {"prefix": {"addr": "10.0.0.0", "len": 8}}), ACCEPT]], id="others"),
        pytest.param([[match("ct state", "new"), DROP]], id="drops what is new"),
    ],
)
def test_a_chain_that_drops_the_product_too(rules):
    assert codes(nft("ip", "site", "fw", *rules, policy="drop")) == [("error", "firewall-drops")]


def test_a_reject_at_the_end_of_an_accepting_chain():
    (one,) = found(nft("inet", "site", "fw", ESTABLISHED, [REJECT]))
    assert one.code == "firewall-drops"
    assert "a rule of it drops them" in one.message


def test_libvirt_s_rules_are_about_its_own_bridge():
    reject_out = [match("meta iif", "virbr0"), REJECT]
    reject_in = [match("meta oif", "virbr0"), REJECT]
    assert codes(nft("ip", "libvirt_network", "forward", reject_out, reject_in)) == []


def test_a_jump_is_followed_and_a_return_comes_back():
    entries = nft("inet", "site", "fw", [{"jump": {"target": "docker"}}], [DROP])
    inner = nft("inet", "site", "docker", [match("ct status", "dnat"), ACCEPT], TO_BRIDGE, base=False)
    assert codes(entries + inner) == []
    back = nft("inet", "site", "docker", [{"return": None}], base=False)
    assert codes(entries + back) == [("error", "firewall-drops")]


def test_a_map_of_states():
    states = [["established", ACCEPT], ["related", ACCEPT], ["new", DROP]]
    rule = [{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": states}}}]
    assert codes(nft("inet", "site", "fw", rule)) == [("error", "firewall-drops")]


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param([match("meta iifname", "eth0"), ACCEPT], id="an interface of the site"),
        pytest.param([match("meta mark", 7), ACCEPT], id="a mark"),
        pytest.param([{"xt": {"type": "match", "name": "conntrack"}}, ACCEPT], id="a match of iptables"),
        pytest.param([match("ip saddr", "@clients"), ACCEPT], id="a set that is not there"),
    ],
)
def test_what_cannot_be_judged_is_said(rule):
    entries = nft("inet", "filter", "forward", rule, FROM_BRIDGE, policy="drop")
    assert codes(entries) == [("warning", "firewall-unclear")]


def test_users_of_a_known_set_of_addresses_may_get_through():
    named = {"set": {"family": "inet", "table": "filter", "name": "bridges", "elem": ["docker0", "br-*"]}}
    rule = [match("meta oifname", "@bridges"), ACCEPT]
    assert codes([*nft("inet", "filter", "forward", rule, policy="drop"), named]) == []


@pytest.mark.parametrize(
    ("family", "table", "chain"),
    [
        pytest.param("ip", "filter", "FORWARD", id="iptables, where Docker's rules come first"),
        pytest.param("ip", "docker-bridges", "filter-FORWARD", id="Docker's own backend"),
        pytest.param("inet", "firewalld", "filter_FORWARD", id="firewalld, which Docker asks"),
        pytest.param("ip6", "site", "forward", id="the other family"),
    ],
)
def test_chains_that_docker_opens_itself(family, table, chain):
    assert codes(nft(family, table, chain, policy="drop")) == []


def test_a_docker_that_may_not_touch_iptables_opens_nothing():
    entries = nft("ip", "filter", "FORWARD", policy="drop")
    given = {"profile": {"network": {"iptables": False}}}
    assert codes(entries, **given) == [("error", "firewall-drops")]


def test_input_is_not_in_the_way():
    assert codes(nft("inet", "filter", "input", policy="drop", hook="input")) == []


def test_bridged_packets_between_containers():
    entries = nft("bridge", "filter", "forward", policy="drop")
    (one,) = found(entries)
    assert "connections between its containers" in one.message


def test_rules_that_cannot_be_read_are_not_fine():
    assert codes([], nft_error="the program nft is not there") == [("info", "firewall-unread")]
    assert codes([], nft_error="Operation not permitted") == [("warning", "firewall-unread")]
    assert codes([], nft_error="the program nft is not there", nft={"loaded": False}) == []


@pytest.mark.parametrize(
    ("legacy", "expected"),
    [
        ({"loaded": True, "policy": "DROP"}, [("error", "firewall-drops")]),
        ({"loaded": True, "policy": "DROP", "docker": True}, []),
        ({"loaded": True, "policy": "ACCEPT"}, []),
        ({"loaded": True, "error": "not permitted"}, [("warning", "firewall-unread")]),
    ],
)
def test_the_older_iptables_beside_the_one_that_docker_calls(legacy, expected):
    assert codes([], legacy=legacy) == expected


def test_firewalld_that_docker_can_ask_is_only_told():
    assert codes([], firewalld={"running": True}) == [("info", "firewall-passed-by")]


def test_firewalld_that_drops_published_ports_or_holds_a_bridge():
    bound = {"zone": "trusted", "interface": "docker0", "path": "/etc/firewalld/zones/trusted.xml"}
    given = {"running": True, "strict": True, "bound": [bound]}
    assert codes([], firewalld=given)[:2] == [("error", "firewall-drops"), ("error", "firewalld-zone")]
    assert codes([], firewalld=given | {"running": False}) == []


def test_ufw_is_passed_by_and_may_flush():
    assert codes([], ufw={"enabled": True}) == [("info", "firewall-passed-by")]
    assert ("warning", "ufw-flushes") in codes([], ufw={"enabled": True, "manages_all": True})
