"""`verify`: what the post-install tests found, as a result."""

from pathlib import Path

from graphistry_airgap.cli.progress import Silent
from graphistry_airgap.installation.verify import Verify
from tests.kit.fakes.resume_world import target

PASSED = {
    "passed": 7,
    "failed": 0,
    "skipped": 2,
    "junit": "/r/verify.xml",
    "rungs": [],
    "tests": [],
}


def verified(summary):
    asked = []

    def checks(facts, *, reports):
        asked.append((facts["root"], reports))
        return summary

    result = Verify(checks, Silent()).run(target(), reports=Path("/r"))
    assert asked == [(target().site.root, Path("/r"))]
    return result


def test_what_passed_is_counted_and_its_report_named():
    result = verified(PASSED)
    assert (result.exit_code, result.data) == (0, PASSED)
    assert result.messages == ["7 checks passed, 2 not applicable.", "JUnit: /r/verify.xml"]


def test_a_failed_check_is_exit_1_with_all_that_was_found():
    row = {"test": "test_caddy", "outcome": "failed", "message": "no answer", "hint": "look at its log"}
    result = verified({**PASSED, "failed": 1, "tests": [row]})
    assert (result.exit_code, result.errors[0].code) == (1, "check-failed")
    assert result.errors[0].hint == "look at its log"
    assert result.data["failed"] == 1
