"""What is read from a medium is what was signed, or nothing."""

import hashlib
import os

import pytest

from graphistry_airgap.target.host import medium

DATA = b"signed"
SIGNED = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path


def test_what_was_signed_is_read_and_copied(file, tmp_path):
    assert medium.read(file, name="file", sha256=SIGNED) == DATA
    with (tmp_path / "copy").open("wb") as target:
        medium.copy(file, target, name="file", sha256=SIGNED)
    assert (tmp_path / "copy").read_bytes() == DATA


def a_link(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def a_directory(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "change",
    [lambda path: path.write_bytes(b"other!"), lambda path: path.unlink(), a_link, a_pipe, a_directory],
)
def test_what_became_something_else_is_refused_without_waiting(file, tmp_path, change):
    change(file)
    with pytest.raises(medium.MediumError) as caught:
        medium.read(file, name="file", sha256=SIGNED)
    assert caught.value.path == "file"
    with (tmp_path / "copy").open("wb") as target, pytest.raises(medium.MediumError):
        medium.copy(file, target, name="file", sha256=SIGNED)


def test_a_file_that_grew_does_not_fill_the_memory(file, monkeypatch):
    monkeypatch.setattr(medium, "LARGEST", 100)
    file.write_bytes(bytes(101))
    with pytest.raises(medium.MediumError, match="larger"):
        medium.read(file, name="file", sha256=SIGNED)


@pytest.mark.parametrize(
    "words",
    [
        "E: Failed to fetch copy:/media/x.deb  Hash Sum mismatch",
        "E: Failed to fetch copy:/media/x.deb  Undetermined Error",
        "E: Failed to fetch copy:/media/x.deb  File has unexpected size (10 != 20). Mirror sync in progress?",
        "Err:1 copy:/media/bundle trixie InRelease\n  The following signatures were invalid: BADSIG 0123",
        "Sub-process /usr/bin/sqv returned an error code (1), error message is: Message has been manipulated",
    ],
)
def test_apt_s_complaints_about_files(words):
    assert medium.is_to_blame(words)


@pytest.mark.parametrize(
    "words",
    [
        "E: Release file is not valid yet",
        "E: Unable to correct problems",
        "E: Failed to fetch copy:/x  No space left on device",
    ],
)
def test_apt_s_complaints_about_the_host(words):
    assert not medium.is_to_blame(words)
