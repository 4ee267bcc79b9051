"""The module plans what the host's own nvidia-smi says, and fails where nothing could work."""

import os
from pathlib import Path

import pytest

from graphistry_airgap.knowledge.knowledge import load_knowledge
from tests.kit.fakes import smi_answers

pytestmark = pytest.mark.subprocesses

STAND_IN = Path(__file__).resolve().parents[4] / "lab/stand_ins/nvidia-smi/nvidia-smi"
DESIRED = {
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
    def run(*gpus, fault="", **desired):
        (tmp_path / "capture.xml").write_bytes(smi_answers.answer(*gpus))
        (tmp_path / "fault").write_text(fault)
        monkeypatch.setenv("NVIDIA_SMI_STAND_IN", os.fspath(tmp_path))
        programs("nvidia-smi", f'exec {STAND_IN} "$@"')
        return call_module("gpu", desired={**DESIRED, **desired})

    return run


def test_a_vgpu_is_planned_and_nothing_is_changed(plan):
    said = plan(smi_answers.vgpu())
    assert said["changed"] is False
    assert said["gpu_plan"]["env"]["RMM_ALLOCATOR"] == "default"
    assert said["gpu_plan"]["driver"] == "595.58.03"
    assert said["gpu_plan"]["driver_version"] == "595.58.03"
    assert said["absent"] == ["CUDA_DEVICE_ORDER"]  # one GPU has no order
    assert said["ansible_facts"]["airgap_gpu"]["answer"]["gpus"][0]["profile"] == "T4-8Q"


def test_names_of_other_plans_are_absent(plan):
    said = plan(smi_answers.gpu())
    assert "RMM_ALLOCATOR" in said["absent"]
    assert not set(said["absent"]) & set(said["gpu_plan"]["env"])


def test_a_refusal_fails_with_its_hint(plan):
    said = plan(smi_answers.vgpu(licence="Unlicensed"))
    assert (said["failed"], said["code"]) == (True, "host-vgpu-unlicensed")
    assert "gridd" in said["hint"]
    assert said["details"]["found"]
    assert said["details"]["needed"]


def test_several_refusals_are_all_told(plan):
    gpus = [smi_answers.vgpu(index, profile=f"T4-{index + 1}Q", licence="Unlicensed") for index in (0, 1)]
    said = plan(*gpus)
    refusals = said["gpu_plan"]["refusals"]
    assert len(refusals) > 1
    assert said["code"] == f"host-{refusals[0]['code']}"
    for one in refusals:
        assert one["message"] in said["msg"]
        assert one["hint"] in said["hint"]
        assert one["found"] in said["details"]["found"]
        assert one["needed"] in said["details"]["needed"]


@pytest.mark.parametrize(
    ("fault", "desired", "code"),
    [("no-driver", {}, "host-gpu-driver"), ("", {"indices": "0,0"}, "gpu-ids-invalid")],
)
def test_what_cannot_be_planned_fails(plan, fault, desired, code):
    said = plan(smi_answers.gpu(), fault=fault, **desired)
    assert (said["failed"], said["code"]) == (True, code)
    assert said["hint"]
