from dataclasses import replace

import pytest

from graphistry_airgap.bundle.driver import headers_group
from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.adapters.fetch import Fetcher
from graphistry_airgap.connected.packages.apt_closure import AptClosure
from graphistry_airgap.connected.packages.apt_metadata import AptMetadata
from graphistry_airgap.connected.packages.closure import KernelRoots, Wanted
from graphistry_airgap.connected.spec import RepositorySpec
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.knowledge.platforms import PLATFORMS
from tests.kit.bundles.apt_repository import KERNEL, AptRepository, add_driver, add_kernel, debian_like
from tests.kit.bundles.guest_drivers import carried, guest_deb

DEBIAN_13 = PLATFORMS["debian-13"]
DEBIAN_12 = PLATFORMS["debian-12"]
pytestmark = pytest.mark.subprocesses

NOTHING_MORE = Wanted()


# another platform with one group
TOOLKIT = replace(DEBIAN_13, groups={"toolkit": ("nvidia-container-toolkit",)})


@pytest.fixture
def cache(tmp_path):
    # source lists cannot take blanks
    return Cache(tmp_path / "the cache")


@pytest.fixture
def resolver(cache):
    def make(*, offline=False):
        fetcher = Fetcher(cache, offline=offline, pause=0)
        return AptClosure(cache, AptMetadata(cache, fetcher), fetcher)

    return make


def spec(repository, **changed):
    defaults = {
        "name": repository.path.name,
        "written_uri": "file:written",
        "uri": f"file:{repository.path}",
        "suite": "/" if repository.flat else repository.suite,
        "components": () if repository.flat else ("main",),
        "keys": (repository.path / "key.gpg",),
        "allow_expired": False,
    }
    return RepositorySpec(**{**defaults, **changed})


def names(group):
    return [f"{package.name}={package.version}" for package in group]


def refused(resolver, *specs, platform=DEBIAN_13, wanted=NOTHING_MORE):
    with pytest.raises(InputError) as caught:
        resolver().resolve(platform, specs, wanted)
    assert caught.value.exit_code == 2
    return caught.value


def test_closure_is_what_each_group_needs_beyond_the_base(resolver, keys, tmp_path):
    closure = resolver().resolve(DEBIAN_13, [spec(debian_like(tmp_path / "debian", keys))], NOTHING_MORE)
    assert {group: names(packages) for group, packages in closure.groups.items()} == {
        "python": ["libpython3-stdlib=3.13.5-1", "python3=3.13.5-1", "python3-apt=3.0.0"],
        "docker": ["docker-cli=26.1.5", "docker-compose=1:2.26.1-4", "docker.io=26.1.5", "iptables=1.8.11-2"],
        "toolkit": ["nvidia-container-toolkit=1.18.0-1"],
    }
    (repository,) = closure.repositories
    assert repository.fingerprints == (keys.fingerprint("signer"),)
    assert [blob.path for blob in repository.metadata] == [
        "dists/stable/InRelease",
        "dists/stable/main/binary-amd64/Packages.xz",
    ]


def test_fetched_package_is_the_one_that_the_index_names(resolver, keys, tmp_path, cache):
    repository = debian_like(tmp_path / "debian", keys)
    closure = resolver().resolve(DEBIAN_13, [spec(repository)], NOTHING_MORE)
    package, source = next(pair for pair in closure.sources() if pair[0].name == "docker-compose")
    assert package.filename == "pool/main/docker-compose_1%3a2.26.1-4_amd64.deb"
    resolver().fetch(package, source)
    assert cache.find(package.sha256, package.size).read_bytes() == b"docker-compose 1:2.26.1-4"


def test_two_repositories_one_of_them_flat(resolver, keys, tmp_path):
    debian = debian_like(tmp_path / "debian", keys)
    nvidia = AptRepository(tmp_path / "nvidia", keys, flat=True)
    nvidia.add("nvidia-container-toolkit", "9", depends="libnvidia-container1")
    nvidia.add("libnvidia-container1", "9", depends="libc6")
    nvidia.publish(signer="second")
    closure = resolver().resolve(DEBIAN_13, [spec(debian), spec(nvidia)], NOTHING_MORE)
    assert names(closure.groups["toolkit"]) == ["libnvidia-container1=9", "nvidia-container-toolkit=9"]
    assert {package.repository for package in closure.groups["toolkit"]} == {"nvidia"}
    assert closure.repositories[1].fingerprints == (keys.fingerprint("second"),)
    resolver().fetch(*next(pair for pair in closure.sources() if pair[0].name == "libnvidia-container1"))


DOCKERS_OWN = ("docker-ce", "docker-ce-cli", "containerd.io", "docker-compose-plugin")


