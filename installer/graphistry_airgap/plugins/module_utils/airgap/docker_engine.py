"""The Docker engine of a host as systemd and the docker command line show it.

A question to the daemon's socket would start the daemon, so nothing here asks
it before systemd says that it runs.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .daemon_config import Root, current_root, running_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UNIT = "docker.service"
CONTAINERD_ROOT = Path("/var/lib/containerd")
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
        for _ in range(max(1, int(timeout))):
            info = self.info() if self.active() else None
            if info:
                return info
            self.pause(1)
        raise self.down(f"Docker did not answer within {timeout:.0f} s of its start")

    def start(self, *, restart: bool) -> None:
        """A unit that failed too often must be reset before systemd starts it again."""
        self.run(["systemctl", "reset-failed", UNIT])
        code, _, error = self.run(["systemctl", "restart" if restart else "start", UNIT])
        if code:
            raise self.down(
                f"Docker does not start: {error.strip().splitlines()[-1] if error.strip() else code}"
            )

    def reload(self) -> None:
        code, _, error = self.run(["systemctl", "reload", UNIT])
        if code:
            raise self.down(f"Docker does not reload its configuration: {error.strip()}")

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
            raise self.down(f"Docker does not list its containers: {error.strip()}")
        foreign = []
        for line in out.splitlines():
            name, _, folder = line.partition("\t")
            if folder != self.product_root and not folder.startswith(self.product_root + "/"):
                foreign.append(name)
        return sorted(foreign)

    def refuse_restart(self, info: Mapping[str, Any], keys: list[str], *, allowed: bool) -> None:
        """Raise when a restart would stop containers of others and nobody has allowed it."""
        if allowed or info.get("LiveRestoreEnabled"):
            return
        foreign = self.foreign_containers()
        if foreign:
            raise EngineError(
                f"Docker needs a restart for {', '.join(keys)}, and that would stop containers "
                f"which are not of this product: {', '.join(foreign)}",
                code="host-restart-refused",
                hint="stop these containers, or set docker.allow_restart: true in the site file",
            )

    def down(self, message: str) -> EngineError:
        _, out, _ = self.run(["journalctl", "--unit", UNIT, "--lines", "20", "--no-pager", "--output", "cat"])
        log = out.strip()
        return EngineError(
            f"{message}\nlast lines of its journal:\n{log}" if log else message,
            code="docker-down",
            hint=f"see `journalctl -u {UNIT}`; when the cause is mended, run the same install again",
            log=log,
        )


def inspect_root(config: Mapping[str, Any], info: Mapping[str, Any] | None) -> Root:
    """What lies where Docker keeps its data; `info` is None when no daemon runs."""
    if info:
        used = bool(info.get("Images") or info.get("Containers"))
        swarm = (info.get("Swarm") or {}).get("LocalNodeState") == "active"
        return Root(str(info["DockerRootDir"]), used=used, store=running_store(info), swarm=swarm)
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
