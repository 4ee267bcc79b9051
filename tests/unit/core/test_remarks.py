"""What JSON says of a finding stands in the text, and a task's own words are findings."""

from graphistry_airgap.core import remarks
from graphistry_airgap.installation import receipt

STALE = {
    "severity": "warning",
    "code": "cdi-stale",
    "message": "/var/run/cdi/nvidia.yaml is of a driver that is gone",
    "found": "driver 575.57.08",
    "needed": "a specification of the loaded driver, or none",
    "hint": "`systemctl restart nvidia-cdi-refresh`",
    "path": "/var/run/cdi/nvidia.yaml",
}


def test_every_word_of_a_finding_is_told():
    assert remarks.lines([STALE]) == [
        "warning: /var/run/cdi/nvidia.yaml is of a driver that is gone",
        "  found: driver 575.57.08",
        "  needed: a specification of the loaded driver, or none",
        "  path: /var/run/cdi/nvidia.yaml",
        "  next: `systemctl restart nvidia-cdi-refresh`",
    ]


def test_errors_have_a_place_of_their_own():
    assert remarks.lines([{**STALE, "severity": "error"}]) == []


def test_what_a_task_warns_of_is_a_finding():
    for said in ("it holds data", {"msg": "it holds data", "version": None}):
        (finding,) = remarks.of_warnings([said], "Start the services")
        assert (finding["severity"], finding["message"]) == ("warning", "it holds data")
        assert "Start the services" in finding["found"]


def test_the_same_finding_is_told_once():
    assert remarks.unlike([STALE, dict(STALE), {**STALE, "code": "x"}]) == [STALE, {**STALE, "code": "x"}]


def test_a_receipt_is_made_anew_for_a_warning_that_it_lacks_alone():
    busy = {**STALE, "code": "apt-lock", "message": "apt (process 812) holds the lock"}
    last = {"findings": [STALE, busy]}
    assert not receipt.unrecorded([{**busy, "message": "apt (process 4711) holds the lock"}], last)
    assert not receipt.unrecorded([{**STALE, "found": "driver 580.126.20"}], last)
    assert not receipt.unrecorded([], last)
    assert not receipt.unrecorded([{**STALE, "severity": "info", "code": "new"}], last)
    assert receipt.unrecorded([{**STALE, "code": "new"}], last)
    assert receipt.unrecorded([{**STALE, "message": "another file is stale"}], last)
    assert receipt.unrecorded([STALE], {})
