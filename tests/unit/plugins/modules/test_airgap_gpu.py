"""The module plans what the host's own nvidia-smi says, and fails where nothing could work."""

import os
from pathlib import Path

import pytest
import smi_answers

from graphistry_airgap.adapters.knowledge import load_knowledge

pytestmark = pytest.mark.subprocesses

STAND_IN = Path(__file__).resolve().parents[4] / "lab/nvidia-smi/nvidia-smi"
WISH = {
    "indices": "",
    "workers": "1,1,1",
    "allow_mig": False,
    "release": "v2.50.1",
    "cuda": "12",
    "knowledge": load_knowledge(),
    "known": [],
}


@pytest.fixture
def plan(call_module, programs, tmp_path, monkeypatch):
    def run(*gpus, fault="", **wish):
        (tmp_path / "capture.xml").write_bytes(smi_answers.answer(*gpus))
        (tmp_path / "fault").write_text(fault)
        monkeypatch.setenv("NVIDIA_SMI_STAND_IN", os.fspath(tmp_path))
        programs("nvidia-smi", f'exec {STAND_IN} "$@"')
        return call_module("airgap_gpu", wish={**WISH, **wish})

    return run


def test_a_vgpu_is_planned_and_nothing_is_changed(plan):
    said = plan(smi_answers.vgpu())
    assert said["changed"] is False
    assert said["gpu_plan"]["env"]["RMM_ALLOCATOR"] == "default"
    assert said["gpu_plan"]["driver"] == "595.58.03"
    assert said["absent"] == []
    assert said["ansible_facts"]["airgap_gpu"]["answer"]["gpus"][0]["profile"] == "T4-8Q"


def test_names_of_other_plans_are_absent(plan):
    said = plan(smi_answers.gpu())
    assert "RMM_ALLOCATOR" in said["absent"]
    assert not set(said["absent"]) & set(said["gpu_plan"]["env"])


def test_a_refusal_fails_with_its_hint(plan):
    said = plan(smi_answers.vgpu(licence="Unlicensed"))
    assert (said["failed"], said["code"]) == (True, "host-vgpu-unlicensed")
    assert "gridd" in said["hint"]


@pytest.mark.parametrize(
    ("fault", "wish", "code"),
    [("no-driver", {}, "host-gpu-driver"), ("", {"indices": "0,0"}, "gpu-ids-invalid")],
)
def test_what_cannot_be_planned_fails(plan, fault, wish, code):
    said = plan(smi_answers.gpu(), fault=fault, **wish)
    assert (said["failed"], said["code"]) == (True, code)
    assert said["hint"]
