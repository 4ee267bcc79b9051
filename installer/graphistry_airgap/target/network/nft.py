"""What a base chain of nftables does with a packet, as far as its rules tell: `nft -j list ruleset`, read.

Every base chain of a hook must accept a packet: `accept` ends one chain alone, `drop` ends the packet.  A
match that is not known here may hold or not, so a chain has a set of possible verdicts.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ACCEPT, DROP, NEXT = "accept", "drop", "next"
# statements that end nothing
_ASIDE = frozenset({"counter", "log", "comment", "notrack", "set", "mangle", "meter", "quota", "ct helper"})
_DEEPEST = 16
# names of Docker's, libvirt's and others' bridges and of their ends: no user comes by them
_VIRTUAL = ("docker", "br-", "veth", "lo", "virbr", "vnet", "lxc", "cni", "podman")


@dataclass(frozen=True)
class Packet:
    """The first packet of a TCP connection; `known` has what is known of it, by the words of nft.

    `ct state` is a set of words.  An interface of None is one of an unknown name: users come by it.
    """

    known: Mapping[str, Any]


@dataclass(frozen=True)
class Ruleset:
    entries: list[dict[str, Any]] = field(default_factory=list)

    def base_chains(self, hook: str) -> Iterator[dict[str, Any]]:
        for entry in self.entries:
            chain = entry.get("chain", {})
            if chain.get("hook") == hook and chain.get("type") == "filter":
                yield chain

    def verdicts(self, chain: Mapping[str, Any], packet: Packet) -> set[str]:
        """What may become of the packet in this base chain: ACCEPT, DROP, or both."""
        found = self._walk(chain, packet, 0)
        if NEXT in found:
            found = (found - {NEXT}) | {DROP if chain.get("policy") == "drop" else ACCEPT}
        return found

    def _rules(self, chain: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
        place = tuple(chain[key] for key in ("family", "table", "name"))
        for entry in self.entries:
            rule = entry.get("rule", {})
            if tuple(rule.get(key) for key in ("family", "table", "chain")) == place:
                yield rule.get("expr") or []

    def _walk(self, chain: Mapping[str, Any], packet: Packet, depth: int) -> set[str]:
        found: set[str] = set()
        if depth > _DEEPEST:
            return {ACCEPT, DROP, NEXT}
        for statements in self._rules(chain):
            holds, verdict = _applies(statements, packet, self._sets(chain))
            if holds is False or verdict is None:
                continue
            may = self._ends(verdict, chain, packet, depth)
            if holds and NEXT not in may:
                return found | may
            found |= may - {NEXT}
            if holds and _kind(verdict) in ("return", "goto"):
                return found | {NEXT}
        return found | {NEXT}

    def _ends(
        self, verdict: dict[str, Any], chain: Mapping[str, Any], packet: Packet, depth: int
    ) -> set[str]:
        kind = _kind(verdict)
        if kind in ("accept", "queue"):
            return {ACCEPT}
        if kind in ("drop", "reject"):
            return {DROP}
        if kind == "return":
            return {NEXT}
        if kind in ("jump", "goto"):
            other = {**chain, "name": verdict[kind]["target"]}
            return self._walk(other, packet, depth + 1)
        return {ACCEPT, DROP, NEXT}

    def _sets(self, chain: Mapping[str, Any]) -> dict[str, list[Any]]:
        found = {}
        for entry in self.entries:
            one = entry.get("set") or {}
            if (one.get("family"), one.get("table")) == (chain["family"], chain["table"]):
                found["@" + str(one.get("name"))] = one.get("elem") or []
        return found


def _kind(verdict: Mapping[str, Any]) -> str:
    return next(iter(verdict))


def _applies(
    statements: list[dict[str, Any]], packet: Packet, sets: Mapping[str, list[Any]]
) -> tuple[bool | None, dict[str, Any] | None]:
    """Whether a rule's matches hold (None: perhaps), and its verdict; None where it has none."""
    holds: bool | None = True
    for statement in statements:
        kind = _kind(statement)
        if kind == "match":
            one = _match(statement["match"], packet, sets)
            if one is False:
                return False, None
            holds = holds if one else None
        elif kind == "vmap":
            return _mapped(statement["vmap"], packet, sets, holds)
        elif kind in ("accept", "drop", "reject", "return", "jump", "goto", "queue"):
            return holds, statement
        elif kind not in _ASIDE:
            # limits, helpers of iptables and the like may hold or not
            holds = None
    return holds, None


