"""Package databases inside images: layer order, whiteouts, links, damaged and hostile layers, the cache."""

import io
import json
import shutil
import subprocess
import tarfile

import pytest

from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.images import read_contents as image_contents
from graphistry_airgap.core.errors import InputError
from tests.kit.bundles.image_layers import STATUS, layer, metadata, read_image, status

pytestmark = pytest.mark.subprocesses

DEBIAN = ("etc/os-release", b'ID=debian\nVERSION_ID="13"\n')
SITE = "usr/lib/python3/dist-packages"


@pytest.fixture
def read(tmp_path):
    cache = Cache(tmp_path / "cache")
    return lambda *layers: read_image(cache, tmp_path / "images.tar.gz", *layers)


def names(contents):
    return [f"{database}/{entry.name}={entry.version}" for database, entry in contents.entries]


def test_packages_of_each_database_with_their_licences(read):
    contents = read(
        layer(
            DEBIAN,
            (STATUS, status("bash=5.2", "libc6=2.41")),
            ("usr/share/doc/bash/copyright", b"Format: https://x/copyright-format/1.0/\n\nLicense: GPL-3+\n"),
            ("usr/share/doc/libc6", "-> bash"),
            (f"{SITE}/rich-14.dist-info/METADATA", metadata("rich", "14", "License-Expression: MIT")),
            (f"{SITE}/old.egg-info", metadata("old", "1", "License: BSD")),
            (f"{SITE}/older.egg-info/PKG-INFO", metadata("older", "2")),
            ("srv/node_modules/@a/b/package.json", b'{"name":"@a/b","version":"3","license":"ISC"}'),
            ("srv/node_modules/@a/b/lib/package.json", b'{"type":"module"}'),
            (
                "opt/conda/conda-meta/xz-5.json",
                b'{"name":"xz","version":"5","build":"h1","subdir":"linux-64","license":"0BSD",'
                b'"channel":"https://conda.example/main/linux-64"}',
            ),
        )
    )
    assert (contents.distribution, contents.release, contents.unread) == ("debian", "13", ())
    found = {
        f"{database}/{entry.name}={entry.version}": entry.licences for database, entry in contents.entries
    }
    assert found == {
        "conda/xz=5": ("0BSD",),
        "dpkg/bash=5.2": ("GPL-3.0-or-later",),
        "dpkg/libc6=2.41": ("GPL-3.0-or-later",),
        "node/@a/b=3": ("ISC",),
        "python/old=1": ("BSD",),
        "python/older=2": (),
        "python/rich=14": ("MIT",),
    }
    conda = next(entry for database, entry in contents.entries if database == "conda")
    assert dict(conda.more) == {"build": "h1", "channel": "main", "subdir": "linux-64"}


def test_layers_packed_with_gzip(tmp_path):
    made = layer((STATUS, status("bash=5.2")))
    contents = read_image(Cache(tmp_path / "cache"), tmp_path / "x.tar.gz", made, compression="gzip")
    assert names(contents) == ["dpkg/bash=5.2"]


def test_apk_and_packages_without_dpkg(read):
    alpine = read(
        layer(
            ("etc/os-release", b"ID=alpine\nVERSION_ID=3.22\n"),
            (
                "lib/apk/db/installed",
                b"C:Q1=\nP:musl\nV:1.2\nA:x86_64\nL:MIT\nF:lib\n\nP:zlib\nV:1.3\nA:x86_64\n\n",
            ),
        )
    )
    assert names(alpine) == ["apk/musl=1.2", "apk/zlib=1.3"]
    assert alpine.entries[0][1].licences == ("MIT",)
    listed = b"Package: base-files\nVersion: 13\nArchitecture: amd64\n"
    bare = read(
        layer(("var/lib/dpkg/status.d/base", listed), ("var/lib/dpkg/status.d/base.md5sums", b"1 x\n"))
    )
    assert names(bare) == ["dpkg/base-files=13"]


