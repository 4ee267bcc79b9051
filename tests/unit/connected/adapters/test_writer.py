import fcntl
import os
import stat

import pytest

from graphistry_airgap.bundle.layout import Piece, bytes_piece
from graphistry_airgap.connected.adapters import writer as bundle_writer
from graphistry_airgap.connected.adapters.writer import BundleWriter
from graphistry_airgap.core.errors import InputError, StageError

PIECES = [bytes_piece("bundle.json", b"{}"), bytes_piece("SHA256SUMS", b"x"), bytes_piece("a/b", b"c")]


@pytest.fixture
def writer():
    return BundleWriter()


def write(writer, out, pieces=PIECES):
    with writer.partial(out) as partial:
        writer.write(partial, pieces)
        writer.finish(partial, 1_700_000_000)


def test_files_get_modes_and_times_that_depend_on_content_only(writer, tmp_path):
    os.umask(0o077)
    try:
        script = bytes_piece("run", b"#!/bin/sh\n")
        executable = Piece(script.path, script.source, script.sha256, script.size, executable=True)
        write(writer, tmp_path / "out", [*PIECES, executable])
    finally:
        os.umask(0o022)
    found = {path.relative_to(tmp_path).as_posix(): path.stat() for path in tmp_path.rglob("*")}
    assert {name: stat.S_IMODE(one.st_mode) for name, one in found.items()} == {
        "out": 0o755,
        "out/a": 0o755,
        "out/a/b": 0o644,
        "out/bundle.json": 0o644,
        "out/SHA256SUMS": 0o644,
        "out/run": 0o755,
    }
    assert {one.st_mtime for one in found.values()} == {1_700_000_000}


@pytest.mark.parametrize("exchange", [True, False])
def test_a_bundle_is_replaced_as_a_whole(writer, tmp_path, monkeypatch, exchange):
    write(writer, tmp_path / "out")
    if not exchange:
        monkeypatch.setattr(bundle_writer, "_exchange", lambda *_: False)
    write(writer, tmp_path / "out", [*PIECES[:2], bytes_piece("new", b"n")])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["SHA256SUMS", "bundle.json", "new"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", ["file", "directory", "link"])
def test_anything_else_is_refused(writer, tmp_path, kind):
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    elif kind == "directory":
        (out / "mine").mkdir(parents=True)
    else:
        write(writer, tmp_path / "bundle")
        out.symlink_to("bundle")
    with pytest.raises(InputError) as caught:
        writer.check(out)
    assert caught.value.code == "output-exists"
    with pytest.raises(InputError):
        write(writer, out)


def test_missing_parent(writer, tmp_path):
    with pytest.raises(InputError) as caught:
        writer.check(tmp_path / "none/out")
    assert caught.value.code == "output-unwritable"


def test_failure_leaves_the_old_bundle_and_nothing_else(writer, tmp_path):
    write(writer, tmp_path / "out")
    wrong = tmp_path / "source"
    wrong.write_bytes(b"changed")
    with pytest.raises(StageError) as caught:
        write(writer, tmp_path / "out", [Piece("blob", wrong, "0" * 64, 7)])
    assert caught.value.code == "source-changed"
    assert str(wrong) in caught.value.message
    assert (tmp_path / "out/a/b").read_bytes() == b"c"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


def test_leftovers_of_a_killed_build_go_and_those_of_a_running_one_stay(writer, tmp_path):
    dead, alive = tmp_path / ".out.partial-dead", tmp_path / ".out.partial-alive"
    for path in (dead, alive):
        (path / "images").mkdir(parents=True)
    held = os.open(alive, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    write(writer, tmp_path / "out")
    os.close(held)
    assert not dead.exists()
    assert alive.exists()
