"""From a driver branch to package names, by the knowledge that the tool ships."""

import pytest

from graphistry_airgap.connected.packages.driver import driver_roots
from graphistry_airgap.connected.packages.versions import upstream_version
from graphistry_airgap.connected.spec import DriverSpec
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.knowledge.platforms import PLATFORMS


def roots(platform, branch, *modules):
    return driver_roots(load_knowledge(), platform, DriverSpec(branch, modules, (), ()))


def test_only_the_modules_that_were_asked_for():
    found = roots("debian-13", "550", "open")
    assert found.groups["driver-open"] == ("nvidia-open-kernel-dkms", "openssl")
    assert "driver-proprietary" not in found.groups
    assert "nvidia-smi" in found.groups["driver"]


@pytest.mark.parametrize(
    ("platform", "branch", "modules", "code"),
    [
        ("debian-13", "999", "open", "driver-branch-unknown"),
        ("plan-9", "550", "open", "driver-branch-unknown"),
        ("rhel-9", "590", "proprietary", "driver-modules-unknown"),
    ],
)
def test_what_is_not_known(platform, branch, modules, code):
    with pytest.raises(InputError) as caught:
        roots(platform, branch, modules)
    assert (caught.value.exit_code, caught.value.code) == (2, code)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_has_a_branch_and_names_for_kernels(platform):
    known = load_knowledge()["drivers"]["platforms"][platform]
    assert known["branches"]
    assert "{kernel}" in known["headers"]
    assert known["kernel_image"]


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("550.163.01-2", "550.163.01"),
        ("580.126.20-0ubuntu0.24.04.1", "580.126.20"),
        ("3:575.57.08-1.el9", "575.57.08"),
        ("550.163.01", "550.163.01"),
        ("550", ""),
        ("git550.1", ""),
        ("", ""),
    ],
)
def test_nvidias_own_version(version, upstream):
    assert upstream_version(version) == upstream
