"""The trap of a sealed host: a default route that leads into a network namespace where packets are counted.

A host without network hides attempts to leave it.  So it gets a veth pair as its default route, for IPv4 and
IPv6, whose other end lies in a namespace of the machine that the host's root cannot reach.  `tcpdump` writes
down each packet there, and the interface's own counter shows whether it missed one.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME_SERVER = "192.0.2.254"
STATE = Path("/run/airgap-lab")

_HOST4, _GATEWAY4 = "192.0.2.1", NAME_SERVER
_HOST6, _GATEWAY6 = "2001:db8:0:2::1", "2001:db8:0:2::254"
_LINK6 = "fe80::2"
_GATEWAY_MAC = "02:00:00:00:00:01"

# What the kernel would send by itself on an interface that comes up, without any program asking for it.
_QUIET = {
    "accept_ra": 0,
    "accept_dad": 0,
    "dad_transmits": 0,
    "router_solicitations": 0,
    "autoconf": 0,
    "addr_gen_mode": 1,
}
# No setting stops the kernel from telling routers on the link which multicast groups it is in, and it is in
# some by itself. These reports are left out; whatever a program sends to a group is counted.
_NOISE = re.compile(r" > ff02::16: HBH ICMP6, multicast listener report v2")
_PACKET = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ ")
_PATIENCE = 10.0


class TrapError(RuntimeError):
    """The trap cannot be laid, or what it counted cannot be trusted."""


@dataclass(frozen=True)
class Egress:
    """Packets that tried to leave a host, one line each, as tcpdump words them."""

    packets: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.packets)


class EgressTrap:
    """The trap of the host `name`; its state survives this process, so that any later one can read it."""

    def __init__(self, name: str) -> None:
        self.namespace = f"airgap-lab-{name}"
        self.directory = STATE / name
        self._log = self.directory / "packets.log"
        self._state = self.directory / "state.json"

    def lay(self, pid: int) -> None:
        """Lay the trap for the network namespace of process `pid`, the host's PID 1."""
        self.remove()
        self.directory.mkdir(parents=True)
        self._save(marker=0, controls=[])
        _ip("netns", "add", self.namespace)
        # The far end must answer nothing and send nothing, or it would speak for the host.
        _call("ip", "netns", "exec", self.namespace, *_sysctl({"net.ipv6.conf.default.disable_ipv6": 1}))
        trap1 = ("link", "add", "trap1", "address", _GATEWAY_MAC, "type", "veth")
        _ip("-n", self.namespace, *trap1, "peer", "name", "trap0", "netns", str(pid))
        _ip("-n", self.namespace, "link", "set", "trap1", "up")
        self._listen()
        self._route(pid)

    def _listen(self) -> None:
        listen = ["-i", "trap1", "-Q", "in", "-nn", "-tttt", "-l", "--immediate-mode"]
        errors = self.directory / "tcpdump.log"
        with self._log.open("wb") as log, errors.open("wb") as err:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, "tcpdump", *listen],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=err,
                start_new_session=True,
            )
        deadline = time.monotonic() + _PATIENCE
        while b"listening on" not in errors.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise TrapError(f"tcpdump does not listen: {errors.read_text(errors='replace').strip()}")
            time.sleep(0.05)

    def _route(self, pid: int) -> None:
        inside = ("nsenter", "-t", str(pid), "-n")
        # Docker switches IPv6 off in a container without network; a real server has it.
        on = {f"net.ipv6.conf.{name}.disable_ipv6": 0 for name in ("all", "default", "lo")}
        quiet = {f"net.ipv6.conf.trap0.{name}": value for name, value in _QUIET.items()}
        _call(*inside, *_sysctl(on | quiet))
        # No IPv4 address is on-link but the gateway's, which need not be asked for, so a neighbour's address
        # leads there too. The link-local address is what a program needs to send to a multicast group (mDNS):
        # without it the kernel would refuse, and the attempt would go unseen.
        for command in (
            f"addr replace {_HOST4}/32 dev trap0",
            f"addr replace {_HOST6}/128 dev lo nodad",
            f"addr replace {_LINK6}/64 dev trap0 nodad",
            "link set trap0 up",
            f"neigh replace {_GATEWAY4} lladdr {_GATEWAY_MAC} dev trap0 nud permanent",
            f"neigh replace {_GATEWAY6} lladdr {_GATEWAY_MAC} dev trap0 nud permanent",
            f"route replace {_GATEWAY4}/32 dev trap0 scope link",
            f"route replace default via {_GATEWAY4} dev trap0 src {_HOST4}",
            f"-6 route replace {_GATEWAY6}/128 dev trap0",
            f"-6 route replace default via {_GATEWAY6} dev trap0 src {_HOST6}",
        ):
            _call(*inside, "ip", *command.split())

    def packets(self) -> tuple[str, ...]:
        """Every attempt so far; an error when the capture holds fewer packets than the interface saw."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            seen = self._seen()
            lines = [line for line in self._lines() if _PACKET.match(line)]
            if len(lines) >= seen:
                return tuple(line for line in lines if not _NOISE.search(line))
            if time.monotonic() > deadline:
                raise TrapError(f"{self._log}: {seen} packets came, {len(lines)} were written down")
            time.sleep(0.1)

    def last_packets(self) -> tuple[str, ...]:
        """`egress` of a host that is off: its end of the trap, with the interface's counter, went with it."""
        lines = [line for line in self._lines() if _PACKET.match(line) and not _NOISE.search(line)]
        return self._others(lines)

    def mark(self) -> None:
        """Count from here on."""
        self._save(marker=len(self.packets()), controls=[])

    def control(self, first: int, last: int) -> None:
        """Note that the packets `first` to `last` (exclusive) were this lab's own attempts."""
        marker, controls = self._load()
        self._save(marker=marker, controls=[*controls, [first, last]])

    def egress(self) -> Egress:
        """Attempts since the marker that were not this lab's own."""
        return Egress(self._others(self.packets()))

    def _others(self, packets: Sequence[str]) -> tuple[str, ...]:
        marker, controls = self._load()
        own = {index for first, last in controls for index in range(first, last)}
        return tuple(line for index, line in enumerate(packets) if index >= marker and index not in own)

    def remove(self) -> None:
        if Path("/run/netns", self.namespace).exists():
            for pid in _ip("netns", "pids", self.namespace).split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGTERM)
            with suppress(TrapError):  # the host may have deleted its end, and with it this one
                _ip("-n", self.namespace, "link", "delete", "trap1")
            _ip("netns", "delete", self.namespace)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _seen(self) -> int:
        links = json.loads(_ip("-n", self.namespace, "-s", "-j", "link", "show", "trap1"))
        return int(links[0]["stats64"]["rx"]["packets"])

    def _lines(self) -> list[str]:
        # A line without its newline is one that tcpdump is still writing.
        return self._log.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]

    def _load(self) -> tuple[int, list[list[int]]]:
        state = json.loads(self._state.read_text(encoding="utf-8"))
        return state["marker"], state["controls"]

    def _save(self, *, marker: int, controls: list[list[int]]) -> None:
        self._state.write_text(json.dumps({"marker": marker, "controls": controls}), encoding="utf-8")


def _call(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise TrapError(f"{shlex.join(command)}: {done.stderr.strip()}")
    return done.stdout


def _ip(*arguments: str) -> str:
    return _call("ip", *arguments)


def _sysctl(values: dict[str, int]) -> list[str]:
    return ["sysctl", "-q", "-w", *(f"{name}={value}" for name, value in values.items())]
