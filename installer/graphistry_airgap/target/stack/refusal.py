"""What `docker compose up` says where Docker refuses, and what helps against it.

Compose writes its progress, its warnings and the daemon's refusal to one stream.  The refusal is the daemon's
alone (`Error response from daemon: …`), as texts of Docker 20.10 to 29 and Compose 2.20 to 5 have it.
"""

from __future__ import annotations

import re

_PROGRESS = re.compile(
    r"\s*(Container|Network|Volume|Image) .+? +"
    r"(Creat|Recreat|Start|Stopp|Remov|Pull|Built|Build|Runn|Wait|Healthy|Exited|Error|Skipp)\w*\s*"
)
_OF_A_CONTAINER = re.compile(r"\W*Container \S+ +(Error +)?(?=Error response from daemon: )")
_CUT = re.compile(r"\.\.\. +\d+\.\d+s$")
_WARNING = re.compile(r"time=\S+ level=warning|WARN\[")
_DEPENDENCY = re.compile(r"dependency failed to start: .*|container \S+ (is unhealthy|exited \(\d+\))")
# numbers of Linux, <asm-generic/resource.h>
_LIMITS = {"6": "nproc", "7": "nofile", "8": "memlock", "0": "cpu", "1": "fsize", "3": "stack", "4": "core"}
_WAYS_OUT = (
    (
        r"could not find an available, non-overlapping IPv4 address pool|all predefined address pools",
        "`docker network ls` shows what holds Docker's address pools: remove networks that nobody uses "
        "(`docker network rm NAME`), or name further pools in the site file (`docker.address_pools`)",
    ),
    (
        r"network (?P<name>\S+) was found but has incorrect label",
        "another project or a person made the network {name}: see `docker network inspect {name}`, stop what "
        "uses it, and `docker network rm {name}`; the release makes its own",
    ),
    (
        r"error setting rlimit type (?P<limit>\d+)",
        "this host does not grant containers that {limit} limit: lower `{limit}` in `default-ulimits` of "
        "/etc/docker/daemon.json or in the service's `ulimits`",
    ),
    (
        r"unknown or invalid runtime name: (?P<name>[\w.-]+)",
        "Docker does not know the runtime {name}, `docker info --format '{{{{json .Runtimes}}}}'` lists "
        "those that it knows: name it under `runtimes` in /etc/docker/daemon.json, or take it "
        "out where it is asked for",
    ),
    (
        r"(?:Bind for|failed to bind host port(?: for)?|listen tcp4?) \S*?:(?P<port>\d+)\b",
        "`ss -ltnp 'sport = :{port}'` and `docker ps --filter publish={port}` name what holds port {port}: "
        "stop it",
    ),
    (
        r"error looking up logging plugin (?P<name>[\w./-]+)",
        "Docker has no log driver {name}, `docker info --format '{{{{.Plugins.Log}}}}'` lists those that it "
        "has: correct `log-driver` in /etc/docker/daemon.json or the service's `logging`",
    ),
)
_OTHERWISE = "mend what Docker names there; `journalctl -u docker` may say more"


def refused(said: str) -> str:
    """The refusal in its own words, warnings after it; empty where only a dependency is not well yet."""
    lines = [line.rstrip() for line in said.splitlines() if line.strip()]
    lines = [_OF_A_CONTAINER.sub("", line) for line in lines if not _PROGRESS.fullmatch(line)]
    # one refusal stands there once for each container, on a terminal cut, and once more at the end
    lines = [line for line in dict.fromkeys(lines) if not _CUT.search(line)]
    warnings = [line for line in lines if _WARNING.match(line)]
    told = [line for line in lines if line not in warnings]
    if all(_DEPENDENCY.fullmatch(line.strip()) for line in told):
        return ""
    return "\n".join([*told, *warnings])


def way_out(words: str) -> str:
    """What helps against this refusal."""
    for pattern, hint in _WAYS_OUT:
        found = re.search(pattern, words)
        if found:
            named = found.groupdict()
            if "limit" in named:
                named["limit"] = _LIMITS.get(named["limit"], f"resource {named['limit']}")
            return hint.format(**named)
    return _OTHERWISE