def _mapped(
    vmap: Mapping[str, Any], packet: Packet, sets: Mapping[str, list[Any]], holds: bool | None
) -> tuple[bool | None, dict[str, Any] | None]:
    data = vmap.get("data")
    rows = data.get("set", []) if isinstance(data, dict) else None
    if rows is None:
        return None, {"unknown": None}
    for row in rows:
        one = _match({"op": "==", "left": vmap.get("key"), "right": row[0]}, packet, sets)
        if one is None:
            return None, {"unknown": None}
        if one:
            return holds, row[1]
    return False, None


def _match(match: Mapping[str, Any], packet: Packet, sets: Mapping[str, list[Any]]) -> bool | None:
    name = _name(match.get("left"))
    if name not in packet.known:
        return None
    one = _is_among(packet.known[name], list(_values(match.get("right"), sets)))
    return one if match.get("op") in ("==", "in") or one is None else not one


def _name(left: Any) -> str:
    """`meta iifname`, `ct state`, `ip saddr`, `tcp dport`, as nft writes them."""
    if not isinstance(left, dict) or not left:
        return ""
    kind = _kind(left)
    inner = left[kind]
    if kind in ("meta", "ct") and isinstance(inner, dict):
        return f"{kind} {inner.get('key')}"
    if kind == "payload" and isinstance(inner, dict):
        return f"{inner.get('protocol')} {inner.get('field')}"
    return ""


def _values(right: Any, sets: Mapping[str, list[Any]]) -> Iterator[Any]:
    if isinstance(right, str) and right in sets:
        right = sets[right]
    if isinstance(right, dict) and "set" in right:
        right = right["set"]
    if isinstance(right, list):
        for item in right:
            yield from _values(item, sets)
    elif isinstance(right, dict) and "elem" in right:
        yield from _values(right["elem"].get("val"), sets)
    else:
        yield right


def _is_among(value: Any, wanted: Iterable[Any]) -> bool | None:
    answers = [_is(value, one) for one in wanted]
    if True in answers:
        return True
    return None if None in answers or not answers else False


def _is(value: Any, wanted: Any) -> bool | None:
    if isinstance(value, (ipaddress.IPv4Network, ipaddress.IPv6Network)):
        return _inside(value, wanted)
    if isinstance(wanted, dict) and "range" in wanted and isinstance(value, int):
        low, high = wanted["range"]
        return bool(low <= value <= high) if isinstance(low, int) and isinstance(high, int) else None
    if not isinstance(wanted, (int, str)):
        return None
    if isinstance(value, frozenset):
        return wanted in value
    if value is None:
        return False if str(wanted).startswith(_VIRTUAL) else None
    named = isinstance(wanted, str) and wanted.endswith("*")
    return str(value).startswith(str(wanted)[:-1]) if named else bool(value == wanted)


def _inside(network: ipaddress.IPv4Network | ipaddress.IPv6Network, wanted: Any) -> bool | None:
    """Whether every address of a network is wanted; None where some are, or nobody can tell."""
    try:
        if isinstance(wanted, dict) and "prefix" in wanted:
            other = ipaddress.ip_network(
                f"{wanted['prefix']['addr']}/{wanted['prefix']['len']}", strict=False
            )
        elif isinstance(wanted, str):
            other = ipaddress.ip_network(wanted, strict=False)
        else:
            return None
    except (ValueError, KeyError, TypeError):
        return None
    if other.version != network.version or not network.overlaps(other):
        return False
    return True if other.prefixlen <= network.prefixlen else None
