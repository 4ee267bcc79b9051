"""From a driver branch to package names, by the knowledge that the tool ships."""

import pytest

from graphistry_airgap.connected.packages.closure import KernelRoots
from graphistry_airgap.connected.packages.driver import driver_roots, other_kernel_notes, wanted_packages
from graphistry_airgap.connected.packages.versions import upstream_version
from graphistry_airgap.connected.spec import DriverSpec, PlatformSpec
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.knowledge.platforms import PLATFORMS

EL_10, UEK = "6.12.0-55.9.1.el10_0.x86_64", "6.12.0-100.28.2.el10uek.x86_64"


def of_kernels(platform, *kernels, driver=None, **known):
    spec = PlatformSpec((), (), driver, None, kernels=kernels)
    return wanted_packages(load_knowledge(), PLATFORMS[platform], spec, None, **known).kernels


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


def test_each_kernel_of_el_10_brings_what_docker_needs_and_headers_where_a_driver_is_asked_for():
    docker = {f"docker-{EL_10}": (f"kernel-modules-extra-{EL_10}",)}
    headers = {f"headers-{EL_10}": (f"kernel-devel-{EL_10}", f"kernel-devel-matched-{EL_10}")}
    image = f"kernel-core-{EL_10}"
    driver = DriverSpec("580", ("open",), (), ())
    assert of_kernels("rhel-10", EL_10) == {EL_10: KernelRoots(image, docker)}
    assert of_kernels("rhel-10", EL_10, driver=driver) == {EL_10: KernelRoots(image, docker | headers)}
    # a known host's counts as one that is named, and one with headers needs none
    assert of_kernels("rhel-10", running=[EL_10], driver=driver) == {EL_10: KernelRoots(image, docker)}


def test_modules_that_are_ready_made_are_brought_for_a_known_host_with_headers_too():
    kernel = "6.8.0-45-generic"
    driver = DriverSpec("580", ("open",), (), (), "Ubuntu")
    assert [*of_kernels("debian-13", running=[kernel], driver=DriverSpec("550", ("open",), (), ()))] == []
    (roots,) = of_kernels("ubuntu-24.04", running=[kernel], driver=driver).values()
    (names,) = roots.prebuilt.values()
    assert names[-1] == f"linux-modules-nvidia-580-server-open-{kernel}"


def test_a_kernel_that_needs_nothing_of_its_own_is_not_looked_for():
    assert of_kernels("rhel-9", "5.14.0-503.el9.x86_64") == {}


@pytest.mark.parametrize("platform", ["rhel-8", "rhel-9", "rhel-10"])
def test_oracle_s_own_kernel_has_headers_of_another_name_and_nothing_guessed_beside_them(platform):
    driver = DriverSpec("580", ("open",), (UEK,), ())
    roots = KernelRoots(f"kernel-uek-core-{UEK}", {f"headers-{UEK}": (f"kernel-uek-devel-{UEK}",)})
    assert of_kernels(platform, driver=driver) == {UEK: roots}


def test_a_build_says_what_it_does_not_know_of_a_kernel():
    spec = PlatformSpec((), (), None, None, kernels=(UEK, EL_10))
    (note,) = other_kernel_notes(load_knowledge(), PLATFORMS["rhel-10"], spec)
    assert UEK in note
    assert "Unbreakable" in note
    assert other_kernel_notes(load_knowledge(), PLATFORMS["rhel-9"], spec) == []
