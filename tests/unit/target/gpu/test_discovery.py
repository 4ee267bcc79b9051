"""GPUs are found without a driver and with one, and no answer of nvidia-smi is an exception."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.gpu import (
    discovery as gpu_host,
    knowledge as gpu_knowledge,
    pci as gpu_pci,
    smi as gpu_smi,
)
from graphistry_airgap.target.gpu.model import Gpu, profile_of
from graphistry_airgap.target.host.machine import Host
from tests.kit.fakes import smi_answers

STAND_IN = Path(__file__).resolve().parents[4] / "lab" / "stand_ins" / "nvidia-smi"


# the bus


@pytest.fixture
def bus(tmp_path):
    def add(address, *, vendor="0x10de", kind="0x030200", device="0x2335"):
        folder = tmp_path / "sys/bus/pci/devices" / address
        folder.mkdir(parents=True)
        for name, value in (("vendor", vendor), ("class", kind), ("device", device)):
            (folder / name).write_text(value + "\n")

    add.host = Host(run=lambda argv, environment: (127, "", ""), root=tmp_path)
    return add


def test_gpus_are_seen_on_the_bus_and_other_devices_are_not(bus):
    bus("0000:02:00.0", kind="0x030000", device="0x1eb8")
    bus("0000:01:00.0")
    bus("0000:01:00.1", kind="0x040300")
    bus("0000:03:00.0", vendor="0x1002", kind="0x030000")
    bus("0000:04:00.0", kind="0x068000")
    assert gpu_pci.devices(bus.host) == [
        {"address": "0000:01:00.0", "device": "0x2335"},
        {"address": "0000:02:00.0", "device": "0x1eb8"},
    ]


def test_a_machine_without_a_bus_has_no_gpus(bus):
    assert gpu_pci.devices(bus.host) == []


def test_without_a_driver_the_generation_is_known_and_memory_is_not(bus):
    bus("0000:01:00.0", device="0x1eb8")
    found = gpu_host.discover(bus.host)
    assert found.answer.state == gpu_smi.ABSENT
    assert found.gpus(load_knowledge()) == [
        Gpu(0, architecture="Turing", pci_address="0000:01:00.0", pci_device="1eb8")
    ]


# the answer


def test_every_field_is_read():
    data = smi_answers.answer(smi_answers.vgpu(), driver="580.126.20")
    found = gpu_smi.parse(data)
    assert (found.state, found.driver, found.cuda, found.attached) == (
        gpu_smi.ANSWERED,
        "580.126.20",
        "13.2",
        1,
    )
    assert found.gpus == (
        Gpu(
            0,
            name="GRID T4-8Q",
            uuid=smi_answers.UUID.format(0),
            architecture="Turing",
            memory_mib=8192,
            pci_address="00000000:01:00.0",
            pci_device="1eb8",
            virtualization="vgpu",
            licence="licensed",
            compute_mode="Default",
        ),
    )
    assert found.gpus[0].profile.name == "T4-8Q"
    assert gpu_smi.Answer.from_dict(found.as_dict()) == found


@pytest.mark.parametrize("dtd", ["v10", "v11", "v12", "v13"])
def test_the_version_of_the_format_does_not_matter(dtd):
    assert gpu_smi.parse(smi_answers.answer(smi_answers.gpu(), dtd=dtd)).gpus[0].memory_mib == 15360


def test_missing_fields_are_unknown():
    found = gpu_smi.parse(b"<nvidia_smi_log><gpu/><gpu><uuid>N/A</uuid></gpu></nvidia_smi_log>")
    assert (found.state, found.driver, found.attached) == (gpu_smi.ANSWERED, "", None)
    assert found.gpus == (Gpu(0), Gpu(1))


@pytest.mark.parametrize(
    ("status", "licence"),
    [
        ("Licensed", "licensed"),
        ("Licensed (Expiry: 2027-1-31 11:32:22 GMT)", "licensed"),
        ("Licensed (Expired)", "unlicensed"),
        ("Unlicensed (Restricted)", "unlicensed"),
        ("Unlicensed", "unlicensed"),
        ("N/A", ""),
    ],
)
@pytest.mark.parametrize("element", ["vgpu_software_licensed_product", "grid_licensed_product"])
def test_the_licence_state_by_its_old_and_new_name(status, licence, element):
    data = smi_answers.answer(smi_answers.gpu(mode="VGPU", licence=status, licence_element=element))
    assert gpu_smi.parse(data).gpus[0].licence == licence


@pytest.mark.parametrize(
    ("mode", "name", "meaning"),
    [
        ("None", "Tesla T4", "none"),
        ("Pass-Through", "Tesla T4", "pass-through"),
        ("VGPU", "GRID T4-8Q", "vgpu"),
        ("Host VGPU", "NVIDIA A40", "vgpu-host"),
        ("Host VSGA", "NVIDIA A40", "vgpu-host"),
        (None, "GRID T4-8Q", "vgpu"),
        (None, "Tesla T4", ""),
    ],
)
def test_the_virtualization_mode(mode, name, meaning):
    data = smi_answers.answer(smi_answers.gpu(mode=mode, name=name))
    assert gpu_smi.parse(data).gpus[0].virtualization == meaning


@pytest.mark.parametrize(
    ("name", "profile", "size", "kind", "mig_backed"),
    [
        ("GRID T4-8Q", "T4-8Q", 8, "Q", False),
        ("NVIDIA A100-4C", "A100-4C", 4, "C", False),
        ("GRID M10-2B4", "M10-2B4", 2, "B", False),
        ("GRID T4-16A", "T4-16A", 16, "A", False),
        ("NVIDIA RTX6000-Ada-24Q", "RTX6000-Ada-24Q", 24, "Q", False),
        ("NVIDIA A100-1-5C", "A100-1-5C", 5, "C", True),
        ("NVIDIA A100-1-5CME", "A100-1-5CME", 5, "C", True),
    ],
)
def test_a_profile_is_read_from_the_product_name(name, profile, size, kind, mig_backed):
    found = profile_of(name)
    assert (found.name, found.size, found.kind, found.mig_backed) == (profile, size, kind, mig_backed)


@pytest.mark.parametrize(
    "name",
    ["Tesla T4", "NVIDIA A100-SXM4-80GB", "Tesla V100-SXM2-16GB", "H100 PCIe", "Quadro P2000", ""],
)
def test_a_whole_gpu_has_no_profile(name):
    assert profile_of(name) is None


WHOLE = smi_answers.answer(smi_answers.gpu())
ENTITIES = WHOLE.replace(b"<nvidia", b'<!DOCTYPE a [<!ENTITY a "a">]><nvidia', 1)


@pytest.mark.parametrize(
    ("data", "state", "words"),
    [
        (b"", gpu_smi.UNREADABLE, "empty"),
        (b" \n", gpu_smi.UNREADABLE, "empty"),
        (WHOLE[: len(WHOLE) // 2], gpu_smi.UNREADABLE, "not complete XML"),
        (b"Usage: nvidia-smi [OPTION1 [ARG1]]", gpu_smi.UNREADABLE, "not complete XML"),
        (b"\xff\xfe\x00\x01", gpu_smi.UNREADABLE, "not complete XML"),
        (b"<html/>", gpu_smi.UNREADABLE, "html"),
        (b"\n=====NVSMI LOG=====\n\nAttached GPUs : 1\n", gpu_smi.UNREADABLE, "add -x"),
        (b"+---+\n| NVIDIA-SMI 550.54  Driver Version: 550.54 |\n", gpu_smi.UNREADABLE, "add -q -x"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', gpu_smi.UNREADABLE, "encoding"),
        (ENTITIES, gpu_smi.UNREADABLE, "entities"),
        (
            b"NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure",
            gpu_smi.NO_DRIVER,
            "couldn't communicate",
        ),
        (b"Failed to initialize NVML: Driver/library version mismatch", gpu_smi.NO_DRIVER, "mismatch"),
        (b"No devices were found", gpu_smi.NO_DRIVER, "No devices"),
    ],
)
def test_what_is_no_answer_has_its_state(data, state, words):
    found = gpu_smi.parse(data)
    assert found.state == state
    assert words in found.detail
    assert found.gpus == ()


PROCESS = "<processes><process_info><process_name>a</process_name></process_info></processes>"
WITH_PROCESS = smi_answers.answer(smi_answers.gpu(more=PROCESS))


@pytest.mark.parametrize(
    "data",
    [
        WITH_PROCESS.replace(b">a<", b">\xff\xfe<"),
        WITH_PROCESS.replace(b">a<", b">a & b <c><"),
        WITH_PROCESS.replace(b"Default", b"Default\x01"),
        b"Authorised users only & <nobody> else\r\n" + WITH_PROCESS,
        WITH_PROCESS + b"Connection to host closed.\n",
        b"\xef\xbb\xbf" + WITH_PROCESS,
        b"\xff\xfe" + WITH_PROCESS.decode().encode("utf-16-le"),
    ],
)
def test_what_does_not_matter_is_no_fault(data):
    found = gpu_smi.parse(data)
    assert (found.state, found.detail) == (gpu_smi.ANSWERED, "")
    assert found.gpus == gpu_smi.parse(WHOLE).gpus


def test_a_remark_behind_a_version_is_none_of_it():
    data = smi_answers.answer(smi_answers.gpu(), driver="610.62 [Deprecated; use KMD Version instead]")
    assert gpu_smi.parse(data).driver == "610.62"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damage_to_an_answer_is_an_exception(data):
    whole = smi_answers.answer(smi_answers.vgpu(), smi_answers.gpu(1, mig=("19968 MiB",)))
    cut = data.draw(st.integers(0, len(whole)))
    junk = data.draw(st.binary(max_size=20))
    found = gpu_smi.parse(whole[:cut] + junk + whole[cut + len(junk) :])
    assert found.state in (gpu_smi.ANSWERED, gpu_smi.UNREADABLE, gpu_smi.NO_DRIVER)


# the program


@pytest.fixture
def stand_in(tmp_path):
    """The lab's nvidia-smi with a capture and a fault, asked as on a host."""

    def ask(*, capture=WHOLE, fault="", limit=5.0, program=STAND_IN):
        (tmp_path / "capture.xml").write_bytes(capture)
        (tmp_path / "fault").write_text(fault)
        environment = {"PATH": f"{program}:/usr/bin:/bin", "NVIDIA_SMI_STAND_IN": os.fspath(tmp_path)}

        def run(argv, extra):
            done = subprocess.run(
                argv, env={**environment, **extra}, capture_output=True, text=True, check=False
            )
            return done.returncode, done.stdout, done.stderr

        return gpu_smi.ask(run, limit=limit)

    return ask