def test_removed_packages_are_not_there(read):
    mixed = status("bash=5.2") + b"\n" + status("gone=1", state="deinstall ok config-files")
    assert names(read(layer((STATUS, mixed)))) == ["dpkg/bash=5.2"]


def test_a_later_layer_replaces_the_database(read):
    contents = read(layer((STATUS, status("bash=5.2", "gcc=14"))), layer((STATUS, status("bash=5.3"))))
    assert names(contents) == ["dpkg/bash=5.3"]


@pytest.mark.parametrize(
    "entry",
    [
        (f"{SITE}/.wh.rich-14.dist-info", b""),
        (f"{SITE}/rich-14.dist-info/.wh.METADATA", b""),
        (f"{SITE}/rich-14.dist-info/.wh..wh..opq", b""),
        ("usr/lib/.wh.python3", b""),
        (".wh.usr", b""),
        ("./usr/lib/python3/.wh..wh..opq", b""),
        ("usr/lib/python3", "-> elsewhere"),
        (f"{SITE}/rich-14.dist-info", b"a file in its place"),
        (f"{SITE}/rich-14.dist-info/METADATA", None),
        (f"{SITE}/rich-14.dist-info/METADATA", "-> /nowhere"),
    ],
)
def test_what_a_later_layer_removes_or_hides_is_not_there(read, entry):
    below = layer(
        (STATUS, status("bash=5.2")), (f"{SITE}/rich-14.dist-info/METADATA", metadata("rich", "14"))
    )
    assert names(read(below)) == ["dpkg/bash=5.2", "python/rich=14"]
    assert names(read(below, layer(entry))) == ["dpkg/bash=5.2"]
    # what comes back in a layer above is there
    again = layer((f"{SITE}/rich-15.dist-info/METADATA", metadata("rich", "15")))
    assert names(read(below, layer(entry), again)) == ["dpkg/bash=5.2", "python/rich=15"]


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_whiteout_does_not_touch_its_own_layer(read, first):
    below = layer((f"{SITE}/rich-14.dist-info/METADATA", metadata("rich", "14")))
    opaque = (f"{SITE}/.wh..wh..opq", b"")
    new = (f"{SITE}/yaml-6.dist-info/METADATA", metadata("yaml", "6"))
    assert names(read(below, layer(*((opaque, new) if first else (new, opaque))))) == ["python/yaml=6"]


def test_a_name_that_only_begins_alike_stays(read):
    below = layer((f"{SITE}/rich-14.dist-info/METADATA", metadata("rich", "14")))
    assert names(read(below, layer(("usr/lib/.wh.python", b"")))) == ["python/rich=14"]


def test_a_hard_link_is_the_file_that_it_names(read):
    cached = ("root/.cache/rich-14.dist-info/METADATA", metadata("rich", "14"))
    linked = (f"{SITE}/rich-14.dist-info/METADATA", "=> root/.cache/rich-14.dist-info/METADATA")
    assert names(read(layer(cached, linked))) == ["python/rich=14", "python/rich=14"]


@pytest.mark.skipif(shutil.which("rpmdb") is None, reason="needs rpm")
def test_rpm_database(read, tmp_path):
    define = ["--define", "_db_backend sqlite"]
    subprocess.run(["rpmdb", "--dbpath", tmp_path / "db", *define, "--initdb"], check=True)
    data = (tmp_path / "db" / "rpmdb.sqlite").read_bytes()
    contents = read(layer(("var/lib/rpm/rpmdb.sqlite", data)))
    assert (names(contents), contents.unread) == ([], ())


