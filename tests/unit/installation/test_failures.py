"""A failed task as an error: what a stage sees of the host ends like preflight's finding of the same."""

import pytest

from graphistry_airgap.installation.failures import failure_of
from graphistry_airgap.installation.recap import Failure


def failure(stage="docker", **said):
    return failure_of(Failure.from_result(stage, "Do it", {"msg": "no", **said}))


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("host-restart-refused", 3),
        ("host-weak-secret", 3),
        ("host-package-held", 3),
        ("bundle-file-changed", 4),
        ("bundle-damaged", 4),
        ("bundle-package-signature", 4),
        ("docker-down", 1),
        ("reboot-required", 10),
    ],
)
def test_the_code_decides_the_exit(code, exit_code):
    error = failure(code=code, hint="do this")
    assert (error.exit_code, error.code) == (exit_code, code)


@pytest.mark.parametrize(
    ("codes", "exit_code"),
    [
        (["port-taken"], 3),
        (["bundle-package-signature"], 4),
        # trust in the bundle is decided before what the host lacks
        (["port-taken", "bundle-package-signature"], 4),
    ],
)
def test_the_codes_of_findings_decide_the_exit(codes, exit_code):
    found = [{"severity": "error", "code": code, "message": code} for code in codes]
    error = failure("preflight", findings=found)
    assert error.worst == exit_code
    assert [one.code for one in error.errors] == codes


def test_without_a_code_the_stage_failed():
    assert (failure().exit_code, failure().code) == (1, "stage-failed")


def test_details_reach_the_envelope_but_never_replace_stage_and_task():
    error = failure(code="disk-full", details={"needed": 5, "stage": "other"}, log="tail")
    assert error.details == {"needed": 5, "log": "tail", "stage": "docker", "task": "Do it"}


def test_details_that_are_no_mapping_do_no_harm():
    assert failure(details="text").details == {"stage": "docker", "task": "Do it"}


def test_a_reason_for_a_reboot_comes_alone():
    assert failure("driver", code="reboot-required").message == "no"


def test_a_medium_that_changes_under_preflight_is_about_the_bundle():
    assert failure("preflight", code="bundle-file-changed").exit_code == 4
