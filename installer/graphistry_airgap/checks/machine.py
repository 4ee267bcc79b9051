"""The host as the checks ask it: over testinfra's connection, which may lead to another machine."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from graphistry_airgap.target.envfile import context as env_context
from graphistry_airgap.target.host import refusal
from graphistry_airgap.target.host.machine import Host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def ask(host: Any, command: str) -> str:
    """What a program says; where it refuses, the check fails with its words, whole."""
    done = host.run(command)
    if done.rc:
        said = refusal.words(done.stdout, done.stderr)
        pytest.fail(said or f"`{command}` ends with status {done.rc} and says nothing", pytrace=False)
    return str(done.stdout).rstrip("\r\n")


@dataclass(frozen=True)
class Machine(Host):
    """A host whose programs and text files are asked over testinfra's connection."""

    connection: Any = None

    @classmethod
    def over(cls, connection: Any) -> Machine:
        def run(argv: Sequence[str], _: Mapping[str, str]) -> tuple[int, str, str]:
            done = connection.run(shlex.join(argv))
            return done.rc, done.stdout, done.stderr

        return cls(run=run, connection=connection)

    def text(self, name: str) -> str | None:
        file = self.connection.file(name)
        return file.content.decode(errors="replace") if file.exists else None

    def names(self, folder: str) -> list[str]:
        return sorted(self.connection.file(folder).listdir()) if self.connection.file(folder).exists else []


def machine_of(connection: Any) -> Host:
    """The tool's own machine is read as it is: a program for each of hundreds of files takes long."""
    over = Machine.over(connection)
    return Host(over.run) if connection.backend.get_connection_type() == "local" else over


def env_paths(release: str) -> dict[str, str]:
    """Where the env files of a release lie, by kind."""
    return {
        kind: f"{release}/{kind}" if kind == env_context.DEFAULTS else f"{release}/data/config/{kind}"
        for kind in env_context.ORDER
    }


def env_files(host: Any, facts: dict[str, Any]) -> env_context.Context:
    """The env files of the release as Compose reads them.

    An assertion must not name their values: pytest shows what an expression is made of, and that report is
    kept on the host and printed.
    """
    files = {kind: host.file(path) for kind, path in env_paths(facts["release_directory"]).items()}
    return env_context.read_context({kind: file.content for kind, file in files.items() if file.is_file})