def test_rpm_database_that_nothing_reads_is_said(read, monkeypatch):
    (problem,) = read(layer(("usr/lib/sysimage/rpm/rpmdb.sqlite", b"SQLite format 3\0 and no more"))).unread
    assert problem.startswith("usr/lib/sysimage/rpm/rpmdb.sqlite: ")
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, **more: None if name == "rpm" else which(name, **more))
    (problem,) = read(layer(("var/lib/rpm/Packages", b"another"))).unread
    assert "the program rpm was not there" in problem


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (STATUS, b"Package: half"),
        ("srv/node_modules/a/package.json", b"{"),
        ("opt/conda-meta/a.json", b"[" * 100_000),
        (f"{SITE}/x.dist-info/METADATA", b"\0\xff" * 200),
    ],
)
def test_a_damaged_database_is_said_and_the_rest_is_read(read, path, data):
    broken = data if path != STATUS else b"Package: half\nStatus: install ok installed\n"
    contents = read(layer((path, broken), ("lib/apk/db/installed", b"P:musl\nV:1\n")))
    assert names(contents) == ["apk/musl=1"]
    assert [problem.partition(":")[0] for problem in contents.unread] == [path]


def test_odd_names_reach_nothing(read, tmp_path):
    odd = ["../../etc/x", "/abs/olute", "./.", "..", ".wh.", ".wh..", "a/../../b", "\x1b[2J", "x" * 3000]
    contents = read(layer(*((name, b"data") for name in odd), (f"../../{STATUS}", status("bash=5.2"))))
    assert names(contents) == ["dpkg/bash=5.2"]
    assert not (tmp_path.parent / "etc").exists()


def test_a_bomb_takes_time_but_no_memory(read, tmp_path):
    """300 MiB of one file and a database that claims to be one; both are zeros, and pack well."""
    big = tarfile.TarInfo("srv/big")
    big.size = 300 << 20
    huge = tarfile.TarInfo("srv/node_modules/a/package.json")
    huge.size = 64 << 20
    path = tmp_path / "layer.tar"
    with path.open("wb") as stream:
        stream.write(big.tobuf())
        stream.seek(big.size, io.SEEK_CUR)
        stream.write(huge.tobuf())
        stream.seek(huge.size, io.SEEK_CUR)
        stream.write(layer((STATUS, status("bash=5.2"))))
    data = path.read_bytes()
    contents = read(data)
    assert names(contents) == ["dpkg/bash=5.2"]
    assert contents.unread == (
        "srv/node_modules/a/package.json: 67108864 bytes are more than such a file has",
    )


def test_a_header_of_its_own_size_is_refused(read):
    """An extended header says how long it is, and Python would read that much at once."""
    bomb = tarfile.TarInfo("x")
    bomb.type = tarfile.XHDTYPE
    bomb.size = 64 << 20
    with pytest.raises(InputError, match="a header of it has 67108864 bytes") as caught:
        read(bomb.tobuf() + bytes(bomb.size) + layer((STATUS, status("bash=5.2"))))
    assert caught.value.code == "image-layer"


def test_a_layer_that_breaks_off(read):
    whole = layer(("srv/big", bytes(4000)), (STATUS, status("bash=5.2")))
    with pytest.raises(InputError) as caught:
        read(whole[:2000])
    assert caught.value.code == "image-layer"
    assert caught.value.hint


def test_more_files_than_any_image_has(read, monkeypatch):
    monkeypatch.setattr(image_contents, "MOST_FILES", 3)
    files = [(f"n/node_modules/p{number}/package.json", b'{"name":"p","version":"1"}') for number in range(4)]
    with pytest.raises(InputError, match="more than 3 files") as caught:
        read(layer(*files))
    assert caught.value.code == "image-contents"


def test_shared_layers_are_read_once_and_an_image_never_again(read, tmp_path, monkeypatch):
    base = layer(DEBIAN, (STATUS, status("bash=5.2")))
    top = layer((f"{SITE}/rich-14.dist-info/METADATA", metadata("rich", "14")))
    opened = []
    apply = image_contents.ImageContents._apply
    monkeypatch.setattr(
        image_contents.ImageContents,
        "_apply",
        lambda self, below, one: opened.append(one.size) or apply(self, below, one),
    )
    first = read(base, top)
    assert len(opened) == 2
    assert read(base, top) == first
    assert read(base) != first
    read(base, top, top)
    assert len(opened) == 3
    notes = [json.loads(path.read_text())["key"] for path in (tmp_path / "cache/notes").iterdir()]
    assert sum(key.startswith("image contents") for key in notes) == 3
