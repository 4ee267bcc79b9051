"""Judgements about the host's firewalls: whether what Docker forwards gets through.

Packets for published ports are forwarded, so an `input` chain does not see them.  Docker puts its rules first
into iptables' FORWARD chain: its policy and what a site has appended (ufw does) come after them.  Each
further base chain of the hook must accept the packets, too, and Docker knows of none but firewalld's.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ...docker import pools as network_pools
from ...finding import ERROR, INFO, WARNING, Finding
from ...network.nft import ACCEPT, DROP, Packet, Ruleset
from .network import effective, waivable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WAIVER = "firewall"
_FAMILIES = ("ip", "inet", "bridge")
_BRIDGE = "br-0123456789ab"
_OPEN = (
    "accept Docker's bridges there, in the site's own rules: "
    '`iifname "br-*" accept` and `oifname "br-*" accept`'
)


def nftables(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    if requirements["purpose"] != "server":
        return
    found = profile["firewall"]["nft"]
    if found["error"] and found["loaded"]:
        yield _unread("nftables", found["error"])
    ruleset = Ruleset(found["entries"])
    for chain in ruleset.base_chains("forward"):
        if chain["family"] not in _FAMILIES or _is_docker_s(chain, profile):
            continue
        place = f"table {chain['family']} {chain['table']}, chain {chain['name']}"
        dropped, perhaps = [], []
        for words, packet in _packets(chain, profile, requirements):
            verdicts = ruleset.verdicts(chain, packet)
            if verdicts == {DROP}:
                dropped.append(words)
            elif verdicts != {ACCEPT}:
                perhaps.append(words)
        if dropped:
            how = "its policy is drop" if chain.get("policy") == "drop" else "a rule of it drops them"
            finding = Finding(
                ERROR,
                "firewall-drops",
                f"the firewall's {place} drops what Docker forwards ({how}): {' and '.join(dropped)}",
                place,
                "a chain that accepts what goes to and from Docker's bridges",
                f"{_OPEN}; or, where another way is open, accept it with `waive: [{WAIVER}]`",
            )
            yield waivable(finding, WAIVER, requirements)
        elif perhaps:
            yield Finding(
                WARNING,
                "firewall-unclear",
                f"the firewall's {place} may drop what Docker forwards ({' and '.join(perhaps)}): some of "
                "its rules could not be judged",
                place,
                "a chain that accepts what goes to and from Docker's bridges",
                _OPEN,
            )


def _is_docker_s(chain: Mapping[str, Any], profile: Mapping[str, Any]) -> bool:
    """Where Docker itself opens what it needs: through iptables, its own nftables backend, or firewalld."""
    table, name = chain["table"], chain["name"]
    if profile["docker"]["settings"]["network"]["iptables"] is False:
        return bool(table.startswith("docker-"))
    through_iptables = table == "filter" and name == "FORWARD" and chain["family"] == "ip"
    if through_iptables:
        return not profile["firewall"]["legacy"]["docker"]
    return bool(table.startswith("docker-") or table == "firewalld")


def _packets(
    chain: Mapping[str, Any], profile: Mapping[str, Any], requirements: Mapping[str, Any]
) -> Iterator[tuple[str, Packet]]:
    pools = network_pools.bases(effective(profile, requirements)[0])
    inside = next((one for one in pools if one.version == 4), ipaddress.ip_network("172.18.0.0/16"))
    common: dict[str, Any] = {
        "meta oifname": _BRIDGE,
        "meta oif": _BRIDGE,
        "meta l4proto": "tcp",
        "meta nfproto": "ipv4",
        "ip protocol": "tcp",
        "ip daddr": inside,
        "ct state": frozenset({"new"}),
        "ct direction": "original",
    }
    if chain["family"] != "bridge":
        outside = {"meta iifname": None, "meta iif": None, "ct status": frozenset({"dnat"})}
        yield "users' connections to the product's ports", Packet(common | outside)
    if chain["family"] == "bridge" or profile["firewall"]["bridge_calls"] != "0":
        between: dict[str, Any] = {
            "meta iifname": _BRIDGE,
            "meta iif": _BRIDGE,
            "ct status": frozenset(),
            "ip saddr": inside,
        }
        yield "connections between its containers", Packet(common | between)


def legacy(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Docker calls one iptables; the other kind has a FORWARD chain of its own."""
    found = profile["firewall"]["legacy"]
    if requirements["purpose"] != "server" or not found["loaded"]:
        return
    if found["error"]:
        yield _unread("the older iptables (iptables-legacy)", found["error"])
    own_rules = profile["docker"]["settings"]["network"]["iptables"] is not False
    if found["policy"] == "DROP" and not (found["docker"] and own_rules):
        place = "table filter, chain FORWARD of iptables-legacy"
        finding = Finding(
            ERROR,
            "firewall-drops",
            f"the firewall's {place} drops what Docker forwards (its policy is DROP), and Docker puts its "
            "own rules elsewhere",
            place,
            "a chain that accepts what goes to and from Docker's bridges",
            "move these rules to the iptables that Docker calls (`iptables --version` names it), or accept "
            f"it with `waive: [{WAIVER}]`",
        )
        yield waivable(finding, WAIVER, requirements)