@pytest.mark.subprocesses
def test_a_host_is_asked(stand_in):
    assert stand_in().gpus == gpu_smi.parse(WHOLE).gpus


@pytest.mark.subprocesses
@pytest.mark.parametrize(
    ("fault", "state"),
    [("empty", "unreadable"), ("truncated", "unreadable"), ("no-driver", "no-driver")],
)
def test_a_fault_is_a_state(stand_in, fault, state):
    found = stand_in(fault=fault)
    assert found.state == state
    assert found.detail


@pytest.mark.subprocesses
def test_one_that_hangs_is_ended(stand_in):
    begun = time.monotonic()
    found = stand_in(fault="hang", limit=0.5)
    assert (found.state, found.detail) == ("hangs", "nvidia-smi gave no answer within 0.5 seconds")
    assert time.monotonic() - begun < 4


@pytest.mark.subprocesses
def test_none_installed_is_a_state(stand_in, tmp_path):
    assert stand_in(program=tmp_path / "nowhere").state == "absent"


# knowledge


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("0x1c30", "Pascal"),
        ("1DB4", "Volta"),
        ("1eb8", "Turing"),
        ("2184", "Turing"),
        ("20b2", "Ampere"),
        ("2216", "Ampere"),
        ("2331", "Hopper"),
        ("26b9", "Ada Lovelace"),
        ("27b8", "Ada Lovelace"),
        ("2901", "Blackwell"),
        ("ffff", ""),
        ("", ""),
    ],
)
def test_a_generation_by_pci_device_id(device, name):
    assert gpu_knowledge.architecture_of_device(load_knowledge(), device) == name
