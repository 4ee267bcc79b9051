"""Rows about words: what Docker, systemd and health checks say, as the operator reads it."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

from graphistry_airgap.cli.progress import Lines
from graphistry_airgap.cli.render import render
from graphistry_airgap.core import remarks
from graphistry_airgap.core.errors import HostError
from graphistry_airgap.core.result import Result, failed
from graphistry_airgap.installation.failures import failure_of
from graphistry_airgap.installation.recap import Failure
from graphistry_airgap.target.stack import refusal as compose_refusal
from tests.kit.faults.host_faults import content
from tests.kit.hosts.demo_hosts import INSTALLED_TOOL, tool
from tests.kit.hosts.services_stage import services_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lab.hosts.sealed_host import SealedHost

OVERRIDE = "/var/graphistry/current/docker-compose.override.yml"


def said(text: str) -> dict[str, Any]:
    """What is taken from Compose's output, and the way out."""
    words = compose_refusal.refused(text)
    first = words.partition("\n")[0]
    return {"text": words, "data": {"words": words, "first": first, "way": compose_refusal.way_out(words)}}


def finding(**given: Any) -> dict[str, Any]:
    """A finding that a module brought, as text."""
    return {"text": "\n".join(remarks.lines([given]))}


def _shown(result: Result) -> str:
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        render("install", result, as_json=False)
    return out.getvalue()


def error(length: int = 0, **details: Any) -> dict[str, Any]:
    """An error of a host as text; `length` characters of it were found."""
    given = {**details, **({"found": "x" * length + "|end"} if length else {})}
    result = failed(HostError("it does not fit", code="no-fit", hint="do this", details=given))
    return {"exit": int(result.exit_code), "text": _shown(result)}


def stderr_of_a_task(words: str, times: int) -> dict[str, Any]:
    """A task that failed with a long stderr."""
    said_there = f"{words}\n" + "detail\n" * times
    failure = Failure.from_result("docker", "Start", {"msg": "it ended with 1", "stderr": said_there})
    result = failed(failure_of(failure))
    return {"exit": int(result.exit_code), "text": _shown(result)}


def waits(seconds: Sequence[float]) -> dict[str, Any]:
    """What a log without a terminal gets of a wait."""
    out = io.StringIO()
    progress = Lines()
    progress.stage("services")
    with redirect_stderr(out):
        for each in seconds:
            progress.wait("service nexus: running, health: starting", each, again=True)
    return {"text": out.getvalue()}


@contextmanager
def _commands(host: SealedHost, before: str, after: str) -> Iterator[None]:
    host.require(["sh", "-c", before or "true"])
    try:
        yield
    finally:
        host.exec(["sh", "-c", after or "true"])


def caddy(
    host: SealedHost, *, override: dict[str, Any], before: str = "", after: str = "", timeout: int = 120
) -> dict[str, Any]:
    """The services stage with a caddy that has to be made, in a situation that is undone again."""
    again = ["sh", "-c", "cd /var/graphistry/current && sh ./graphistry up -d --wait --no-deps caddy"]
    with ExitStack() as stack:
        stack.callback(host.exec, again)
        stack.callback(host.exec, ["docker", "rm", "-f", "graphistry-caddy-1"])
        stack.enter_context(_commands(host, before, after))
        stack.enter_context(content(host, OVERRIDE, json.dumps(override).encode()))
        host.exec(["docker", "rm", "-f", "graphistry-caddy-1"])
        document, stderr = services_stage(host, graphistry_services_timeout=timeout)
    return {
        "exit": document["exit_code"],
        "codes": _codes(document),
        "text": stderr,
        "data": {"waits": any(line["event"] == "wait" for line in document["logged"])},
    }


UNIT_FILE = "/etc/systemd/system/graphistry.service.d/row.conf"


def unit(host: SealedHost, says: str) -> dict[str, Any]:
    """The services stage where Graphistry's own unit says this and ends with 1."""
    ends = f"[Service]\nExecStart=\nExecStart=/bin/sh -c 'echo {says}; exit 1'\nExecStop=\n"
    undone = "systemctl daemon-reload; systemctl reset-failed graphistry; systemctl start graphistry"
    with ExitStack() as stack:
        stack.callback(host.exec, ["sh", "-c", undone])
        stack.enter_context(content(host, UNIT_FILE, ends.encode()))
        host.require(["sh", "-c", "systemctl daemon-reload; systemctl stop graphistry"])
        document, stderr = services_stage(host)
    return {"exit": document["exit_code"], "codes": _codes(document), "text": stderr}


def _codes(document: dict[str, Any]) -> list[str]:
    return [one["code"] for one in document["errors"]]


def docker_away(host: SealedHost, command: str) -> dict[str, Any]:
    """A command of the tool on an installed host whose Docker was stopped."""
    host.require(["systemctl", "stop", "docker.socket", "docker.service"])
    _, document = tool(host, command)
    shown = host.exec([INSTALLED_TOOL, command])
    said = [one["message"].partition("\nfailed: ")[0] for one in document["errors"]]
    return {
        "exit": document["exit_code"],
        "codes": _codes(document),
        "text": shown.stdout + shown.stderr,
        "data": {"told_twice": sorted({words for words in said if said.count(words) > 1})},
    }


RUNS: dict[str, Callable[..., dict[str, Any]]] = {
    "said": said,
    "finding": finding,
    "error": error,
    "stderr_of_a_task": stderr_of_a_task,
    "waits": waits,
    "caddy": caddy,
    "unit": unit,
    "docker_away": docker_away,
}
