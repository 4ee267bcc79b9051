"""On a host whose GPUs differ an index means the same card to CUDA and to nvidia-smi, or it is said."""

import pytest

from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.gpu import (
    knowledge as gpu_knowledge,
    options as gpu_options,
    order as gpu_order,
    plan as gpu_plan,
)
from graphistry_airgap.target.gpu.model import Gpu

KNOWLEDGE = load_knowledge()
A5000 = {"name": "NVIDIA RTX A5000", "architecture": "Ampere", "pci_device": "2231", "memory_mib": 24564}
T4 = {"name": "Tesla T4", "architecture": "Turing", "pci_device": "1eb8", "memory_mib": 15360}
MIXED = [Gpu(0, **A5000), Gpu(1, **T4), Gpu(2, **A5000)]
PATH = "/srv/custom.env"


def plan(*gpus, **options):
    return gpu_plan.make(
        gpus,
        machine=gpu_plan.Machine(),
        options=gpu_options.read(**options),
        knowledge=KNOWLEDGE,
        target=gpu_knowledge.judged(KNOWLEDGE, "v2.50.1", "12"),
    )


@pytest.mark.parametrize(("indices", "devices"), [("", "0,1,2"), ("0,2", "0,2"), ("1", "1")])
def test_the_order_stands_beside_the_indices_whatever_was_chosen(indices, devices):
    made = plan(*MIXED, indices=indices)
    assert made.env["CUDA_VISIBLE_DEVICES"] == devices
    assert made.env["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert [note.code for note in made.warnings] == ["gpus-differ"]


def test_the_way_to_gpus_of_one_model_is_named():
    made = plan(*MIXED)
    assert made.warnings[0].command == "graphistry-airgap gpu plan --gpu-indices 0,2"


@pytest.mark.parametrize(
    "gpus",
    [
        [Gpu(0, **T4), Gpu(1, **T4)],
        [Gpu(0), Gpu(1)],
        [Gpu(0, **T4)],
    ],
)
def test_gpus_of_one_model_need_no_order(gpus):
    made = plan(*gpus)
    assert "CUDA_DEVICE_ORDER" not in made.env
    assert made.warnings == ()


def test_one_name_for_two_devices_is_two_models():
    assert gpu_order.differ([Gpu(0, **T4), Gpu(1, **{**T4, "pci_device": "1e30"})])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"CUDA_VISIBLE_DEVICES": "0"}, "CUDA_VISIBLE_DEVICES=0"),
        ({"FORGE_CUDA_VISIBLE_DEVICES": "1, 2"}, "FORGE_CUDA_VISIBLE_DEVICES=1, 2"),
        ({"CUDA_DEVICE_ORDER": "FASTEST_FIRST"}, "CUDA_DEVICE_ORDER=FASTEST_FIRST"),
    ],
)
def test_lines_by_hand_that_mean_other_cards_are_named(settings, words):
    (note,) = gpu_order.by_hand(MIXED, settings, PATH)
    assert note.code == "gpu-order"
    assert words in note.message
    assert "CUDA_DEVICE_ORDER=PCI_BUS_ID" in note.hint


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"},
        {"CUDA_VISIBLE_DEVICES": "GPU-00000000-0000-4000-8000-000000000000"},
        {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"},
    ],
)
def test_lines_by_hand_that_mean_what_they_say_are_no_finding(settings):
    assert list(gpu_order.by_hand(MIXED, settings, PATH)) == []


def test_lines_by_hand_are_fine_on_a_host_of_one_model():
    assert list(gpu_order.by_hand([Gpu(0, **T4), Gpu(1, **T4)], {"CUDA_VISIBLE_DEVICES": "1"}, PATH)) == []
