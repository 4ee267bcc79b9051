"""The interpreter that a spec names: what is not the pinned one, or does not fit the platform, is refused."""

import hashlib
import tarfile

import pytest

from graphistry_airgap.connected.adapters.spec_file import read_spec
from graphistry_airgap.connected.runtime.interpreter import open_interpreter
from graphistry_airgap.connected.runtime.pythons import python_notes
from graphistry_airgap.connected.spec import InterpreterSpec, PinnedPath
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.knowledge.platforms import PLATFORMS
from tests.kit.bundles.interpreter_archives import FILES, LOADER, OPENSSL, archive

JAMMY = PLATFORMS["ubuntu-22.04"]
PROGRAM = "python/bin/python3.12"
HEADER = "python/include/python3.12/patchlevel.h"
LIBRARY = "python/lib/libpython3.12.so.1.0"


def opened(path, *, version="3.12.12", sha256=None):
    pin = sha256 or hashlib.sha256(path.read_bytes()).hexdigest()
    return open_interpreter(InterpreterSpec(PinnedPath(path.name, path, pin), version), JAMMY)


def refused(path, **options):
    with pytest.raises(InputError) as caught:
        opened(path, **options)
    assert caught.value.exit_code == 2
    assert caught.value.hint
    return caught.value


def test_version_openssl_and_licence_are_read_and_nothing_is_run(tmp_path):
    found = opened(archive(tmp_path / "python.tar.gz", type=tarfile.SYMTYPE, linkname="python3.12"))
    assert (found.version, found.openssl, found.licences) == ("3.12.12", ("3.0.15",), ("PSF-2.0",))
    assert found.entry("ubuntu-22.04") == {
        "path": "runtime/ubuntu-22.04/interpreter.tar.gz",
        "version": "3.12.12",
        "openssl": ["3.0.15"],
    }


def test_an_openssl_that_no_file_tells_of_is_said(tmp_path):
    found = opened(archive(tmp_path / "python.tar.gz", {LIBRARY: (b"\x7fELF", 0o755)}))
    assert found.openssl == ()
    notes = python_notes(["debian-13"], {"ubuntu-22.04": found}, today="2026-11-30")
    assert notes == ["No file of the interpreter for ubuntu-22.04 tells which OpenSSL is in it."]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({PROGRAM: None}, f"no file {PROGRAM}"),
        ({PROGRAM: (LOADER, 0o644)}, "is no program"),
        ({PROGRAM: (b"#!/bin/sh\n", 0o755)}, "not for x86-64 with glibc"),
        ({PROGRAM: (b"\x7fELF\0/lib/ld-musl-x86_64.so.1\0", 0o755)}, "not for x86-64 with glibc"),
        ({HEADER: (b'#define PY_VERSION "3.12.11"\n', 0o644)}, "its version is 3.12.11"),
        ({HEADER: None}, f"no {HEADER}"),
        ({LIBRARY: (OPENSSL + b"GLIBC_2.36\0", 0o755)}, "needs glibc 2.36, and Ubuntu 22.04 has 2.35"),
    ],
)
def test_what_does_not_fit_the_platform(tmp_path, more, found):
    error = refused(archive(tmp_path / "python.tar.gz", more))
    assert error.code == "interpreter-unfit"
    assert found in error.message


@pytest.mark.parametrize("version", ["3.13.1", "3.11.9", "3.1.2"])
def test_another_minor_version_than_the_wheels_are_pinned_for(tmp_path, version):
    error = refused(archive(tmp_path / "python.tar.gz"), version=version)
    assert error.code == "interpreter-version"
    assert error.details == {"found": version, "needed": "3.12.x"}


@pytest.mark.parametrize(
    ("more", "link"),
    [
        ({"python/../../etc/cron.d/x": (b"", 0o644)}, {}),
        ({"/etc/cron.d/x": (b"", 0o644)}, {}),
        ({"etc/cron.d/x": (b"", 0o644)}, {}),
        ({"python/bin/su": (b"", 0o4755)}, {}),
        ({f"{PROGRAM}/x": (b"", 0o644)}, {}),
        ({}, {"type": tarfile.SYMTYPE, "linkname": "../../../usr/bin/python3"}),
        ({}, {"type": tarfile.SYMTYPE, "linkname": "/usr/bin/python3"}),
        ({}, {"type": tarfile.LNKTYPE, "linkname": "etc/shadow"}),
        ({}, {"type": tarfile.CHRTYPE}),
    ],
)
def test_an_archive_that_leads_out_of_its_folder(tmp_path, more, link):
    assert refused(archive(tmp_path / "python.tar.gz", more, **link)).code == "interpreter-hostile"


def test_another_file_than_the_pinned_one(tmp_path):
    assert refused(archive(tmp_path / "python.tar.gz"), sha256="0" * 64).code == "interpreter-changed"


def test_a_file_that_is_no_archive_or_not_there(tmp_path):
    (tmp_path / "text").write_text("no archive")
    assert refused(tmp_path / "text").code == "interpreter-unreadable"
    whole = archive(
        tmp_path / "python.tar.gz", {name: (data * 9999, mode) for name, (data, mode) in FILES.items()}
    )
    (tmp_path / "half.tar.gz").write_bytes(whole.read_bytes()[:-200])
    assert refused(tmp_path / "half.tar.gz").code == "interpreter-unreadable"
    assert refused(tmp_path / "none", sha256="0" * 64).code == "interpreter-missing"


REPOSITORIES = "repositories: [{name: a, uri: 'file:a', suite: s, components: [main], signed_by: a.gpg}]"
NAMED = f"interpreter: {{path: p.tar.gz, sha256: '{'0' * 64}', version: '3.12.12'}}"


@pytest.mark.parametrize(
    ("platform", "code", "named"),
    [
        ("ubuntu-22.04", "interpreter-missing", ""),
        ("ubuntu-22.04", None, NAMED),
        ("ubuntu-24.04", "interpreter-unneeded", NAMED),
        ("ubuntu-24.04", None, ""),
        ("ubuntu-20.04", "platform-refused", ""),
    ],
)
def test_a_spec_names_one_where_the_platform_needs_it_and_nowhere_else(tmp_path, platform, code, named):
    spec = tmp_path / "a.bundle.yml"
    rows = "".join(f"    {row}\n" for row in (REPOSITORIES, named) if row)
    spec.write_text(
        f"schema: 1\nrelease: {{path: release}}\nplatforms:\n  {platform}:\n{rows}", encoding="utf-8"
    )
    if code is None:
        assert bool(read_spec(spec).platforms[platform].interpreter) is bool(named)
        return
    with pytest.raises(InputError) as caught:
        read_spec(spec)
    assert caught.value.code == code
    assert f"platforms.{platform}" in caught.value.message
    assert caught.value.hint


def test_whoever_builds_is_told_when_fixes_end():
    """CPython 3.12 until October 2028 (PEP 693), Ubuntu 22.04 until June 2027."""
    (jammy,) = python_notes(["ubuntu-22.04"], {}, today="2026-11-30")
    assert jammy.startswith(
        "For ubuntu-22.04: Ubuntu 22.04, its Python with it, gets fixes for less than a year"
    )
    both = python_notes(["ubuntu-22.04"], {}, today="2028-11-01")
    assert "Python 3.12, which came with the bundle, gets no fixes any more" in both[0]
    assert len(both) == 2
    assert python_notes(["ubuntu-24.04", "debian-13", "rhel-9"], {}, today="2026-11-30") == []