@pytest.mark.parametrize(
    ("held", "taken"),
    [
        (DOCKERS_OWN, {*DOCKERS_OWN}),
        (DOCKERS_OWN[3:], {"docker-compose-plugin", "docker.io", "iptables"}),
    ],
)
def test_dockers_own_packages_are_taken_where_a_repository_has_them_all(
    resolver, keys, tmp_path, held, taken
):
    """And with the plugin alone, Debian's docker.io, that has none on Debian 12."""
    docker = AptRepository(tmp_path / "docker", keys)
    for name in held:
        docker.add(name, "5:28.5.1-1~debian.12~bookworm", depends="libc6")
    docker.publish()
    debian = debian_like(tmp_path / "debian", keys)
    closure = resolver().resolve(DEBIAN_12, [spec(debian), spec(docker)], NOTHING_MORE)
    assert {package.name for package in closure.groups["docker"]} == taken
    assert {package.name for package in closure.groups["docker"] if package.repository == "docker"} == {*held}


def test_a_platform_without_compose_plugin_says_what_is_missing(resolver, keys, tmp_path):
    error = refused(resolver, spec(debian_like(tmp_path / "debian", keys)), platform=DEBIAN_12)
    assert error.code == "package-unresolvable"
    assert "docker-compose-plugin" in error.message
    assert "repository" in error.hint


def test_armored_keyring_is_made_binary(resolver, keys, tmp_path, cache):
    repository = debian_like(tmp_path / "debian", keys)
    (tmp_path / "key.asc").write_bytes(keys.public("signer", armored=True))
    closure = resolver().resolve(DEBIAN_13, [spec(repository, keys=(tmp_path / "key.asc",))], NOTHING_MORE)
    stored = cache.find(closure.repositories[0].keyring.sha256)
    assert stored.read_bytes() == keys.public("signer")


def test_offline_resolves_from_the_cache_alone(resolver, keys, tmp_path):
    repository = debian_like(tmp_path / "debian", keys)
    first = resolver().resolve(DEBIAN_13, [spec(repository)], NOTHING_MORE)
    (repository.path / "dists").rename(tmp_path / "gone")
    assert resolver(offline=True).resolve(DEBIAN_13, [spec(repository)], NOTHING_MORE) == first


def test_unresolvable_package_comes_with_apts_words(resolver, keys, tmp_path):
    repository = debian_like(tmp_path / "debian", keys)
    repository.add("nvidia-container-toolkit", "2", depends="libnvidia-container1")
    repository.publish()
    error = refused(resolver, spec(repository))
    assert error.code == "package-unresolvable"
    assert "libnvidia-container1" in error.message
    assert "nvidia-container-toolkit" in error.message


def test_repository_without_the_base(resolver, keys, tmp_path):
    repository = AptRepository(tmp_path / "nvidia", keys)
    repository.add("nvidia-container-toolkit", "2")
    repository.publish()
    assert refused(resolver, spec(repository), platform=TOOLKIT).code == "platform-base-missing"


def test_key_of_somebody_else(resolver, keys, tmp_path):
    repository = debian_like(tmp_path / "debian", keys)
    (repository.path / "key.gpg").write_bytes(keys.public("stranger"))
    assert refused(resolver, spec(repository)).code == "repository-signature"


def test_changed_metadata(resolver, keys, tmp_path):
    repository = debian_like(tmp_path / "debian", keys)
    inrelease = repository.path / "dists/stable/InRelease"
    inrelease.write_text(inrelease.read_text().replace("Suite: stable", "Suite: stolen"))
    assert refused(resolver, spec(repository)).code == "repository-signature"


def test_expired_metadata_stops_unless_allowed_or_offline(resolver, keys, tmp_path):
    repository = debian_like(tmp_path / "debian", keys)
    repository.publish(extra="Valid-Until: Fri, 20 Nov 2020 08:00:00 UTC\n")
    error = refused(resolver, spec(repository))
    assert (error.code, "allow_expired" in error.hint) == ("repository-expired", True)
    assert resolver().resolve(DEBIAN_13, [spec(repository, allow_expired=True)], NOTHING_MORE).groups
    assert resolver(offline=True).resolve(DEBIAN_13, [spec(repository)], NOTHING_MORE).groups


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"components": ("contrib",)}, "component-missing"),
        ({"suite": "testing"}, "uri-refused"),
        ({"keys": "none.gpg"}, "keyring-unreadable"),
    ],
)
def test_wrong_spec(resolver, keys, tmp_path, changed, code):
    repository = debian_like(tmp_path / "debian", keys)
    if "keys" in changed:
        changed = {"keys": (tmp_path / changed["keys"],)}
    assert refused(resolver, spec(repository, **changed)).code == code


def with_driver(tmp_path, keys):
    repository = debian_like(tmp_path / "debian", keys)
    add_driver(repository)
    add_kernel(repository)
    add_kernel(repository, "6.12.115+deb13-cloud-amd64", "6.12.115-1")
    add_kernel(repository, "6.12.115+deb13-amd64", "6.12.115-1")
    repository.publish()
    return repository


def kernel(name):
    roots = KernelRoots(f"linux-image-{name}", {headers_group(name): (f"linux-headers-{name}",)})
    return Wanted(kernels={name: roots})


