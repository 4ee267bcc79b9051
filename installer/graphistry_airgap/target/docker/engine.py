"""The Docker engine of a host as systemd and the docker command line show it.

A question to the daemon's socket would start the daemon, so nothing here asks
it before systemd says that it runs.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..host import unit_words, waits
from .daemon_json import Root, current_root, running_root

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UNIT = "docker.service"
REFUSED = "host-restart-refused"
NOT_RELOADED = "docker-not-reloaded"
CONTAINERD_ROOT = Path("/var/lib/containerd")
# how dockerd begins the line with which it ends itself
_FATAL = ("failed to start daemon", "unable to configure the Docker daemon")
_FOREIGN = '{{.Names}}\t{{.Label "com.docker.compose.project.working_dir"}}'
_BLOBS = "io.containerd.content.v1.content/blobs/sha256/*"


class Run(Protocol):
    """`AnsibleModule.run_command`, as far as it is used."""

    def __call__(self, args: list[str], /) -> tuple[int, str, str]: ...


class EngineError(Exception):
    """`log` holds the last journal lines of the daemon."""

    def __init__(self, message: str, *, code: str, hint: str, log: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.log = log


@dataclass(frozen=True)
class Engine:
    """`product_root` tells containers of this product from those of others."""

    run: Run
    product_root: str
    pause: Callable[[float], None] = time.sleep

    def active(self) -> bool:
        return self.run(["systemctl", "is-active", "--quiet", UNIT])[0] == 0

    def info(self) -> dict[str, Any] | None:
        """None when the daemon does not answer."""
        code, out, _ = self.run(["docker", "info", "--format", "{{json .}}"])
        if code:
            return None
        answer: dict[str, Any] = json.loads(out)
        # the client prints its half even when the daemon is away
        return answer if answer.get("ID") and not answer.get("ServerErrors") else None

    def wait(self, timeout: float) -> dict[str, Any]:
        """Information of a daemon that was just started; raises when it does not answer in time."""
        with waits.telling(self.waited_for):
            for _ in range(max(1, int(timeout))):
                info = self.info() if self.active() else None
                if info:
                    return info
                self.pause(1)
        raise self.down(f"Docker did not answer within {timeout:.0f} s of its start")

    def start(self, *, restart: bool) -> None:
        """A unit that failed too often must be reset before systemd starts it again."""
        self.run(["systemctl", "reset-failed", UNIT])
        with waits.telling(self.waited_for):
            code, _, error = self.run(["systemctl", "restart" if restart else "start", UNIT])
        if code:
            raise self.down("Docker does not start", error, ended=True)

    def start_quietly(self, wait: float) -> int:
        """Start it and wait for its answer; 0 when it gave one."""
        self.run(["systemctl", "reset-failed", UNIT])
        with waits.telling(self.waited_for):
            if self.run(["systemctl", "restart", UNIT])[0]:
                return 1
            for _ in range(max(1, int(wait))):
                if self.active() and self.info():
                    return 0
                self.pause(1)
        return 1

    def waited_for(self) -> str:
        return unit_words.waited_for(self.run, UNIT)

    def start_again(self, names: list[str]) -> list[str]:
        """Start those of these containers that do not run; those that still do not."""
        for name in sorted(set(names) - set(self.running_containers())):
            self.run(["docker", "start", name])
        return sorted(set(names) - set(self.running_containers()))

    def reload(self) -> None:
        code, _, error = self.run(["systemctl", "reload", UNIT])
        if code:
            raise self.deaf("Docker does not reload its configuration", error)

    def since(self) -> float | None:
        """When the running daemon was started, as seconds of the clock; None where systemd does not say."""
        _, out, _ = self.run(
            ["systemctl", "show", UNIT, "--property=ExecMainStartTimestampMonotonic", "--value"]
        )
        ticks = out.strip()
        if not ticks.isdigit() or ticks == "0":
            return None
        return time.time() - time.monotonic() + int(ticks) / 1_000_000

    def foreign_containers(self) -> list[str]:
        """Names of running containers that no compose project of this product started."""
        code, out, error = self.run(["docker", "ps", "--format", _FOREIGN])
        if code:
            raise self.down("Docker does not list its containers", error)
        foreign = []
        # the label names the directory as it was called, perhaps along a link
        root = os.path.realpath(self.product_root)
        for line in out.splitlines():
            name, _, folder = line.partition("\t")
            if not folder or not (os.path.realpath(folder) + "/").startswith(root + "/"):
                foreign.append(name)
        return sorted(foreign)

    def running_containers(self) -> list[str]:
        """Names of all that run."""
        code, out, error = self.run(["docker", "ps", "--format", "{{.Names}}"])
        if code:
            raise self.down("Docker does not list its containers", error)
        return sorted(out.split())

    def serves_others(self, info: Mapping[str, Any] | None, *, allowed: bool) -> bool:
        """Whether containers of others run: nothing optional is worth a restart then, live-restore or not."""
        return not allowed and info is not None and bool(self.foreign_containers())

    def refuse_restart(self, info: Mapping[str, Any], keys: list[str], *, allowed: bool) -> None:
        """Raise when a restart would stop containers of others and nobody has allowed it."""
        if allowed or info.get("LiveRestoreEnabled"):
            return
        foreign = self.foreign_containers()
        if foreign:
            raise EngineError(
                f"Docker needs a restart for {', '.join(keys)}, and that would stop containers "
                f"which are not of this product: {', '.join(foreign)}",
                code=REFUSED,
                hint="stop these containers, or set docker.allow_restart: true in the site file",
            )

    def deaf(self, message: str, said: str = "") -> EngineError:
        """It runs on, with the settings that it had."""
        log = unit_words.journal(self.run, UNIT)
        return EngineError(
            unit_words.told(message, said, log),
            code=NOT_RELOADED,
            hint=f"Docker runs on as before; see `systemctl cat {UNIT}` (ExecReload) and its journal; "
            "when the cause is mended, run the same install again",
            log=log,
        )

    def down(self, message: str, said: str = "", *, ended: bool = False) -> EngineError:
        """Where dockerd `ended` by itself its last words come first: systemd's beside them name no cause."""
        log = unit_words.journal(self.run, UNIT)
        fatal = [line for line in log.splitlines() if ended and line.startswith(_FATAL)][-1:]
        return EngineError(
            "\n".join([*fatal, unit_words.told(message, said, log)]),
            code="docker-down",
            hint=f"see `journalctl -u {UNIT}`; when the cause is mended, run the same install again",
            log=log,
        )


def inspect_root(config: Mapping[str, Any], info: Mapping[str, Any] | None) -> Root:
    """What lies where Docker keeps its data; `info` is None when no daemon runs."""
    if info:
        return running_root(info)
    root = Path(current_root(config))
    classic = _any(root, "image/*/imagedb/content/sha256/*")
    containerd = not classic and root.is_dir() and _any(CONTAINERD_ROOT, _BLOBS)
    return Root(
        str(root),
        used=classic or containerd or _any(root, "containers/*"),
        store="containerd" if containerd else "classic",
        swarm=(root / "swarm" / "docker-state.json").exists(),
    )


def _any(folder: Path, pattern: str) -> bool:
    return next(folder.glob(pattern), None) is not None
