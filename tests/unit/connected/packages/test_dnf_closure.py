"""Closures by the real dnf over real signed repositories, and what a build refuses of them."""

import json
import re

import pytest

from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.adapters.fetch import Fetcher
from graphistry_airgap.connected.packages import dnf_closure
from graphistry_airgap.connected.packages.closure import KernelRoots, Wanted
from graphistry_airgap.connected.packages.dnf_closure import DnfClosure
from graphistry_airgap.connected.packages.dnf_metadata import DnfMetadata
from graphistry_airgap.connected.spec import RepositorySpec
from graphistry_airgap.core.errors import HostEnvironmentError, InputError
from graphistry_airgap.knowledge.platforms import PLATFORMS
from tests.kit.bundles.dnf_repository import KERNEL, DnfRepository, el9_like
from tests.kit.bundles.openpgp_keys import LONG_AGO

RHEL_9 = PLATFORMS["rhel-9"]
pytestmark = pytest.mark.subprocesses

NOTHING_MORE = Wanted()
DRIVER = {"driver": ("nvidia-driver-cuda", "nvidia-persistenced"), "driver-open": ("kmod-nvidia-open-dkms",)}
ROOTS = KernelRoots(f"kernel-core-{KERNEL}", {f"headers-{KERNEL}": (f"kernel-devel-{KERNEL}",)})


@pytest.fixture(scope="module")
def published(keys, tmp_path_factory):
    return el9_like(tmp_path_factory.mktemp("el9") / "appstream", keys)


@pytest.fixture
def repository(published, tmp_path):
    """A copy that a test may spoil."""
    return published.copy(tmp_path / "appstream")


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "the cache")


@pytest.fixture
def resolver(cache):
    def make(*, offline=False):
        fetcher = Fetcher(cache, offline=offline, pause=0)
        return DnfClosure(cache, DnfMetadata(cache, fetcher), fetcher)

    return make


def spec(repository, **changed):
    defaults = {
        "name": repository.path.name,
        "written_uri": "file:written",
        "uri": f"file:{repository.path}",
        "keys": (repository.path / "key.asc",),
    }
    return RepositorySpec(**{**defaults, **changed})


def names(group):
    return [f"{package.name}-{package.version}.{package.architecture}" for package in group]


def refused(resolver, *specs, wanted=NOTHING_MORE):
    with pytest.raises(InputError) as caught:
        resolver().resolve(RHEL_9, specs, wanted)
    assert caught.value.exit_code == 2
    return caught.value


def fetch(resolver, closure, name):
    return resolver().fetch(*next(pair for pair in closure.sources() if pair[0].name == name))


def test_closure_is_what_each_group_needs_beyond_the_base(resolver, keys, published):
    closure = resolver().resolve(RHEL_9, [spec(published)], NOTHING_MORE)
    assert {group: names(packages) for group, packages in closure.groups.items()} == {
        "python": ["python3.12-3.12.9-1.el9.x86_64", "python3.12-libs-3.12.9-1.el9.x86_64"],
        "docker": [
            "container-selinux-3:2.229.0-1.el9.x86_64",
            "containerd.io-1.7.22-1.el9.x86_64",
            "docker-ce-3:26.1.5-1.el9.x86_64",
            "docker-ce-cli-1:26.1.5-1.el9.x86_64",
            "docker-compose-plugin-2.26.1-1.el9.x86_64",
        ],
        "toolkit": ["nvidia-container-toolkit-1.18.0-1.x86_64"],
    }
    (resolved,) = closure.repositories
    assert resolved.fingerprints == (keys.fingerprint("signer"),)
    kinds = sorted(blob.path.rpartition("-")[2] for blob in resolved.metadata)
    assert kinds == [
        "filelists.xml.gz",
        "modules.yaml.gz",
        "primary.xml.gz",
        "repodata/repomd.xml",
        "repodata/repomd.xml.asc",
    ]


def test_headers_come_without_their_kernel(resolver, published):
    closure = resolver().resolve(RHEL_9, [spec(published)], Wanted(kernels={KERNEL: ROOTS}))
    assert names(closure.groups[f"headers-{KERNEL}"]) == [
        "gcc-11.5.0-1.el9.x86_64",
        "kernel-devel-5.14.0-503.el9.x86_64",
    ]
    assert closure.kernel_images == {KERNEL: "5.14.0-503.el9"}


@pytest.mark.parametrize(("modules", "version"), [((), "580"), (("nvidia-driver:590-open",), "590")])
def test_the_stream_decides_which_driver_is_seen(resolver, published, modules, version):
    closure = resolver().resolve(RHEL_9, [spec(published)], Wanted(groups=DRIVER, modules=modules))
    assert f"kmod-nvidia-open-dkms-{version}.95.05-1.el9.x86_64" in names(closure.groups["driver-open"])
    assert closure.modules == modules


STREAMS = ["nvidia-driver:580-open", "nvidia-driver:590-open"]


@pytest.mark.parametrize(
    ("modules", "there"), [(["nvidia-driver:999"], STREAMS), (["postgresql:16"], []), (STREAMS, STREAMS)]
)
def test_streams_that_cannot_be_enabled(resolver, published, modules, there):
    """One that is not there, a module that is not there, two of one module."""
    error = refused(resolver, spec(published), wanted=Wanted(modules=tuple(modules)))
    assert error.code == "module-unavailable"
    assert error.details == {"streams": there}


