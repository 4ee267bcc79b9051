"""Closures over repositories without module streams, as of EL 10: branches by version, packages by kernel."""

import pytest

from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.adapters.fetch import Fetcher
from graphistry_airgap.connected.packages.closure import KernelRoots, Wanted
from graphistry_airgap.connected.packages.dnf_closure import DnfClosure
from graphistry_airgap.connected.packages.dnf_metadata import DnfMetadata
from graphistry_airgap.connected.packages.driver import driver_roots, resolved_driver
from graphistry_airgap.connected.spec import DriverSpec, RepositorySpec
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.knowledge.platforms import PLATFORMS
from tests.kit.bundles.dnf_repository import DnfRepository

pytestmark = [pytest.mark.subprocesses, pytest.mark.lengthy]

RHEL_10 = PLATFORMS["rhel-10"]
KERNEL, NEXT = "6.12.0-55.9.1.el10_0.x86_64", "6.12.0-124.8.1.el10_1.x86_64"


@pytest.fixture(scope="module")
def published(keys, tmp_path_factory):
    repository = DnfRepository(tmp_path_factory.mktemp("el10") / "appstream", keys)
    for name in (*RHEL_10.base, *RHEL_10.groups["docker"], *RHEL_10.groups["toolkit"]):
        repository.add(name, **({"requires": "python3"} if name == "dnf" else {}))
    repository.add("python3", "3.12.9")
    for kernel in (KERNEL, NEXT):
        version, _, release = kernel.removesuffix(".x86_64").partition("-")
        exact = f"= {version}-{release}"
        repository.add("kernel-core", version, release, requires="linux-firmware")
        repository.add("kernel-modules", version, release, requires=f"kernel-core {exact}")
        repository.add("kernel-modules-extra", version, release, requires=f"kernel-modules {exact}")
        repository.add("kernel-devel", version, release)
        needs = f"kernel-devel {exact}, kernel-core {exact}"
        repository.add("kernel-devel-matched", version, release, requires=needs)
    repository.add("linux-firmware")
    repository.add("dkms", "3.2")
    for version in ("580.95.05", "580.126.20", "595.71.05"):
        repository.add("kmod-nvidia-open-dkms", version, requires=f"nvidia-driver-cuda = {version}, dkms")
        repository.add("nvidia-driver-cuda", version, requires="libnvidia-ml")
        repository.add("nvidia-persistenced", version)
        repository.add("libnvidia-ml", version)
    return repository.publish()


@pytest.fixture
def resolved_by(tmp_path):
    def resolved(repository, wanted):
        fetcher = Fetcher(Cache(tmp_path / "cache"), offline=False, pause=0)
        key = (repository.path / "key.asc",)
        spec = RepositorySpec("appstream", "file:written", f"file:{repository.path}", key)
        closure = DnfClosure(fetcher.cache, DnfMetadata(fetcher.cache, fetcher), fetcher)
        return closure.resolve(RHEL_10, [spec], wanted)

    return resolved


@pytest.fixture
def resolve(published, resolved_by):
    return lambda wanted: resolved_by(published, wanted)


def names(group):
    return [f"{package.name}-{package.version}" for package in group]


def driver(branch):
    return driver_roots(load_knowledge(), "rhel-10", DriverSpec(branch, ("open",), (), ()))


@pytest.mark.parametrize(("branch", "version"), [("580", "580.126.20"), ("595", "595.71.05")])
def test_of_branches_under_the_same_names_the_wanted_one_comes(resolve, branch, version):
    roots = driver(branch)
    closure = resolve(Wanted(groups=roots.groups, driver_branch=branch))
    assert names(closure.groups["driver-open"]) == [
        "dkms-3.2-1.el9",
        *(
            f"{one}-{version}-1.el9"
            for one in ("kmod-nvidia-open-dkms", "libnvidia-ml", "nvidia-driver-cuda")
        ),
    ]
    assert resolved_driver(roots, closure).version == version


def test_a_branch_that_the_repositories_lack_is_no_other_one(resolve):
    closure = resolve(Wanted(groups=driver("580").groups, driver_branch="570"))
    roots = driver("580")
    with pytest.raises(InputError) as caught:
        resolved_driver(roots, closure)
    assert caught.value.code == "driver-branch-changed"
    assert "595.71.05" in caught.value.message


@pytest.mark.parametrize("names", [("kmod-nvidia-open-dkms",), ("dkms",)])
def test_without_epel_it_is_said_where_dkms_is(published, tmp_path, resolved_by, names):
    """As a driver's dependency, and asked for by itself (for a guest driver)."""
    poor = published.copy(tmp_path / "appstream")
    poor.rpm("dkms").unlink()
    poor.index()
    with pytest.raises(InputError) as caught:
        resolved_by(poor, Wanted(groups={"more": names}))
    assert caught.value.code == "package-unresolvable"
    assert "dkms is in EPEL 10, which itself needs CRB" in caught.value.hint


def test_what_is_part_of_the_base_is_not_brought(resolve):
    """The platform's own Python runs the tool, and dnf is not there without it."""
    assert resolve(Wanted()).groups["python"] == ()


def test_each_kernel_has_groups_of_its_own_and_none_brings_a_kernel(resolve):
    kernels = {
        kernel: KernelRoots(
            f"kernel-core-{kernel}",
            {
                f"docker-{kernel}": (f"kernel-modules-extra-{kernel}",),
                f"headers-{kernel}": (f"kernel-devel-{kernel}", f"kernel-devel-matched-{kernel}"),
            },
        )
        for kernel in (KERNEL, NEXT)
    }
    closure = resolve(Wanted(kernels=kernels))
    for kernel in kernels:
        evr = kernel.removesuffix(".x86_64")
        extra = [f"kernel-modules-{evr}", f"kernel-modules-extra-{evr}"]
        assert names(closure.groups[f"docker-{kernel}"]) == extra
        assert names(closure.groups[f"headers-{kernel}"]) == [
            f"kernel-devel-{evr}",
            f"kernel-devel-matched-{evr}",
        ]
        assert closure.kernel_images[kernel] == evr


def test_a_kernel_whose_package_for_docker_is_gone_is_refused_by_its_name(resolve):
    gone = "6.12.0-1.el10.x86_64"
    roots = KernelRoots(f"kernel-core-{KERNEL}", {f"docker-{gone}": (f"kernel-modules-extra-{gone}",)})
    with pytest.raises(InputError) as caught:
        resolve(Wanted(kernels={gone: roots}))
    assert caught.value.code == "kernel-unavailable"
    assert caught.value.details["missing"] == [f"kernel-modules-extra-{gone}"]
    assert f"kernel-modules-extra-{KERNEL}" in caught.value.hint
