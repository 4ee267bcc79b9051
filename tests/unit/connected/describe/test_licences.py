"""Which packages of a bundle get a note that they are not free to pass on."""

import pytest

from graphistry_airgap.connected.describe.licences import licence_notes
from graphistry_airgap.connected.packages.apt_release import Package
from graphistry_airgap.connected.packages.closure import Closure


@pytest.mark.parametrize(
    ("name", "filename", "noted"),
    [
        ("nvidia-driver", "pool/non-free/n/nvidia-graphics-drivers/nvidia-driver_550_amd64.deb", True),
        (
            "nvidia-driver",
            "pool/updates/non-free/n/nvidia-graphics-drivers/nvidia-driver_550_amd64.deb",
            True,
        ),
        (
            "nvidia-open-kernel-dkms",
            "pool/contrib/n/nvidia-open/nvidia-open-kernel-dkms_550_amd64.deb",
            False,
        ),
        ("firmware-nvidia-gsp", "pool/non-free-firmware/f/firmware-nvidia-gsp_550_all.deb", True),
        ("dkms", "pool/main/d/dkms/dkms_3_all.deb", False),
        ("nvidia-driver-cuda", "nvidia-driver-cuda-580.95.05-1.el9.x86_64.rpm", True),
        ("kmod-nvidia-open-dkms", "kmod-nvidia-open-dkms-580.95.05-1.el9.noarch.rpm", False),
        ("libnvidia-container1", "./libnvidia-container1_1.18.0-1_amd64.deb", False),
        ("kernel-devel", "Packages/k/kernel-devel-5.14.0-503.el9.x86_64.rpm", False),
    ],
)
def test_what_is_not_free_is_noted(name, filename, noted):
    package = Package(name, "1", "amd64", "repository", filename, 1, "0" * 64)
    notes = licence_notes({"platform": Closure((), {"driver": (package,)})}, {})
    assert [note["packages"] for note in notes] == [[name]] * noted
