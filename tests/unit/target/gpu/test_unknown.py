"""What nvidia-smi leaves out is said with what it would decide; MIG is planned as CUDA enumerates it."""

import pytest

from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.gpu import (
    knowledge as gpu_knowledge,
    options as gpu_options,
    plan as gpu_plan,
    smi as gpu_smi,
)
from graphistry_airgap.target.gpu.model import Gpu
from tests.kit.fakes import smi_answers

KNOWLEDGE = load_knowledge()
CUT = {"mig": True, "mig_memory_mib": (19968,), "name": "H100", "architecture": "Hopper"}
WHOLE = {"memory_mib": 81559, "name": "H100", "architecture": "Hopper"}


def plan(*gpus, answered=True, driver="595.58.03", cuda="13.2", **options):
    return gpu_plan.make(
        gpus,
        machine=gpu_plan.Machine(driver=driver, cuda=cuda, answered=answered),
        options=gpu_options.read(**options),
        knowledge=KNOWLEDGE,
        target=gpu_knowledge.judged(KNOWLEDGE, "v2.50.1", "12"),
    )


def described(**fields):
    return gpu_smi.parse(smi_answers.answer(smi_answers.gpu(**fields))).gpus[0]


def codes(notes):
    return [note.code for note in notes]


@pytest.mark.parametrize("memory", [None, "N/A", "[Not Supported]"])
def test_memory(memory):
    made = plan(described(memory=memory))
    assert codes(made.warnings) == ["gpu-memory-unknown"]
    assert "would decide" in made.warnings[0].message


@pytest.mark.parametrize("architecture", [None, "N/A", "Rubin"])
def test_generation(architecture):
    made = plan(described(name="NVIDIA Thing", architecture=architecture, device="FFFF10DE"))
    assert codes(made.warnings) == ["gpu-generation-unknown"]


def test_driver_and_cuda_are_null_and_said():
    made = plan(described(), driver="", cuda="")
    assert codes(made.warnings) == ["gpu-driver-unknown", "gpu-cuda-unknown"]
    assert (made.as_dict()["driver_version"], made.as_dict()["cuda_version"]) == (None, None)


def test_of_a_mere_count_nothing_is_to_be_known():
    assert plan(Gpu(0), answered=False, driver="", cuda="").warnings == ()


@pytest.mark.parametrize(
    ("name", "generation"),
    [
        ("GeForce GT 730", "Kepler"),
        ("Tesla K80", "Kepler"),
        ("GeForce GTX TITAN X", "Maxwell"),
        ("Quadro K620", "Maxwell"),
        ("Tesla M60", "Maxwell"),
        ("GeForce GTX 580", "Fermi"),
        ("Tesla C2050", "Fermi"),
        ("Quadro 4000", "Fermi"),
        ("NVIDIA TITAN X (Pascal)", "Pascal"),
        ("Tesla V100-SXM2-16GB", "Volta"),
        ("NVIDIA GeForce GTX 1660 Ti", "Turing"),
        ("Quadro RTX 4000", "Turing"),
        ("NVIDIA A100-SXM4-80GB", "Ampere"),
        ("NVIDIA RTX A5000", "Ampere"),
        ("NVIDIA L40S", "Ada Lovelace"),
        ("NVIDIA RTX 6000 Ada Generation", "Ada Lovelace"),
        ("NVIDIA H100 PCIe", "Hopper"),
        ("NVIDIA B200", "Blackwell"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "Blackwell"),
        ("NVIDIA Graphics Device", ""),
        ("", ""),
    ],
)
def test_the_generation_by_the_product_s_name_alone(name, generation):
    row = gpu_knowledge.architecture(KNOWLEDGE, Gpu(0, name=name))
    assert (row["name"] if row else "") == generation


@pytest.mark.parametrize("model", ["WDDM", "TCC", "MCDM"])
def test_a_machine_under_windows_is_refused(model):
    made = plan(described(more=f"<driver_model><current_dm>{model}</current_dm></driver_model>"))
    assert codes(made.refusals) == ["gpu-windows"]
    assert model in made.refusals[0].message


@pytest.mark.parametrize(
    ("name", "memory"),
    [
        ("NVIDIA GH200 480GB", "one address space"),
        ("NVIDIA GB200", "one address space"),
        ("NVIDIA GB300", "one address space"),
        ("NVIDIA GB10", "shares the processor's"),
        ("NVIDIA Thor", "shares the processor's"),
        ("Orin (nvgpu)", "shares the processor's"),
    ],
)
def test_arm_machines_are_known_by_their_gpu(name, memory):
    made = plan(described(name=name, architecture="Blackwell"))
    assert codes(made.warnings) == ["arm-machine"]
    assert memory in made.warnings[0].message


def test_x86_machines_are_none():
    assert plan(described(name="NVIDIA B200", architecture="Blackwell")).warnings == ()


# MIG


def test_beside_an_instance_cuda_finds_no_other_gpu():
    made = plan(Gpu(0, uuid="GPU-a", **CUT), Gpu(1, uuid="GPU-b", **WHOLE), allow_mig=True)
    assert codes(made.refusals) == ["gpu-mig-several"]
    assert made.refusals[0].command == "graphistry-airgap gpu plan --gpu-indices 1"
    assert made.env == {}


def test_two_that_are_cut_are_refused_and_one_is_the_way_out():
    made = plan(Gpu(0, uuid="GPU-a", **CUT), Gpu(1, uuid="GPU-b", **CUT), allow_mig=True)
    assert made.refusals[0].command == "graphistry-airgap gpu plan --gpu-indices 0 --allow-mig"


@pytest.mark.parametrize(("index", "devices"), [("0", "GPU-a"), ("1", "GPU-b")])
def test_on_a_host_that_is_cut_in_part_gpus_are_named_by_uuid(index, devices):
    made = plan(
        Gpu(0, uuid="GPU-a", **CUT), Gpu(1, uuid="GPU-b", **WHOLE), indices=index, allow_mig=index == "0"
    )
    assert made.env["CUDA_VISIBLE_DEVICES"] == devices
    assert made.env["STREAMGL_CUDA_VISIBLE_DEVICES"] == index
    assert "gpu-mig-beside" in codes(made.warnings)


def test_without_a_uuid_a_gpu_beside_one_that_is_cut_cannot_be_named():
    made = plan(Gpu(0, uuid="GPU-a", **CUT), Gpu(1, **WHOLE), indices="1")
    assert codes(made.refusals) == ["gpu-uuid-unknown"]
