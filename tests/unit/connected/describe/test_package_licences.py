"""Licences as packages and wheels state them; a file that says nothing, or is none, has none."""

import subprocess
import zipfile

import pytest

from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.describe import package_licences
from graphistry_airgap.connected.describe.package_licences import PackageLicences

pytestmark = pytest.mark.subprocesses

COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: GPL-2+

Files: lib/*
License: Expat
"""


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def read(cache):
    return lambda path: (
        PackageLicences(cache).read([(cache.store(path.read_bytes()), path.name)]).popitem()[1]
    )


def deb(tmp_path, copyright_file, *, name="demo"):
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.invalid>\nDescription: x\n"
    )
    folder = root / "usr/share/doc" / name
    folder.mkdir(parents=True)
    if copyright_file is not None:
        (folder / "copyright").write_text(copyright_file)
    subprocess.run(["dpkg-deb", "--build", root, tmp_path / "demo.deb"], check=True, capture_output=True)
    return tmp_path / "demo.deb"


@pytest.mark.parametrize(
    ("text", "licences"),
    [(COPYRIGHT, ("GPL-2.0-or-later", "MIT")), ("It is free.\nLicense: GPL-2+\n", ()), (None, ())],
)
def test_debian_package(read, tmp_path, text, licences):
    assert read(deb(tmp_path, text)) == licences


def test_wheel(read, tmp_path):
    path = tmp_path / "demo-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "demo-1.dist-info/METADATA", "Name: demo\nVersion: 1\nLicense-Expression: MIT OR ISC\n\nx"
        )
        archive.writestr("other/x.dist-info/METADATA", "Name: x\nLicense: GPL\n")
    assert read(path) == ("MIT OR ISC",)


@pytest.mark.parametrize(
    ("lines", "licences"),
    [
        (["License: MIT"], ("MIT",)),
        (
            [
                "License: Permission is hereby granted\n  to anybody",
                "Classifier: License :: OSI Approved :: MIT License",
            ],
            ("MIT",),
        ),
        (["License: UNKNOWN", "Classifier: License :: OSI Approved"], ()),
        (
            [
                "Classifier: License :: OSI Approved :: BSD License",
                "Classifier: Programming Language :: Python",
            ],
            ("BSD License",),
        ),
    ],
)
def test_older_metadata(read, tmp_path, lines, licences):
    path = tmp_path / "demo-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "demo-1.dist-info/METADATA", "\n".join(["Name: demo", "Version: 1", *lines, "", "text"])
        )
    assert read(path) == licences


@pytest.mark.parametrize("name", ["demo.deb", "demo.rpm", "demo.whl"])
def test_what_is_no_package_has_no_licence(read, tmp_path, name):
    (tmp_path / name).write_bytes(b"neither ar nor zip")
    assert read(tmp_path / name) == ()


def test_a_package_is_read_once(read, tmp_path, monkeypatch):
    path = deb(tmp_path, COPYRIGHT)
    first = read(path)
    monkeypatch.setattr(package_licences, "_read", None)
    assert read(path) == first
