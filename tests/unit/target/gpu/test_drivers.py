"""Floor of the release, first and last branch of the generation, and advice that can be followed."""

import pytest

from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.gpu import (
    drivers as gpu_drivers,
    knowledge as gpu_knowledge,
)
from graphistry_airgap.target.gpu.model import Gpu

KNOWLEDGE = load_knowledge()


def notes(driver, *generations, release="v2.50.1", cuda="12", **fields):
    gpus = [Gpu(index, architecture=name, **fields) for index, name in enumerate(generations)]
    return gpu_drivers.notes(gpu_knowledge.judged(KNOWLEDGE, release, cuda), driver, gpus, KNOWLEDGE)


@pytest.mark.parametrize(
    ("driver", "generation", "cuda", "code"),
    [
        ("575.51.02", "Volta", "12", "gpu-driver-too-old"),
        ("575.51.03", "Volta", "12", ""),
        ("580.178.04", "Volta", "12", ""),
        ("590.44.01", "Volta", "12", "gpu-driver-too-new"),
        ("595.58.03", "Volta", "12", "gpu-driver-too-new"),
        ("570.86.15", "Volta", "12", "gpu-driver-forward-compatible-only"),
        ("595.58.03", "Turing", "12", ""),
        ("580.126.20", "Turing", "13", "gpu-driver-too-old"),
        ("590.44.01", "Turing", "13", ""),
        ("", "Turing", "12", "gpu-driver-unknown"),
    ],
)
def test_drivers_by_generation(driver, generation, cuda, code):
    assert [note.code for note in notes(driver, generation, cuda=cuda)] == ([code] if code else [])


@pytest.mark.parametrize("driver", ["535.183.01", "550.127.05", "570.86.15", "575.51.02", "590.44.01"])
def test_no_advice_for_volta_is_without_its_ceiling(driver):
    (note,) = notes(driver, "Volta", "Turing")
    assert note.needed == "driver 575.51.03 up to branch 580, the last one that drives Volta"
    assert "branch 580 (long-term, until June 2028)" in note.hint
    assert "595" not in note.hint


def test_branches_that_live_are_named_and_no_others():
    (note,) = notes("535.183.01", "Turing")
    assert "branch 580 (long-term, until June 2028) or 595 (production, until March 2027)" in note.hint
    assert "590" not in note.hint
    (note,) = notes("580.126.20", "Turing", cuda="13")
    assert "branch 595 (production" in note.hint
    assert "CUDA flavour 12, which this driver fits" in note.hint


def test_another_flavour_is_named_only_where_the_driver_fits_it():
    (note,) = notes("575.51.02", "Ada Lovelace")
    assert "flavour" not in note.hint


def test_a_generation_can_begin_after_the_floor_of_the_release():
    (note,) = notes("550.163.01", "Blackwell", release="2.45.7", cuda="12.8")
    assert (note.code, note.needed) == ("gpu-driver-too-old", "driver 570 or newer, but not 580")


def test_a_gpu_that_the_product_cannot_use_decides_nothing():
    assert notes("595.58.03", "Maxwell", "Ampere") == []


def test_a_guest_is_sent_to_its_hypervisor():
    (note,) = notes("535.261.03", "Turing", virtualization="vgpu")
    assert "hypervisor" in note.hint
    assert "ask its administrator" in note.hint


def test_of_a_release_that_is_not_known_nothing_is_said():
    assert notes("418.43", "Turing", release="2.10.0", cuda="11.0") == []
