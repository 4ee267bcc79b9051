"""Sealed hosts: Debian with systemd as PID 1 and its own Docker, in a container that has no network.

What a host tries to send is caught and counted by its trap (`egress_trap.py`).  Used as a module by the
demo, the tests and molecule, and by hand:  `python -m lab.hosts.sealed_host start NAME`,
`exec NAME -- COMMAND`, `stop NAME`.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.hosts.egress_trap import NAME_SERVER, Egress, EgressTrap, TrapError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

IMAGE = "airgap-lab/debian-13"
VOLUMES = {"docker": "/var/lib/docker", "containerd": "/var/lib/containerd"}
BOOT_PATIENCE = 180.0
POWER_PATIENCE = 120.0

# Addresses for documentation (RFC 5737, RFC 3849) and a reserved name (RFC 2606).
_FAR4, _FAR6, _FAR_NAME = "198.51.100.7", "2001:db8:ffff::7", "control.example"
_INNER_CONTROL = r"""
set -eu
docker info >/dev/null 2>&1 || exit 69
trap 'docker rm -f airgap-control; docker image rm airgap-control' EXIT
tar -chf - /usr/bin/bash $(ldd /usr/bin/bash | grep -o '/[^ ]*') 2>/dev/null | docker import - airgap-control
docker run -d --name airgap-control airgap-control /usr/bin/bash -c 'exec 3<>/dev/tcp/198.51.100.7/443'
sleep 5
"""
_NO_DOCKER = 69


@dataclass(frozen=True)
class Result:
    """What a command on the host answered."""

    rc: int
    stdout: str
    stderr: str


class SealedHost:
    """One throw-away host; the container, its volumes and its trap carry its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.trap = EgressTrap(name)
        self._before: tuple[str, ...] = ()

    def __enter__(self) -> SealedHost:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self,
        *,
        image: str = IMAGE,
        mounts: Sequence[str] = (),
        drop: Sequence[str] = (),
        tmp: str = "exec",
        seccomp: str = "unconfined",
    ) -> None:
        """Boot the host with its trap; `mounts` are Docker's `SOURCE:TARGET[:ro]`, `drop` capabilities.

        `tmp` are options of the mount at /tmp, `seccomp` a file with a filter for all of the host.
        """
        command = ["docker", "run", "-d", "--name", self.name, "--hostname", self.name]
        command += [
            "--network",
            "none",
            "--dns",
            NAME_SERVER,
            "--cap-add",
            "ALL",
        ]
        for capability in ("SYS_RESOURCE", *drop):
            command += ["--cap-drop", capability]
        for option in (f"seccomp={seccomp}", "apparmor=unconfined", "systempaths=unconfined"):
            command += ["--security-opt", option]
        command += ["--tmpfs", "/run", "--tmpfs", f"/tmp:{tmp},mode=1777"]  # noqa: S108  (the host's own)
        command += ["--cgroupns", "host", "-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw"]
        for volume, path in VOLUMES.items():
            command += ["-v", f"{self.name}-{volume}:{path}"]
        for mount in mounts:
            command += ["-v", mount]
        docker(*command[1:], image, "/sbin/init", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1")
        try:
            self.lay_trap()
            self._await_boot()
        except BaseException:
            self.stop()
            raise

    def lay_trap(self) -> None:
        """Lay the trap; again after the container was restarted, which gave it a new network namespace."""
        self.trap.lay(int(docker("inspect", "-f", "{{.State.Pid}}", self.name)))

    def _await_boot(self) -> None:
        deadline = time.monotonic() + BOOT_PATIENCE
        while True:
            state = self.exec(["systemctl", "is-system-running"])
            if state.stdout.strip() in ("running", "degraded"):
                return
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{self.name} does not boot: {state.stdout.strip()} {state.stderr.strip()}"
                )
            time.sleep(0.2)

    def restart(self) -> None:
        """A reboot that somebody else asks for; returns when the host is up again."""
        self.exec(["systemctl", "reboot"])  # it may be ended by what it asks for
        self.await_reboot()

    def power_off(self) -> None:
        """An orderly shutdown; the container and its volumes stay."""
        self.exec(["systemctl", "poweroff"])
        self._await_off(POWER_PATIENCE)

    def power_cut(self) -> None:
        """Off without a warning, and on again."""
        docker("kill", self.name)
        self._power_on()

    def await_reboot(self, *, timeout: float = POWER_PATIENCE) -> None:
        """Wait until the host turns itself off for a reboot, and bring it up again."""
        self._await_off(timeout)
        self._power_on()

    def _await_off(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while self._running():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} has not turned itself off within {timeout:.0f} s")
            time.sleep(0.5)

    def _power_on(self) -> None:
        self._before += self.trap.last_packets()
        docker("start", self.name)
        self.lay_trap()
        self._await_boot()

    def _running(self) -> bool:
        return docker("inspect", "-f", "{{.State.Running}}", self.name) == "true"

    def exec(
        self,
        command: Sequence[str],
        *,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: int | None = None,
    ) -> Result:
        """Run a command as root on the host; past `timeout` seconds it is ended there (rc 124)."""
        done = subprocess.run(
            [*self._exec_prefix(command, env=env, timeout=timeout, interactive=stdin is not None)],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
        )
        return Result(
            done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        )

    def attach(self, command: Sequence[str], *, terminal: bool = False) -> int:
        """Run a command whose output goes straight to ours; only its exit status comes back."""
        prefix = self._exec_prefix(command, interactive=True, terminal=terminal)
        return subprocess.run(prefix, check=False).returncode

    def _exec_prefix(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        timeout: int | None = None,
        interactive: bool = False,
        terminal: bool = False,
    ) -> list[str]:
        options = ["-i"] * interactive + ["-t"] * terminal
        for name, value in (env or {}).items():
            options += ["-e", f"{name}={value}"]
        limit = [] if timeout is None else ["timeout", "-k", "10", str(timeout)]
        return ["docker", "exec", *options, self.name, *limit, *command]

    def require(
        self, command: Sequence[str], *, stdin: bytes | None = None, timeout: int | None = None
    ) -> str:
        """Like `exec`, but a failure is an error; returns stdout."""
        result = self.exec(command, stdin=stdin, timeout=timeout)
        if result.rc != 0:
            raise RuntimeError(
                f"{self.name}: {shlex.join(command)}: exit {result.rc}: {result.stderr.strip()}"
            )
        return result.stdout

    def put(self, content: bytes | Path, path: str, *, mode: int = 0o644) -> None:
        """Write a file on the host (its directory is made); a `Path` gives that file's content."""
        data = content.read_bytes() if isinstance(content, Path) else content
        script = 'mkdir -p "$(dirname "$1")" && umask 077 && cat >"$1" && chmod "$2" "$1"'
        self.require(["sh", "-c", script, "put", path, f"{mode:o}"], stdin=data)

    def read(self, path: str) -> bytes:
        done = subprocess.run(["docker", "exec", self.name, "cat", path], capture_output=True, check=False)
        if done.returncode != 0:
            raise FileNotFoundError(f"{self.name}:{path}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def mark(self) -> None:
        """`egress` counts from here on."""
        self._before = ()
        self.trap.mark()

    def egress(self) -> Egress:
        """What tried to leave since the mark, over all boots."""
        return Egress(self._before + self.trap.egress().packets)

    def controls(self) -> dict[str, int | None]:
        """Try to leave on purpose and say how many packets each way counted: a 0 means a blind trap.

        `address` tries IPv4 and IPv6 and is 0 if either went unseen; `container` is None without Docker.
        """
        both = [self._attempt(["bash", "-c", f"exec 3<>/dev/tcp/{far}/443"])[1] for far in (_FAR4, _FAR6)]
        name = self._attempt(["getent", "ahosts", _FAR_NAME])[1]
        rc, container = self._attempt(["sh", "-c", _INNER_CONTROL], limit=60)
        return {
            "address": sum(both) if all(both) else 0,
            "name": name,
            "container": None if rc == _NO_DOCKER else container,
        }

    def _attempt(self, command: Sequence[str], *, limit: int = 4) -> tuple[int, int]:
        before = len(self.trap.packets())
        rc = self.exec(command, timeout=limit).rc
        after = len(self.trap.packets())
        self.trap.control(before, after)
        return rc, after - before

    def stop(self) -> None:
        """Remove the container, its volumes, its trap and the control groups of its inner containers."""
        inner = self.exec(["ls", "/var/lib/docker/containers"]).stdout.split()
        for command in (
            ["rm", "-f", "-v", self.name],
            ["volume", "rm", "-f", *(f"{self.name}-{volume}" for volume in VOLUMES)],
        ):
            subprocess.run(["docker", *command], capture_output=True, check=False)
        self.trap.remove()
        # The machine's control groups are the host's too, and only the host's dockerd would remove these.
        for identity in inner:
            for group in sorted(Path("/sys/fs/cgroup").glob(f"*/docker/{identity}")):
                with suppress(OSError):
                    group.rmdir()


def docker(*arguments: str, check: bool = True) -> str:
    """What Docker printed; a failure is a RuntimeError with its last words unless `check` is off."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip()
        raise RuntimeError(f"docker {arguments[0]}: {said[-2000:]}")
    return done.stdout.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab.hosts.sealed_host", description="Throw-away sealed hosts.")
    commands = parser.add_subparsers(dest="action", required=True)
    for action, text in (
        ("start", "boot a host with its trap"),
        ("exec", "run a command on it"),
        ("trap", "lay the trap again, after a restart of the container"),
        ("egress", "print the packets that tried to leave; exit 1 if there are any"),
        ("controls", "try to leave on purpose; exit 1 if an attempt went unseen"),
        ("stop", "remove it with all that belongs to it"),
    ):
        command = commands.add_parser(action, help=text)
        command.add_argument("name")
        if action == "start":
            command.add_argument("--image", default=IMAGE)
            command.add_argument("--mount", action="append", default=[], metavar="SOURCE:TARGET[:ro]")
        if action == "exec":
            command.add_argument("command", nargs=argparse.REMAINDER)
    return parser


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    host = SealedHost(options.name)
    match options.action:
        case "start":
            host.start(image=options.image, mounts=options.mount)
        case "exec":
            command = options.command[1:] if options.command[:1] == ["--"] else options.command
            return host.attach(command, terminal=sys.stdin.isatty() and sys.stdout.isatty())
        case "trap":
            host.lay_trap()
        case "egress":
            egress = host.egress()
            print(*egress.packets, f"egress packets: {egress.count}", sep="\n")
            return 1 if egress.count else 0
        case "controls":
            seen = host.controls()
            print(json.dumps(seen))
            return 1 if 0 in seen.values() else 0
        case "stop":
            host.stop()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (RuntimeError, TrapError) as problem:
        print(f"sealed_host: {problem}", file=sys.stderr)
        sys.exit(1)
