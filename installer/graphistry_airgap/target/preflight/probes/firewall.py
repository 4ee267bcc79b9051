"""The host's firewalls, read and left alone: nftables, iptables of the older kind, firewalld and ufw."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...host.machine import Host

_PLACES = ("/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin")
FIREWALLD = "/etc/firewalld"
_INTERFACE = re.compile(r"<interface\s+name=[\"'](docker0|br-[^\"']*)[\"']")
_ENGLISH = {"LC_ALL": "C"}


def firewall(host: Host) -> dict[str, Any]:
    running = {name for _, name in host.processes()}
    return {
        "nft": _nft(host),
        "legacy": _legacy(host),
        "bridge_calls": host.word("/proc/sys/net/bridge/bridge-nf-call-iptables"),
        "firewalld": _firewalld(host, running="firewalld" in running),
        "ufw": _ufw(host),
    }


def _program(host: Host, name: str) -> str:
    return next((f"{place}/{name}" for place in _PLACES if host.path(f"{place}/{name}").exists()), "")


def _nft(host: Host) -> dict[str, Any]:
    """The tables that have a filter chain in the way of forwarded packets, as nft's JSON has them.

    `error` says why nothing is known; `loaded` whether the kernel has nftables, so that there may be rules.
    """
    program = _program(host, "nft")
    found: dict[str, Any] = {"loaded": bool(program) or _may_be_loaded(host), "error": "", "entries": []}
    if not program:
        found["error"] = "the program nft is not there"
        return found
    status, out, error = host.run([program, "-j", "list", "ruleset"], _ENGLISH)
    try:
        entries = json.loads(out)["nftables"] if status == 0 else None
    except (ValueError, KeyError, TypeError):
        entries = None
    if not isinstance(entries, list):
        found["error"] = (error or out).strip() or f"nft ended with {status}"
        return found
    tables = {
        (chain["family"], chain["table"])
        for entry in entries
        if (chain := entry.get("chain", {})).get("hook") == "forward" and chain.get("type") == "filter"
    }
    for entry in entries:
        for kind in ("chain", "rule", "set"):
            one = entry.get(kind)
            if one and (one.get("family"), one.get("table")) in tables:
                found["entries"].append({kind: one})
    return found


def _may_be_loaded(host: Host) -> bool:
    """A kernel without the module has no rules; of one that does not tell what is built in, nobody knows."""
    if any(line.startswith("nf_tables ") for line in (host.text("/proc/modules") or "").splitlines()):
        return True
    built_in = host.text(f"/lib/modules/{host.word('/proc/sys/kernel/osrelease')}/modules.builtin")
    return built_in is None or "/nf_tables.ko" in built_in


def _legacy(host: Host) -> dict[str, Any]:
    """The older iptables has chains of its own in the kernel; asking for them would load its module."""
    found: dict[str, Any] = {"loaded": False, "error": "", "policy": "", "rules": [], "docker": False}
    tables = (host.text("/proc/net/ip_tables_names") or "").split()
    found["loaded"] = "filter" in tables
    found["docker"] = "legacy" in _variant(host)
    if not found["loaded"]:
        return found
    program = _program(host, "iptables-legacy-save")
    if not program:
        found["error"] = "the program iptables-legacy-save is not there"
        return found
    status, out, error = host.run([program, "-t", "filter"], _ENGLISH)
    if status:
        found["error"] = error.strip() or f"iptables-legacy-save ended with {status}"
        return found
    for line in out.splitlines():
        if line.startswith(":FORWARD "):
            found["policy"] = line.split()[1]
        elif line.startswith("-A FORWARD "):
            found["rules"].append(line)
    return found


def _variant(host: Host) -> str:
    """Which iptables Docker will call; the platforms' own is the one over nftables."""
    program = _program(host, "iptables")
    return host.run([program, "--version"], _ENGLISH)[1] if program else ""


def _firewalld(host: Host, *, running: bool) -> dict[str, Any]:
    """`bound` are zones of the site's that hold Docker's bridges."""
    bound = []
    for name in host.names(f"{FIREWALLD}/zones"):
        path = f"{FIREWALLD}/zones/{name}"
        zone = name[: -len(".xml")] if name.endswith(".xml") else ""
        if zone and zone != "docker":
            bound += [
                {"zone": zone, "interface": one, "path": path}
                for one in _INTERFACE.findall(host.text(path) or "")
            ]
    strict = _setting(host.text(f"{FIREWALLD}/firewalld.conf"), "StrictForwardPorts")
    return {"running": running, "strict": strict.lower() in ("yes", "true"), "bound": bound}


def _ufw(host: Host) -> dict[str, Any]:
    return {
        "enabled": _setting(host.text("/etc/ufw/ufw.conf"), "ENABLED").lower() == "yes",
        "manages_all": _setting(host.text("/etc/default/ufw"), "MANAGE_BUILTINS").lower() == "yes",
    }


def _setting(text: str | None, name: str) -> str:
    """The last value of `NAME=value`, without quotes."""
    found = ""
    for line in (text or "").splitlines():
        key, separator, value = line.strip().partition("=")
        if separator and key.strip() == name:
            found = value.strip().strip("\"'")
    return found
