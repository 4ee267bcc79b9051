"""A release as its own wrapper and Docker show it; nothing here starts or stops anything but `run`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..host import refusal
from . import compose, recreate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Run(Protocol):
    """`AnsibleModule.run_command`, as far as it is used."""

    def __call__(self, args: list[str], /, *, cwd: str = ..., data: str = ...) -> tuple[int, str, str]: ...


class UnreadableError(Exception):
    """The release, or Docker about it, gives no answer."""

    def __init__(self, what: str, out: str, error: str) -> None:
        super().__init__(refusal.told(what, refusal.words(out, error)))


class Wrapper:
    """One release; every call goes through its wrapper, which adds context that plain compose lacks."""

    def __init__(self, run: Run, directory: str) -> None:
        self._run = run
        self.directory = directory

    def run(self, *words: str, limit: float = 60) -> tuple[int, str, str]:
        # no module drives a vendor's wrapper; `timeout` because a wrapper that hangs would hang the run
        command = ["timeout", "--kill-after=10", f"{max(1, int(limit))}", "./graphistry", *words]
        code, out, error = self._run(command, cwd=self.directory)
        return code, out, error

    def ask(self, *words: str) -> list[str]:
        code, out, error = self.run(*words)
        if code:
            raise UnreadableError(f"the release does not answer `./graphistry {' '.join(words)}`", out, error)
        lines = {line.strip() for line in out.splitlines()}
        return sorted(lines - {""})

    def configuration(self) -> dict[str, Any]:
        """What the release's Compose files mean, as Compose itself reads them."""
        code, out, error = self.run("config", "--format", "json")
        if code:
            raise UnreadableError("the release does not say what it means", out, error)
        meant: dict[str, Any] = json.loads(out)
        return meant

    def containers(self) -> list[compose.Container]:
        code, out, error = self.run("ps", "--all", "--format", "json")
        if code:
            raise UnreadableError("the release does not list its containers", out, error)
        return compose.read_ps(out)

    def inspect(self, kind: str, names: Iterable[str]) -> list[dict[str, Any]]:
        """What Docker knows of those that exist."""
        listed = sorted(names)
        if not listed:
            return []
        _, out, _ = self._run(["docker", "inspect", "--type", kind, *listed])
        found: list[dict[str, Any]] = json.loads(out or "[]")
        return found

    def drift(
        self,
        containers: Iterable[compose.Container],
        *,
        readers: Mapping[str, list[str]],
        protected: Iterable[str],
    ) -> recreate.Drift:
        """What each container of the release was made with, against what the release's files now mean."""
        inspected = self.inspect("container", [container.identity for container in containers])
        if not inspected:
            return recreate.Drift()
        config = self.configuration()
        images = self.inspect("image", {one["Image"] for one in inspected})
        environments = {one["Id"]: recreate.pairs(one["Config"].get("Env")) for one in images}
        made = [recreate.container(one, environments) for one in inspected]
        found = recreate.drift(
            made, config["services"], readers=recreate.Readers(readers), protected=protected
        )
        found.shapes.update(self._otherwise_changed(config, made, found))
        for service in found.shapes:
            if service in found.kept:
                found.anew[service] = found.kept.pop(service)
            elif service not in found.anew:
                found.reshaped.append(service)
        return found

    def outdated(
        self,
        services: Iterable[str],
        containers: Iterable[compose.Container],
        reread: Mapping[str, list[str]],
    ) -> list[str]:
        """Running services that started before a file which they read only at their start."""
        found = []
        for container in containers:
            names = reread.get(container.service, [])
            if container.service not in services or container.state != "running" or not names:
                continue
            started = compose.started_at(
                self.inspect("container", [container.identity])[0]["State"]["StartedAt"]
            )
            files = [Path(self.directory) / name for name in names]
            if any(file.exists() and file.stat().st_mtime > started for file in files):
                found.append(container.service)
        return found

    def health_log(self, identity: str) -> str:
        found = self.inspect("container", [identity])
        log = (found[0]["State"].get("Health") or {}).get("Log") or [] if found else []
        return str(log[-1].get("Output", "")).strip() if log else ""

    def _otherwise_changed(
        self, config: dict[str, Any], made: list[recreate.Container], found: recreate.Drift
    ) -> dict[str, recreate.Shapes]:
        """Compose's own arithmetic, on a file that holds everything: no wrapper has a say in it."""
        command = ["docker", "compose", "--env-file", "/dev/null", "-f", "-", "config", "--hash", "*"]
        document = json.dumps(recreate.as_made(config, made, found.kept))
        code, out, error = self._run(command, data=document, cwd="/")
        if code:
            raise UnreadableError("Docker Compose does not read its own configuration", out, error)
        names = {service: str(given.get("image", "")) for service, given in config["services"].items()}
        known = {
            name: one["Id"]
            for one in self.inspect("image", set(names.values()))
            for name in one.get("RepoTags") or []
        }
        images = {service: known[name] for service, name in names.items() if name in known}
        found.imageless.update(
            {
                service: name
                for service, name in names.items()
                # a name with a registry or a digest may stand under another form
                if name and name not in known and not self.inspect("image", [name])
            }
        )
        return recreate.otherwise_changed(made, recreate.read_hashes(out), images)
