"""The operator's vGPU files: what is no guest driver for the platform, or not the pinned file, is refused."""

import pytest

from graphistry_airgap.connected.spec import PinnedPath, VgpuSpec
from graphistry_airgap.connected.vgpu.files import VgpuFiles
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.knowledge.platforms import PLATFORMS
from tests.kit.bundles.guest_drivers import guest_deb, guest_run, sha256, token

DEBIAN_13 = PLATFORMS["debian-13"]
RHEL_9 = PLATFORMS["rhel-9"]
pytestmark = pytest.mark.subprocesses


def open_files(driver=None, token=None, *, sha="right", trust=False, platform=DEBIAN_13):
    def pinned(path):
        digest = sha256(path) if sha == "right" else sha
        return PinnedPath(path.name, path, digest)

    spec = VgpuSpec(driver and pinned(driver), token and pinned(token), (), ())
    return VgpuFiles().open(spec, platform, trust_on_first_use=trust)


def refused(*paths, **options):
    with pytest.raises(InputError) as caught:
        open_files(*paths, **options)
    assert caught.value.exit_code == 2
    assert caught.value.hint
    return caught.value


def test_deb_and_token(tmp_path):
    found = open_files(guest_deb(tmp_path), token(tmp_path))
    assert found.entry("debian-13") == {
        "driver": {
            "path": "vgpu/debian-13/nvidia-linux-grid-580_580.95.05_amd64.deb",
            "kind": "deb",
            "version": "580.95.05",
        },
        "token": {"path": "vgpu/debian-13/client_configuration_token.tok"},
    }


def test_run(tmp_path):
    driver = open_files(guest_run(tmp_path)).driver
    assert (driver.kind, driver.version) == ("run", "580.95.05")


@pytest.mark.parametrize(
    ("platform", "name", "taken"),
    [
        (RHEL_9, "nvidia-linux-grid-580-580.95.05-1.x86_64.rpm", ".run"),
        (RHEL_9, "nvidia-linux-grid-580_580.95.05_amd64.deb", ".run"),
        (DEBIAN_13, "nvidia-linux-grid-580-580.95.05-1.x86_64.rpm", ".deb or .run"),
        (DEBIAN_13, "NVIDIA-GRID.zip", ".deb or .run"),
    ],
)
def test_a_kind_that_no_host_of_the_platform_could_install(tmp_path, platform, name, taken):
    """Told when the bundle is built, not on the host."""
    (tmp_path / name).write_bytes(b"whatever NVIDIA has in it")
    error = refused(tmp_path / name, platform=platform)
    assert error.code == "vgpu-driver-kind"
    assert f"take the {taken} file" in error.hint


def test_a_run_file_is_for_every_platform(tmp_path):
    assert open_files(guest_run(tmp_path), platform=RHEL_9).driver.kind == "run"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda folder: guest_deb(folder, architecture="arm64"), "vgpu-driver-architecture"),
        (lambda folder: guest_deb(folder, name="nvidia-vgpu-ubuntu-580"), "vgpu-driver-unreadable"),
        (lambda folder: guest_deb(folder, version="1-r580"), "vgpu-driver-unreadable"),
        (
            lambda folder: guest_run(folder, "NVIDIA-Linux-aarch64-580.95.05-grid.run"),
            "vgpu-driver-architecture",
        ),
        (
            lambda folder: guest_run(folder, "NVIDIA-Linux-x86_64-580.95.05-vgpu-kvm.run"),
            "vgpu-driver-unreadable",
        ),
        (lambda folder: guest_run(folder, "NVIDIA-Linux-x86_64-580.95.05.run"), "vgpu-driver-unreadable"),
        (lambda folder: guest_run(folder, "driver.run"), "vgpu-driver-unreadable"),
        (lambda folder: guest_run(folder, "nvidia grid.deb"), "vgpu-driver-unreadable"),
        (lambda folder: guest_run(folder, "grid.deb"), "vgpu-driver-unreadable"),
    ],
)
def test_not_a_guest_driver_for_the_platform(tmp_path, make, code):
    assert refused(make(tmp_path)).code == code


def test_pin_that_does_not_fit(tmp_path):
    assert refused(guest_run(tmp_path), sha="0" * 64).code == "vgpu-file-changed"


def test_no_pin_names_the_one_to_write_and_can_be_waived(tmp_path):
    path = guest_run(tmp_path)
    error = refused(path, sha=None)
    assert (error.code, error.details["sha256"]) == ("vgpu-file-unpinned", sha256(path))
    assert not open_files(path, sha=None, trust=True).driver.file.pinned


@pytest.mark.parametrize("name", ["none.deb", "."])
def test_absent_file(tmp_path, name):
    assert refused(tmp_path / name, sha="0" * 64).code == "vgpu-file-missing"
