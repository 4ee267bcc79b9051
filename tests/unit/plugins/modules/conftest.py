"""Run a module's `main` as Ansible would, in this process, with programs of the test's own on PATH."""

import importlib
import json
import os
import stat
import sys
import types

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

from graphistry_airgap.content import TARGET, content_root
from tests.kit.fakes.verified_bundle import held, list_files, move

COLLECTION = "ansible_collections.graphistry.airgap"


def _package(name, *places):
    """A package of folders wherever they lie, as Ansible makes the collection's."""
    made = sys.modules[name] = types.ModuleType(name)
    made.__path__ = [os.fspath(place) for place in places]
    above, _, last = name.rpartition(".")
    if above:
        setattr(sys.modules[above], last, made)


for outer in ("ansible_collections", "ansible_collections.graphistry", COLLECTION, f"{COLLECTION}.plugins"):
    _package(outer)
_package(f"{COLLECTION}.plugins.modules", content_root() / "plugins" / "modules")
_package(f"{COLLECTION}.plugins.module_utils", TARGET)


@pytest.fixture
def call_module(capsys, monkeypatch):
    """`call_module(name, check=False, **arguments)` returns what the module says."""

    def call(name, *, check=False, **arguments):
        module = importlib.import_module(f"{COLLECTION}.plugins.modules.{name}")
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", None, raising=False)
        capsys.readouterr()
        with patch_module_args({**arguments, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    return call


@pytest.fixture
def verify(tmp_path, monkeypatch):
    """`verify(bundle)` makes a folder, as it is now, the verified bundle of whoever holds the lock."""
    lock, verified = (
        importlib.import_module(f"{COLLECTION}.plugins.module_utils.host.{name}")
        for name in ("lock", "verified")
    )
    move(lock, verified, tmp_path / "run", monkeypatch)

    def write(bundle):
        verified.write(bundle, list_files(bundle), ["A"])

    with held(lock.LOCK):
        yield write


@pytest.fixture
def as_foretold():
    """`as_foretold(call, …)`: check mode says what the run then does, and afterwards that nothing is left."""

    def run(call, *positional, **arguments):
        foretold = call(*positional, check=True, **arguments)
        done = call(*positional, **arguments)
        again = call(*positional, check=True, **arguments)
        assert "unknown_until" not in foretold, "a guess is no foretelling"
        for said in (foretold, done, again):
            assert said["changed"] is bool(said["changes"])
            assert bool(said["diff"]) is bool(said["changes"])
        assert (foretold["changes"], foretold["diff"]) == (done["changes"], done["diff"])
        assert again["changes"] == []
        return done

    return run


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """`programs(name, script)` puts a real shell script before everything else on PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("STATE", os.fspath(tmp_path))

    def put(name, script):
        path = folder / name
        path.write_text(f"#!/bin/sh\nset -eu\n{script}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return put
