"""A vGPU is known by its PCI configuration, and so is its hypervisor's driver."""

import pytest

from graphistry_airgap.target.gpu.virtual import read
from tests.kit.fakes import vgpu_guest

VGPU = vgpu_guest.config_space(vgpu=True, version="570.124.03", branch="r570_00")
START = VGPU[0x34]


def changed(position, value):
    data = bytearray(VGPU)
    data[position] = value
    return bytes(data)


def test_a_vgpu_names_its_hypervisor_s_driver():
    assert read(VGPU) == {"version": "570.124.03", "branch": "r570_00"}


def test_other_records_and_capabilities_are_passed_over():
    data = bytearray(256)
    data[0x06], data[0x34] = 0x10, 0x60
    data[0x60:0x62] = bytes([0x01, 0xA0])
    record = bytes([0, 22]) + b"470.63".ljust(10, b"\0") + b"r470_00".ljust(10, b"\0")
    body = b"VF" + bytes([3, 4, 9, 9]) + record
    data[0xA0 : 0xA3 + len(body)] = bytes([0x09, 0, 3 + len(body)]) + body
    assert read(bytes(data)) == {"version": "470.63", "branch": "r470_00"}


@pytest.mark.parametrize(
    "config",
    [
        vgpu_guest.config_space(vgpu=False),
        VGPU[:64],
        b"",
        bytes(256),
        b"\xff" * 256,
        changed(0x06, 0),
        changed(START + 3, 0),
        changed(START + 2, 4),
    ],
)
def test_what_has_no_signature_is_no_vgpu(config):
    assert read(config) is None


@pytest.mark.parametrize(
    "config", [changed(START + 5, 7), changed(START + 2, 12), changed(START + 2, 6), changed(START + 6, 0)]
)
def test_a_signature_without_a_readable_record_is_a_vgpu_with_an_unknown_driver(config):
    found = read(config)
    assert found is not None
    assert found["version"] in ("", "570.124.03")


def test_capabilities_in_a_ring_end():
    data = bytearray(VGPU)
    data[START] = 0x05
    data[START + 1] = START
    assert read(bytes(data)) is None
