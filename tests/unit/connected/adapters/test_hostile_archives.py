"""Archives that were made to do harm: refused with exit 2, and nothing is written outside the cache."""

import gzip
import hashlib
import io
import tarfile

import pytest

from graphistry_airgap.bundle.images import ZSTD
from graphistry_airgap.connected.adapters import archive_guard
from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.images.docker_archive import DockerArchive
from graphistry_airgap.connected.release.images import images_of_release
from graphistry_airgap.connected.release.source import ReleaseSource
from graphistry_airgap.connected.spec import PinnedPath
from graphistry_airgap.core.errors import AirgapError, InputError
from tests.kit.bundles.docker_archives import old_form
from tests.kit.bundles.small_release import write_release
from tests.kit.faults.hostile_inputs import IMAGE, bombs, image_archives, member, releases, with_members

pytestmark = pytest.mark.subprocesses
ARCHIVES = image_archives()
SAID = {
    "a name that is there twice": "twice",
    "a config whose name lies": "not what its name says",
    "two images of one name": "two different images",
    "a name that is an option": "no image name",
    "a name that climbs out": "leads out of it",
    "a device": "device",
    "a header of 2 MiB": "header",
}


@pytest.fixture
def pack(tmp_path):
    def pack_bytes(data):
        path = tmp_path / "containers.tar.gz"
        path.write_bytes(gzip.compress(data, mtime=0))
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        with pytest.raises(AirgapError) as caught:
            DockerArchive(Cache(tmp_path / "cache")).pack(path, sha256, ZSTD, lambda _: None)
        assert not list((tmp_path / "cache" / "tmp").iterdir())
        assert not list(tmp_path.rglob("escaped"))
        return caught.value

    return pack_bytes


@pytest.mark.parametrize("case", ARCHIVES)
def test_hostile_image_archives(pack, case):
    error = pack(ARCHIVES[case])
    assert error.code == "image-archive"
    assert SAID.get(case, "") in error.message


@pytest.fixture
def small_allowance(monkeypatch):
    monkeypatch.setattr(archive_guard, "ALWAYS_ALLOWED", 1 << 20)
    monkeypatch.setattr(archive_guard, "MOST_TIMES", 10)


@pytest.mark.parametrize("case", bombs(0))
def test_a_decompression_bomb(pack, small_allowance, case):
    assert "unpacks to more than" in pack(bombs(8 << 20)[case]).message


def test_too_many_members_and_too_many_small_files(pack, monkeypatch):
    many = with_members(old_form(IMAGE), *(member(f"small/{number}", data=b"{}") for number in range(20)))
    monkeypatch.setattr(archive_guard, "MOST_MEMBERS", 10)
    assert "more than 10 members" in pack(many).message
    monkeypatch.setattr(archive_guard, "MOST_MEMBERS", 100)
    monkeypatch.setattr(archive_guard, "SMALL_FILES", 1)
    assert "small files" in pack(many).message


def test_members_are_not_kept(tmp_path):
    """Each could hold a header of 1 MiB, and a thousand of them are an archive of some KiB."""
    data = with_members(old_form(IMAGE), *(member(f"small/{number}") for number in range(20)))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        kept = [len(tar.members) for _ in archive_guard.members(tar)]
    assert len(kept) > 20
    assert set(kept) == {1}


@pytest.fixture
def plain(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(write_release(tmp_path / "vendor"), "graphistry")
    return buffer.getvalue()


@pytest.fixture
def open_release(tmp_path):
    def open_tar(data):
        path = tmp_path / "release.tar.gz"
        path.write_bytes(gzip.compress(data, mtime=0))
        cache = Cache(tmp_path / "cache")
        with pytest.raises(InputError) as caught:
            ReleaseSource(cache, images_of_release).open(
                PinnedPath("written", path, None), trust_on_first_use=True
            )
        assert not list((cache.root / "tmp").iterdir())
        assert not list(tmp_path.rglob("escaped"))
        return caught.value.code

    return open_tar


@pytest.mark.parametrize("case", releases(old_form(IMAGE)))
def test_hostile_releases(open_release, plain, case):
    refusals = {"release-hostile", "release-odd-name", "release-unreadable"}
    assert open_release(releases(plain)[case]) in refusals


def test_a_release_that_is_a_bomb(open_release, plain, small_allowance):
    assert (
        open_release(with_members(plain, member("graphistry/zeros", data=bytes(8 << 20))))
        == "release-hostile"
    )
