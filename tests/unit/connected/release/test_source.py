import os
import subprocess
import tarfile

import pytest

from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.release.images import images_of_release
from graphistry_airgap.connected.release.source import ReleaseSource, release_digest
from graphistry_airgap.connected.spec import PinnedPath
from graphistry_airgap.core.errors import InputError
from tests.kit.bundles.small_release import write_release


@pytest.fixture
def release(tmp_path):
    return write_release(tmp_path / "release")


@pytest.fixture
def opened(tmp_path):
    source = ReleaseSource(Cache(tmp_path / "cache"), images_of_release)

    def open_path(path, *, sha256=None, trust=True):
        return source.open(PinnedPath("written", path, sha256), trust_on_first_use=trust)

    return open_path


def refused(opened, path, **how):
    with pytest.raises(InputError) as caught:
        opened(path, **how)
    assert caught.value.exit_code == 2
    return caught.value


def test_release_is_read(release, opened):
    found = opened(release)
    assert (found.version, found.cuda, found.archive.path) == ("v2.50.1", "12", "containers.tar.gz")
    assert found.images == ("graphistry/caddy:v2.50.1-universal", "graphistry/graphistry-nexus:v2.50.1-12")
    assert found.empty_directories == ("data/notebooks",)
    assert {file.path for file in found.files if file.executable} == {"graphistry"}
    assert "containers.tar.gz" not in {file.path for file in found.files}


@pytest.mark.subprocesses
def test_tree_digest_can_be_made_with_coreutils(release):
    command = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    done = subprocess.run(["sh", "-c", command], cwd=release, capture_output=True, text=True, check=True)
    assert release_digest(release) == done.stdout.split()[0]


def test_unpinned_release_stops_with_the_digest_to_pin(release, opened):
    error = refused(opened, release, trust=False)
    assert error.code == "release-unpinned"
    assert release_digest(release) in error.hint
    assert opened(release, sha256=release_digest(release), trust=False).pinned


def test_changed_release_is_refused_even_with_trust(release, opened):
    pin = release_digest(release)
    (release / "VERSION").write_text("v2.50.2\n")
    assert refused(opened, release, sha256=pin).code == "release-changed"


def test_tar_gives_the_same_release(release, opened, tmp_path):
    for top in (".", "graphistry"):
        tar = tmp_path / "release.tar.gz"
        with tarfile.open(tar, "w:gz") as archive:
            archive.add(release, top)
        found = opened(tar, sha256=release_digest(tar), trust=False)
        direct = opened(release)
        assert [(f.path, f.sha256, f.executable) for f in found.files] == [
            (f.path, f.sha256, f.executable) for f in direct.files
        ]
        assert (found.images, found.archive.sha256) == (direct.images, direct.archive.sha256)


def test_damaged_tar(tmp_path, opened):
    (tmp_path / "release.tar").write_bytes(b"no tar")
    assert refused(opened, tmp_path / "release.tar").code == "release-unreadable"


def test_tar_that_climbs_out(release, tmp_path, opened):
    tar = tmp_path / "release.tar"
    with tarfile.open(tar, "w") as archive:
        archive.add(release, "graphistry")
        archive.add(release / "VERSION", "../../escaped")
    assert refused(opened, tar).code == "release-hostile"
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("name", ["VERSION", "docker-compose.yml", "graphistry", "containers.tar.gz"])
def test_missing_file_is_named(release, opened, name):
    (release / name).unlink()
    assert refused(opened, release).details["missing"] == [name]


def test_empty_version(release, opened):
    (release / "VERSION").write_text("\n")
    assert refused(opened, release).code == "release-incomplete"


@pytest.mark.parametrize("version", ["../../../etc", "v1 beta", "v1\nv2", ".", "{{ x }}"])
def test_version_that_cannot_name_a_directory(release, opened, version):
    (release / "VERSION").write_text(f"{version}\n")
    assert refused(opened, release).code == "release-version"


def test_missing_release(tmp_path, opened):
    assert refused(opened, tmp_path / "none").code == "release-missing"


def test_link_inside_becomes_a_file_and_others_are_refused(release, opened, tmp_path):
    (release / "current.env").symlink_to(".env")
    assert "current.env" in {file.path for file in opened(release).files}
    (tmp_path / "outside").write_text("secret")
    for target in ("../outside", "gone", "data"):
        (release / "odd").symlink_to(target)
        assert refused(opened, release).code == "release-odd-file"
        (release / "odd").unlink()
    os.mkfifo(release / "odd")
    assert refused(opened, release).code == "release-odd-file"


@pytest.mark.parametrize("compose", ["services: {x: {image: 'a:${NONE}'}}", "services: [", "a: ${"])
def test_unusable_compose_file(release, opened, compose):
    (release / "docker-compose.yml").write_text(compose)
    if compose != "a: ${":
        assert refused(opened, release).code == "compose-unreadable"
    else:
        assert opened(release).images == ()


@pytest.mark.parametrize(
    "compose",
    [
        "services: [a]",
        "services: {a: {image: [x]}}",
        "[" * 5000,
        "a: !!bool x",
        "a: !!timestamp x",
        "services: {a: {image: '" + "${A:-" * 3000 + "x" + "}" * 3000 + "'}}",
    ],
)
def test_a_compose_file_of_another_shape(release, opened, compose):
    (release / "docker-compose.yml").write_text(compose)
    assert refused(opened, release).code == "compose-unreadable"


def test_variables_that_grow_beyond_all_names(release, opened):
    lines = ["A0=0123456789", *(f"A{number}={f'$A{number - 1}' * 10}" for number in range(1, 12))]
    (release / ".env").write_text("\n".join(lines))
    assert refused(opened, release).code == "compose-unreadable"


def test_compose_tags_are_read_past(release, opened):
    (release / "docker-compose.yml").write_text("services: {x: {image: redis, ports: !override ['1:1']}}")
    assert opened(release).images == ("redis:latest",)
