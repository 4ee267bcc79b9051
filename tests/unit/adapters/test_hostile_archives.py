"""Archives that were made to do harm: refused with exit 2, and nothing is written outside the cache."""

import gzip
import hashlib
import io
import json
import tarfile

import pytest
from docker_archives import SavedImage, digest, layer_tar, old_form
from small_release import write_release

from graphistry_airgap.adapters import archive_guard
from graphistry_airgap.adapters.cache import Cache
from graphistry_airgap.adapters.docker_archive import DockerArchive
from graphistry_airgap.adapters.release_source import ReleaseSource
from graphistry_airgap.domain.errors import InputError
from graphistry_airgap.domain.images import ZSTD
from graphistry_airgap.domain.spec import PinnedPath

pytestmark = pytest.mark.subprocesses
IMAGE = SavedImage(("x:1",), (layer_tar("a", b"a"),))


def member(name, kind=tarfile.REGTYPE, data=b"", **values):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    for key, value in values.items():
        setattr(info, key, value)
    return info, data


def with_members(original, *members):
    """The tar `original` with more members at its end."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        with tarfile.open(fileobj=io.BytesIO(original)) as before:
            for one in before:
                tar.addfile(one, before.extractfile(one))
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def with_manifest(text):
    """The image's archive with another manifest.json."""
    buffer = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(old_form(IMAGE))) as before,
        tarfile.open(fileobj=buffer, mode="w") as tar,
    ):
        for one in before:
            if one.name != "manifest.json":
                tar.addfile(one, before.extractfile(one))
        info, data = member("manifest.json", data=text.encode())
        tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


ODD = {
    "a name that climbs out": [member("../../escaped", data=b"x")],
    "an absolute name": [member("/tmp/escaped", data=b"x")],
    "a link that climbs out": [member("link", tarfile.SYMTYPE, linkname="../../escaped")],
    "an absolute link": [member("link", tarfile.SYMTYPE, linkname="/etc/passwd")],
    "a hard link to elsewhere": [member("link", tarfile.LNKTYPE, linkname="../escaped")],
    "a device": [member("disk", tarfile.BLKTYPE, devmajor=8, devminor=0)],
    "a pipe": [member("pipe", tarfile.FIFOTYPE)],
    "a header of 2 MiB": [member("n" * (2 << 20), data=b"x")],
}


@pytest.fixture
def pack(tmp_path):
    def pack_bytes(data):
        path = tmp_path / "containers.tar.gz"
        path.write_bytes(gzip.compress(data, mtime=0))
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        with pytest.raises(InputError) as caught:
            DockerArchive(Cache(tmp_path / "cache")).pack(path, sha256, ZSTD, lambda _: None)
        assert caught.value.code == "image-archive"
        assert not list((tmp_path / "cache" / "tmp").iterdir())
        assert not list(tmp_path.rglob("escaped"))
        return caught.value.message

    return pack_bytes


@pytest.mark.parametrize("case", ODD)
def test_odd_members_of_an_image_archive(pack, case):
    pack(with_members(old_form(IMAGE), *ODD[case]))


def test_a_name_that_is_there_twice(pack):
    name = f"{digest(IMAGE.config())}.json"
    assert "twice" in pack(with_members(old_form(IMAGE), member(name, data=b"{}")))


def test_a_config_whose_name_lies(pack):
    other = SavedImage(("y:1",), (), extra="other").config()
    name = f"{'0' * 64}.json"
    entry = {"Config": name, "RepoTags": ["y:1"], "Layers": []}
    archive = with_members(with_manifest(json.dumps([entry])), member(name, data=other))
    assert "not what its name says" in pack(archive)


def test_two_images_of_one_name(pack):
    other = SavedImage(("x:1",), (layer_tar("b", b"b"),))
    assert "two different images" in pack(old_form(IMAGE, other))


@pytest.mark.parametrize("tag", ["--privileged", "x y:1", "../x:1", "x:1\n", ""])
def test_a_name_that_is_no_image_s(pack, tag):
    pack(old_form(SavedImage((tag,), IMAGE.layers)))


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "{",
        "3",
        "[3]",
        '[{"RepoTags": ["x:1"]}]',
        '[{"RepoTags": ["x:1"], "Config": 3, "Layers": {}}]',
        "[" * 9999,
    ],
)
def test_a_malformed_manifest(pack, manifest):
    pack(with_manifest(manifest))


@pytest.mark.parametrize("layer", [bytes(3 << 20), gzip.compress(bytes(3 << 20))])
def test_a_decompression_bomb(pack, monkeypatch, layer):
    monkeypatch.setattr(archive_guard, "ALWAYS_ALLOWED", 1 << 20)
    monkeypatch.setattr(archive_guard, "MOST_TIMES", 10)
    bomb = with_members(old_form(IMAGE), member("bomb/layer.tar", data=layer))
    assert "unpacks to more than" in pack(bomb)


def test_zeros_after_the_end(pack, monkeypatch):
    monkeypatch.setattr(archive_guard, "ALWAYS_ALLOWED", 1 << 20)
    monkeypatch.setattr(archive_guard, "MOST_TIMES", 10)
    assert "unpacks to more than" in pack(old_form(IMAGE) + bytes(8 << 20))


def test_too_many_members_and_too_many_small_files(pack, monkeypatch):
    many = with_members(old_form(IMAGE), *(member(f"small/{number}", data=b"{}") for number in range(20)))
    monkeypatch.setattr(archive_guard, "MOST_MEMBERS", 10)
    assert "more than 10 members" in pack(many)
    monkeypatch.setattr(archive_guard, "MOST_MEMBERS", 100)
    monkeypatch.setattr(archive_guard, "SMALL_FILES", 1)
    assert "small files" in pack(many)


@pytest.fixture
def open_release(tmp_path):
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        tar.add(write_release(tmp_path / "vendor"), "graphistry")

    def open_tar(*members):
        path = tmp_path / "release.tar.gz"
        path.write_bytes(gzip.compress(with_members(plain.getvalue(), *members), mtime=0))
        cache = Cache(tmp_path / "cache")
        with pytest.raises(InputError) as caught:
            ReleaseSource(cache).open(PinnedPath("written", path, None), trust_on_first_use=True)
        assert not list((cache.root / "tmp").iterdir())
        assert not list(tmp_path.rglob("escaped"))
        return caught.value.code

    return open_tar


@pytest.mark.parametrize("case", ODD)
def test_odd_members_of_a_release(open_release, case):
    assert open_release(*ODD[case]) in ("release-hostile", "release-unreadable")


def test_a_way_along_a_link_inside_a_release(open_release):
    link = member("graphistry/way", tarfile.SYMTYPE, linkname="etc")
    assert open_release(link, member("graphistry/way/escaped", data=b"x")) == "release-hostile"


def test_a_release_that_is_a_bomb(open_release, monkeypatch):
    monkeypatch.setattr(archive_guard, "ALWAYS_ALLOWED", 1 << 20)
    monkeypatch.setattr(archive_guard, "MOST_TIMES", 1)
    assert open_release(member("graphistry/zeros", data=bytes(3 << 20))) == "release-hostile"


@pytest.mark.parametrize("name", ["version", "DATA/x", "data/a\nb", "data/a\\b", "data/\u202ex"])
def test_names_that_a_medium_or_a_list_cannot_keep_apart(open_release, name):
    assert open_release(member(f"graphistry/{name}", data=b"x")) == "release-odd-name"
