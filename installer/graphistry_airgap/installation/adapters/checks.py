"""Run the post-install tests (pytest-testinfra) in a process of their own."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from graphistry_airgap.checks.ladder import report
from graphistry_airgap.content import PACKAGE
from graphistry_airgap.core import places
from graphistry_airgap.core.adapters.files import write_atomic
from graphistry_airgap.core.adapters.process import beside, own_python
from graphistry_airgap.core.errors import StageError
from graphistry_airgap.installation.adapters import ssh
from graphistry_airgap.installation.adapters.waiting import Waiting, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from graphistry_airgap.core.adapters.process import Outcome
    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.installation.fleet.inventory import InventoryHost

_CUT = "full report in element text]"


@contextmanager
def begun_checks(
    facts: dict[str, Any], *, host: InventoryHost, progress: Progress
) -> Iterator[Callable[[], dict[str, Any]]]:
    """Run `checks/` against a host, beside what the block does; the function that it gets waits for them.

    Then `verify.xml` (JUnit) and `verify.json` lie among the tool's reports.  Tests that nobody waits for are
    ended with the block, and the reports are those of the run before.
    """
    reports = places.REPORTS if host.local else places.REPORTS / host.name
    reports.mkdir(mode=0o700, parents=True, exist_ok=True)
    given = reports / "verify-input.json"
    write_atomic(given, json.dumps(facts), mode=0o600)
    written = reports / "verify-running.xml"
    written.unlink(missing_ok=True)
    waits = reports / "verify-waits"
    with (
        _gone_afterwards(waits),
        _connection(host) as connection,
        beside(
            [
                *(*own_python(), "-m", "pytest", "-q", "-p", "no:cacheprovider", *connection),
                *(f"--rootdir={PACKAGE / 'checks'}", f"--junitxml={written}", str(PACKAGE / "checks")),
            ],
            cwd=PACKAGE / "checks",
            env={"GRAPHISTRY_AIRGAP_CHECKS": str(given), "AIRGAP_WAITS": str(waits)},
            timeout=900,
        ) as outcome,
    ):

        def result() -> dict[str, Any]:
            with watched(Waiting(progress, waits), "the post-install tests"):
                ended = outcome()
            return _kept(ended, written, reports, _url(host))

        yield result


@contextmanager
def _gone_afterwards(path: Path) -> Iterator[None]:
    """Tests that are ended before anybody waits for them have said already what they wait for."""
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _kept(ended: Outcome, written: Path, reports: Path, url: str) -> dict[str, Any]:
    """The summary of what the tests wrote, which takes the place of the run's before."""
    if not written.exists():
        raise StageError(
            ended.refusal("the post-install tests did not run"),
            code="checks-broken",
            hint="run install.sh of the bundle again; it makes the runtime anew",
        )
    junit = written.replace(reports / "verify.xml")
    summary = summarise(junit.read_text(encoding="utf-8"), connection=url)
    write_atomic(reports / "verify.json", json.dumps(summary, indent=2) + "\n", mode=0o600)
    return {**summary, "junit": str(junit)}


def _url(host: InventoryHost) -> str:
    """As testinfra names the host, also in each test's name."""
    if host.local:
        return "local://"
    port = f":{host.connection['ansible_port']}" if "ansible_port" in host.connection else ""
    address = f"[{host.address}]" if ":" in host.address else host.address
    return f"ssh://root@{address}{port}"


@contextmanager
def _connection(host: InventoryHost) -> Iterator[list[str]]:
    if host.local:
        yield [f"--hosts={_url(host)}"]
        return
    key = host.connection.get("ansible_ssh_private_key_file")
    with ssh.shared() as arguments:
        yield [
            f"--hosts={_url(host)}",
            f"--ssh-extra-args={arguments}",
            *([f"--ssh-identity-file={key}"] if key else []),
        ]


def summarise(junit: str, *, connection: str = "local://") -> dict[str, Any]:
    """Counts, the GPU rungs and one row per test from a JUnit text that pytest wrote."""
    identity = connection.removeprefix("local://") or "local"
    tests = []
    for case in ElementTree.fromstring(junit).iter("testcase"):  # noqa: S314 - written by our own pytest
        problem = next((child for child in case if child.tag in {"failure", "error"}), None)
        skip = next((child for child in case if child.tag == "skipped"), None)
        outcome = "failed" if problem is not None else "skipped" if skip is not None else "passed"
        row = {"test": _test_name(str(case.get("name")), identity), "outcome": outcome}
        told = {str(one.get("name")): str(one.get("value")) for one in case.iter("property")}
        said = problem if problem is not None else skip
        if "reason" in told:
            row["message"] = told["reason"]
        elif said is not None:
            row["message"] = _own_words(_whole(str(said.get("message") or ""), said.text or ""))
        if "hint" in told:
            row["hint"] = told["hint"]
        tests.append(row)
    count = {name: sum(t["outcome"] == name for t in tests) for name in ("passed", "failed", "skipped")}
    return {**count, "rungs": report(tests), "tests": sorted(tests, key=lambda row: row["test"])}


def _test_name(name: str, identity: str) -> str:
    """Without the host, which testinfra makes a parameter of each test."""
    return name.replace(f"[{identity}]", "").replace(f"[{identity}-", "[local-")


def _whole(message: str, text: str) -> str:
    """pytest cuts a long message; what it was stands in the element's text, in lines that begin with E."""
    if message and _CUT not in message:
        return message
    lines = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return "\n".join(lines) or text


def _own_words(message: str) -> str:
    """Without what pytest adds: the exception's name before, and what an assertion was made of after."""
    message = message.removeprefix("AssertionError: ").removeprefix("Failed: ")
    return message.rpartition("\nassert ")[0] or message