def firewalld(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Docker asks a running firewalld to put its bridges into the zone `docker`, which accepts."""
    found = profile["firewall"]["firewalld"]
    if not found["running"] or requirements["purpose"] != "server":
        return
    for bound in found["bound"]:
        yield Finding(
            ERROR,
            "firewalld-zone",
            f"firewalld has {bound['interface']} in the zone {bound['zone']} ({bound['path']}); Docker wants "
            "it in its zone docker, gets ZONE_CONFLICT for an answer and does not start",
            f"{bound['interface']} in zone {bound['zone']}",
            f"{bound['interface']} in no zone of the site's",
            f"take {bound['interface']} out of {bound['path']}, then `firewall-cmd --reload`",
            bound["path"],
        )
    if found["strict"]:
        path = "/etc/firewalld/firewalld.conf"
        finding = Finding(
            ERROR,
            "firewall-drops",
            f"{path} has StrictForwardPorts=yes: firewalld drops users' connections to ports that Docker "
            "publishes",
            "StrictForwardPorts=yes",
            "StrictForwardPorts=no, or the product's ports opened as forward ports",
            f"set StrictForwardPorts=no in {path} and `firewall-cmd --reload`, or open them in firewalld and "
            f"accept this with `waive: [{WAIVER}]`",
            path,
        )
        yield waivable(finding, WAIVER, requirements)
    yield _passed_by("firewalld")


def ufw(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    found = profile["firewall"]["ufw"]
    if not found["enabled"] or requirements["purpose"] != "server":
        return
    if found["manages_all"]:
        yield Finding(
            WARNING,
            "ufw-flushes",
            "/etc/default/ufw has MANAGE_BUILTINS=yes: each start and reload of ufw takes Docker's rules "
            "away, and the product's ports with them, until Docker is restarted",
            "MANAGE_BUILTINS=yes",
            "MANAGE_BUILTINS=no",
            "set MANAGE_BUILTINS=no in /etc/default/ufw",
            "/etc/default/ufw",
        )
    yield _passed_by("ufw")


def _passed_by(name: str) -> Finding:
    return Finding(
        INFO,
        "firewall-passed-by",
        f"{name} is in use; the ports that Docker publishes go past its rules for this host: the product's "
        "will be open to everybody who can reach it",
        name,
        "nothing",
        "restrict them in the chain DOCKER-USER, or before this host",
    )


def _unread(what: str, error: str) -> Finding:
    missing = error.endswith("is not there")
    return Finding(
        INFO if missing else WARNING,
        "firewall-unread",
        f"{what}: its rules could not be read ({error}); whether they drop what Docker forwards is not known",
        error,
        "rules that accept what goes to and from Docker's bridges",
        "" if missing else "see what it reports, with `nft list ruleset` or `iptables-legacy-save`",
    )