def test_a_kernel_that_is_gone(resolver, published):
    gone = "5.14.0-400.el9.x86_64"
    roots = KernelRoots(f"kernel-core-{gone}", {f"headers-{gone}": (f"kernel-devel-{gone}",)})
    error = refused(resolver, spec(published), wanted=Wanted(kernels={gone: roots}))
    assert error.code == "kernel-unavailable"
    assert error.details["missing"] == [f"kernel-devel-{gone}", f"kernel-core-{gone}"]
    assert error.details["nearest"] == [f"kernel-devel-{KERNEL}"]


def test_what_conflicts_is_said(resolver, keys, published, tmp_path):
    podman = DnfRepository(tmp_path / "podman", keys)
    podman.add("runc", conflicts="containerd.io")
    podman.publish()
    wanted = Wanted(groups={"more": ("runc", "containerd.io")})
    error = refused(resolver, spec(published), spec(podman), wanted=wanted)
    assert error.code == "package-unresolvable"
    assert "runc, containerd.io cannot be resolved" in error.message
    assert "conflicts with containerd.io" in error.message


def test_what_is_missing_is_said(resolver, published):
    error = refused(resolver, spec(published), wanted=Wanted(groups={"more": ("zfs",)}))
    assert error.code == "package-unresolvable"
    assert error.details == {"packages": ["zfs"]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[: len(text) // 2], "dnf does not accept"),
        (lambda text: text.replace(b'href="Packages/', b'href="../Packages/'), "outside of the repository"),
        (lambda text: text.replace(b"<name>docker-ce<", b"<name>../../docker-ce<"), "do not belong there"),
        (lambda text: text.replace(b'ver="1.7.22"', b'ver="1.7.22&#10;x"'), "do not belong there"),
        (lambda text: re.sub(rb'"sha256"( pkgid="YES">.{40})[0-9a-f]{24}', rb'"sha1"\1', text), "not sha256"),
    ],
)
def test_package_lists_that_cannot_be_used(resolver, repository, change, said):
    """Signed by the vendor all the same."""
    repository.rewrite_primary(change)
    error = refused(resolver, spec(repository))
    assert error.code == "repository-metadata"
    assert said in error.message


def test_a_repository_without_the_base(resolver, keys, tmp_path):
    docker = DnfRepository(tmp_path / "docker", keys)
    docker.add("docker-ce")
    error = refused(resolver, spec(docker.publish()))
    assert error.code == "platform-base-missing"
    assert "BaseOS" in error.hint


def test_of_equal_packages_the_first_repository_s_is_taken(resolver, published, tmp_path):
    second = published.copy(tmp_path / "mirror")
    closure = resolver().resolve(RHEL_9, [spec(second), spec(published)], NOTHING_MORE)
    assert {package.repository for package in closure.packages} == {"mirror"}


def test_fetched_package_is_signed_by_a_key_of_the_spec(resolver, keys, published, cache):
    closure = resolver().resolve(RHEL_9, [spec(published)], NOTHING_MORE)
    assert fetch(resolver, closure, "docker-ce") == (keys.fingerprint("signer"),)
    package = next(one for one in closure.packages if one.name == "docker-ce")
    assert cache.find(package.sha256, package.size).read_bytes() == published.rpm("docker-ce").read_bytes()


@pytest.mark.parametrize(
    "case",
    [
        (None, "it carries no signature"),
        ("stranger", "a key that the spec does not name"),
        ("expired", "the key that signed it is expired"),
    ],
)
def test_package_that_no_usable_key_has_signed(resolver, keys, tmp_path, published, case):
    signer, said = case
    docker = DnfRepository(tmp_path / "docker", keys)
    docker.add("nvidia-container-toolkit", "2")
    docker.build()
    if signer:
        docker.sign_packages(signer, at=LONG_AGO if signer == "expired" else None)
    docker.index()
    (tmp_path / "old.gpg").write_bytes(keys.public("expired"))
    docker_spec = spec(docker, keys=(docker.path / "key.asc", tmp_path / "old.gpg"))
    closure = resolver().resolve(RHEL_9, [spec(published), docker_spec], NOTHING_MORE)
    with pytest.raises(InputError, match=said) as caught:
        fetch(resolver, closure, "nvidia-container-toolkit")
    assert caught.value.code == "package-signature"


def test_offline_resolves_and_fetches_from_the_cache_alone(resolver, repository, tmp_path):
    first = resolver().resolve(RHEL_9, [spec(repository)], NOTHING_MORE)
    signers = fetch(resolver, first, "docker-ce")
    key = repository.path / "key.asc"
    (tmp_path / "key.asc").write_bytes(key.read_bytes())
    repository.path.rename(tmp_path / "gone")
    again = spec(repository, keys=(tmp_path / "key.asc",))
    offline = resolver(offline=True)
    assert offline.resolve(RHEL_9, [again], NOTHING_MORE).groups == first.groups
    package = next(one for one in first.packages if one.name == "docker-ce")
    assert offline.fetch(package, again) == signers


def test_a_build_machine_without_dnf(resolver, published, monkeypatch):
    monkeypatch.setattr(dnf_closure, "PYTHON", "/nowhere/python3")
    with pytest.raises(HostEnvironmentError) as caught:
        resolver().resolve(RHEL_9, [spec(published)], NOTHING_MORE)
    assert caught.value.exit_code == 5
    assert "python3-dnf" in caught.value.hint


def test_nothing_of_this_machine_s_dnf_is_used(resolver, published, monkeypatch, tmp_path):
    """A home with macros that break every rpm, and variables that would add repositories."""
    (tmp_path / ".rpmmacros").write_text("%_dbpath /nowhere\n%_pkgverify_level none\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    closure = resolver().resolve(RHEL_9, [spec(published)], NOTHING_MORE)
    fetch(resolver, closure, "docker-ce")
    assert json.dumps([str(path) for path in tmp_path.glob("*dnf*")]) == "[]"
