"""`verify`: what the post-install tests found, as a result."""

from contextlib import nullcontext

from graphistry_airgap.cli.progress import Silent
from graphistry_airgap.installation.fleet.inventory import THIS_MACHINE
from graphistry_airgap.installation.request import Decided
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

    def checks(facts, *, host):
        asked.append((facts["root"], host))
        return nullcontext(lambda: summary)

    result = Verify(checks, Silent()).run(Decided([target()]))
    assert asked == [(target().site.root, THIS_MACHINE)]
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
