"""Built archives of modules: kept beside a complete runtime, offered where Ansible looks for them."""

from __future__ import annotations

import os

import pytest

from plugins.plugin_utils import kept_archives

NAME = "ansible_collections.graphistry.airgap.plugins.modules.in_place-ZIP_DEFLATED-none"


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    path = tmp_path / "runtime"
    path.mkdir()
    (path / kept_archives.COMPLETE).touch()
    monkeypatch.setattr(kept_archives.sys, "prefix", str(path))
    return path


@pytest.fixture
def new_process(tmp_path, monkeypatch):
    """Ansible has a temporary folder of its own in each process."""

    def begin(name):
        path = tmp_path / name
        path.mkdir()
        monkeypatch.setattr(kept_archives.constants, "DEFAULT_LOCAL_TMP", str(path))
        return path / "ansiballz_cache"

    return begin


def built(cache):
    cache.mkdir()
    (cache / NAME).write_bytes(b"archive")
    (cache / f"{NAME}.lock").touch()
    (cache / f"{NAME}-part").write_bytes(b"arc")


def test_what_one_process_built_lies_before_the_next(runtime, new_process):
    built(new_process("one"))
    before = os.umask(0o077)
    kept_archives.keep()
    os.umask(before)
    cache = new_process("two")
    kept_archives.offer()
    assert [path.name for path in cache.iterdir()] == [NAME]
    assert (cache / NAME).read_bytes() == b"archive"
    (whole,) = (runtime / kept_archives.KEPT).iterdir()
    assert (whole.name, whole.stat().st_mode & 0o777, whole.parent.stat().st_mode & 0o777) == (
        NAME,
        0o644,
        0o755,
    )
    kept_archives.offer()  # of a second worker


def test_the_end_of_a_process_takes_nothing_of_it_away(runtime, new_process):
    built(new_process("one"))
    kept_archives.keep()
    cache = new_process("two")
    kept_archives.offer()
    for path in cache.iterdir():
        path.unlink()
    assert (runtime / kept_archives.KEPT / NAME).read_bytes() == b"archive"


@pytest.mark.parametrize("why", ["not complete", "no room"])
def test_where_nothing_can_be_kept_the_run_goes_on(runtime, new_process, why):
    built(new_process("one"))
    if why == "not complete":
        (runtime / kept_archives.COMPLETE).unlink()
    else:
        (runtime / kept_archives.KEPT).touch()
    kept_archives.keep()
    cache = new_process("two")
    kept_archives.offer()
    assert not cache.exists() or not list(cache.iterdir())