def test_headers_come_without_the_kernel_image_and_what_only_that_needs(resolver, keys, tmp_path):
    closure = resolver().resolve(DEBIAN_13, [spec(with_driver(tmp_path, keys))], kernel(KERNEL))
    assert names(closure.groups[f"headers-{KERNEL}"]) == [
        f"linux-headers-{KERNEL}=6.12.117-1",
        f"linux-kbuild-{KERNEL}=6.12.117-1",
    ]
    assert closure.kernel_images == {KERNEL: "6.12.117-1"}
    union = {package.name for package in closure.packages}
    assert not [name for name in union if name.startswith("linux-image")]
    assert not union & {"kmod", "linux-base", "initramfs-tools"}


def test_kernels_do_not_see_each_others_images(resolver, keys, tmp_path):
    repository = with_driver(tmp_path, keys)
    both = Wanted(kernels=kernel(KERNEL).kernels | kernel("6.12.115+deb13-amd64").kernels)
    closure = resolver().resolve(DEBIAN_13, [spec(repository)], both)
    alone = resolver().resolve(DEBIAN_13, [spec(repository)], kernel("6.12.115+deb13-amd64"))
    group = "headers-6.12.115+deb13-amd64"
    assert closure.groups[group] == alone.groups[group]
    assert set(closure.kernel_images) == {KERNEL, "6.12.115+deb13-amd64"}


def test_kernel_that_left_the_repositories(resolver, keys, tmp_path):
    error = refused(resolver, spec(with_driver(tmp_path, keys)), wanted=kernel("6.12.107+deb13-cloud-amd64"))
    assert error.code == "kernel-unavailable"
    assert error.details["nearest"] == [
        "linux-headers-6.12.115+deb13-cloud-amd64",
        f"linux-headers-{KERNEL}",
    ]
    assert f"linux-headers-{KERNEL}" in error.hint


def test_wanted_groups_are_in_the_cache_beside_those_without(resolver, keys, tmp_path):
    repository = with_driver(tmp_path, keys)
    plain = resolver().resolve(DEBIAN_13, [spec(repository)], NOTHING_MORE)
    wanted = Wanted(groups={"driver": ("nvidia-smi",)})
    closure = resolver().resolve(DEBIAN_13, [spec(repository)], wanted)
    assert set(closure.groups) - set(plain.groups) == {"driver"}
    assert resolver(offline=True).resolve(DEBIAN_13, [spec(repository)], wanted) == closure


@pytest.mark.parametrize(
    ("branch", "taken"),
    [
        ("580", {"nvidia-driver-cuda=580.126.20-1", "libcuda1=580.126.20-1", "less=590-2.1"}),
        ("590", {"nvidia-driver-cuda=590.48.01-1", "libcuda1=590.48.01-1", "less=590-2.1"}),
        ("550", {"nvidia-driver-cuda=595.58.03-1", "libcuda1=550.163.01-2", "less=590-2.1"}),
    ],
)
def test_the_branch_that_is_wanted_out_of_a_repository_with_many(resolver, keys, tmp_path, branch, taken):
    """A branch that no version belongs to is found out later, by the version that came instead."""
    debian = with_driver(tmp_path, keys)
    debian.add("less", "590-2.1")
    debian.publish()
    nvidia = AptRepository(tmp_path / "nvidia", keys, flat=True)
    for version in ("580.126.20-1", "580.95.05-1", "590.48.01-1", "595.58.03-1"):
        nvidia.add("nvidia-driver-cuda", version, depends="libcuda1, less")
        nvidia.add("libcuda1", version, depends="libc6")
    nvidia.publish()
    wanted = Wanted(groups={"driver": ("nvidia-driver-cuda",)}, driver_branch=branch)
    closure = resolver().resolve(DEBIAN_13, [spec(debian), spec(nvidia)], wanted)
    assert {*names(closure.groups["driver"])} == taken


def test_dependencies_of_a_package_beside_the_spec(resolver, keys, tmp_path):
    file = carried(guest_deb(tmp_path, depends="libnvidia-ml1"))
    wanted = Wanted(groups={"driver-vgpu": ("dkms",)}, files={"driver-vgpu": file})
    closure = resolver().resolve(DEBIAN_13, [spec(with_driver(tmp_path, keys))], wanted)
    assert [package.name for package in closure.groups["driver-vgpu"]] == ["dkms", "kmod", "libnvidia-ml1"]


def test_package_beside_the_spec_that_needs_what_is_not_there(resolver, keys, tmp_path):
    file = carried(guest_deb(tmp_path, depends="xorg-server"))
    wanted = Wanted(groups={"driver-vgpu": ("dkms",)}, files={"driver-vgpu": file})
    error = refused(resolver, spec(with_driver(tmp_path, keys)), wanted=wanted)
    assert error.code == "package-unresolvable"
    assert "xorg-server" in error.message


def test_a_package_list_that_leads_out_of_its_repository(resolver, keys, tmp_path):
    """Signed by the vendor all the same."""
    repository = debian_like(tmp_path / "debian", keys)
    repository.stanzas = [stanza.replace("pool/main/docker.io_", "../../x_") for stanza in repository.stanzas]
    repository.publish()
    error = refused(resolver, spec(repository))
    assert (error.code, "outside of the repository" in error.message) == ("repository-metadata", True)
