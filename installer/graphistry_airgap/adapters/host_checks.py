"""Run the post-install tests (pytest-testinfra) in a process of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from graphistry_airgap.adapters.files import write_atomic
from graphistry_airgap.adapters.process import own_python, run
from graphistry_airgap.content import PACKAGE
from graphistry_airgap.domain.errors import StageError
from graphistry_airgap.domain.rungs import report

if TYPE_CHECKING:
    from pathlib import Path


def run_checks(facts: dict[str, Any], *, reports: Path) -> dict[str, Any]:
    """Run `checks/` against this host; writes `verify.xml` (JUnit) and `verify.json` under `reports`."""
    reports.mkdir(mode=0o700, parents=True, exist_ok=True)
    junit = reports / "verify.xml"
    given = reports / "verify-input.json"
    write_atomic(given, json.dumps(facts), mode=0o600)
    junit.unlink(missing_ok=True)
    outcome = run(
        [
            *(*own_python(), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hosts=local://"),
            *(f"--rootdir={PACKAGE / 'checks'}", f"--junitxml={junit}", str(PACKAGE / "checks")),
        ],
        cwd=PACKAGE / "checks",
        env={"GRAPHISTRY_AIRGAP_CHECKS": str(given)},
        timeout=900,
    )
    if not junit.exists():
        raise StageError(
            f"the post-install tests did not run: {outcome.tail()}",
            code="checks-broken",
            hint="run install.sh of the bundle again; it makes the runtime anew",
        )
    summary = summarise(junit.read_text(encoding="utf-8"))
    write_atomic(reports / "verify.json", json.dumps(summary, indent=2) + "\n", mode=0o600)
    return {**summary, "junit": str(junit)}


def summarise(junit: str) -> dict[str, Any]:
    """Counts, the GPU rungs and one row per test from a JUnit text that pytest wrote."""
    tests = []
    for case in ElementTree.fromstring(junit).iter("testcase"):  # noqa: S314 - written by our own pytest
        problem = next((child for child in case if child.tag in {"failure", "error"}), None)
        skip = next((child for child in case if child.tag == "skipped"), None)
        outcome = "failed" if problem is not None else "skipped" if skip is not None else "passed"
        row = {"test": str(case.get("name")).replace("[local]", ""), "outcome": outcome}
        said = problem if problem is not None else skip
        if said is not None:
            row["message"] = str(said.get("message") or said.text or "")[:2000]
        elif (told := case.find("properties/property[@name='reason']")) is not None:
            row["message"] = str(told.get("value"))
        tests.append(row)
    count = {name: sum(t["outcome"] == name for t in tests) for name in ("passed", "failed", "skipped")}
    return {**count, "rungs": report(tests), "tests": sorted(tests, key=lambda row: row["test"])}
