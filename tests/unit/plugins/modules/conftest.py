"""Run a module's `main` as Ansible would, in this process, with programs of the test's own on PATH."""

import importlib
import json
import os
import stat

import ansible.module_utils
import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

from graphistry_airgap.content import plugins_root

SHARED = os.fspath(plugins_root() / "module_utils")
if SHARED not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(SHARED)


@pytest.fixture
def call_module(capsys, monkeypatch):
    """`call_module(name, check=False, **arguments)` returns what the module says."""

    def call(name, *, check=False, **arguments):
        module = importlib.import_module(f"graphistry_airgap.plugins.modules.{name}")
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", None, raising=False)
        capsys.readouterr()
        with patch_module_args({**arguments, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    return call


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
