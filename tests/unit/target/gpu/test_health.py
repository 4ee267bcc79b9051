"""A GPU that does not work is refused, or left out where others remain; the next step fits the fault."""

import pytest

from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.gpu import (
    knowledge as gpu_knowledge,
    options as gpu_options,
    plan as gpu_plan,
    smi as gpu_smi,
)
from tests.kit.fakes import smi_answers

KNOWLEDGE = load_knowledge()


def described(*gpus):
    return gpu_smi.parse(smi_answers.answer(*gpus)).gpus


def plan(*gpus, indices=""):
    return gpu_plan.make(
        described(*gpus),
        machine=gpu_plan.Machine(),
        options=gpu_options.read(indices=indices),
        knowledge=KNOWLEDGE,
        target=gpu_knowledge.judged(KNOWLEDGE, "v2.50.1", "12"),
    )


@pytest.mark.parametrize(
    ("fields", "fault", "command"),
    [
        ({"recovery": "Reset"}, "recovery action Reset", "nvidia-smi --gpu-reset -i 0"),
        ({"recovery": "GPU Reset"}, "recovery action GPU Reset", "nvidia-smi --gpu-reset -i 0"),
        ({"recovery": "Reboot"}, "recovery action Reboot", "reboot"),
        ({"recovery": "Node Reboot"}, "recovery action Node Reboot", "reboot"),
        ({"recovery": "Drain P2P"}, "recovery action Drain P2P", "nvidia-smi -q -i 0"),
        ({"recovery": "Drain and Reset"}, "recovery action Drain and Reset", "nvidia-smi --gpu-reset -i 0"),
        ({"more": "<a><reset_required>Yes</reset_required></a>"}, "reset required", "--gpu-reset"),
        (
            {"more": "<a><drain_and_reset_recommended>Yes</drain_and_reset_recommended></a>"},
            "drain and reset recommended",
            "--gpu-reset",
        ),
        (
            {"more": "<a><remapped_row_failure>Yes</remapped_row_failure></a>"},
            "row remapping failed",
            "ROW_REMAPPER",
        ),
        (
            {"more": "<a><remapped_row_pending>Yes</remapped_row_pending></a>"},
            "row remapping pending",
            "--gpu-reset",
        ),
        (
            {"more": "<a><pending_retirement>Yes</pending_retirement></a>"},
            "page retirement pending",
            "--gpu-reset",
        ),
        (
            {"more": "<a><pending_blacklist>Yes</pending_blacklist></a>"},
            "page retirement pending",
            "--gpu-reset",
        ),
        ({"memory": "[Unknown Error]"}, "total says [Unknown Error]", "reboot"),
        ({"more": "<power><draw>GPU is lost</draw></power>"}, "draw says GPU is lost", "reboot"),
        ({"more": "<fan_speed>ERR!</fan_speed>"}, "fan_speed says ERR!", "reboot"),
        ({"more": "<a>GPU requires reset</a>"}, "a says GPU requires reset", "reboot"),
    ],
)
def test_each_sign_of_a_fault_refuses_the_only_gpu_with_its_next_step(fields, fault, command):
    made = plan(smi_answers.gpu(**fields))
    assert [note.code for note in made.refusals] == ["gpu-broken"]
    assert fault in made.refusals[0].message
    assert command in made.refusals[0].command
    assert made.refusals[0].command in made.refusals[0].hint
    assert made.env == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"recovery": "None"},
        {"recovery": "N/A"},
        {"more": "<gpu_recovery_action>Requested functionality has been deprecated</gpu_recovery_action>"},
        {"more": "<a><reset_required>No</reset_required><remapped_row_failure>No</remapped_row_failure></a>"},
        {"more": "<a><pending_retirement>N/A</pending_retirement></a>"},
        {"more": "<processes><process_info><process_name>ERR!</process_name></process_info></processes>"},
    ],
)
def test_a_sound_gpu_is_planned(fields):
    made = plan(smi_answers.gpu(**fields))
    assert (made.refusals, made.warnings) == ((), ())


def test_where_others_remain_a_broken_gpu_is_left_out_and_said():
    made = plan(smi_answers.gpu(recovery="Reset"), smi_answers.gpu(1), smi_answers.gpu(2))
    assert made.env["CUDA_VISIBLE_DEVICES"] == "1,2"
    assert [note.code for note in made.warnings] == ["gpu-left-out"]
    assert "GPU 0" in made.warnings[0].message
    assert "recovery action Reset" in made.warnings[0].message


def test_one_that_was_asked_for_is_refused_and_the_others_are_the_way_out():
    made = plan(smi_answers.gpu(recovery="Reset"), smi_answers.gpu(1), indices="0,1")
    assert [note.code for note in made.refusals] == ["gpu-broken"]
    assert made.refusals[0].command == "graphistry-airgap gpu plan --gpu-indices 1"


def test_one_that_was_not_asked_for_does_not_matter():
    made = plan(smi_answers.gpu(recovery="Reset"), smi_answers.gpu(1), indices="1")
    assert (made.refusals, made.env["CUDA_VISIBLE_DEVICES"]) == ((), "1")


def test_all_broken_is_one_refusal_each():
    made = plan(smi_answers.gpu(recovery="Reset"), smi_answers.gpu(1, recovery="Reboot"))
    assert [note.code for note in made.refusals] == ["gpu-broken", "gpu-broken"]
