"""The linters are tests: the same commands, the same settings, on every run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphistry_airgap.content import link_collection

pytestmark = pytest.mark.subprocesses

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
COMMANDS = {
    "ruff check": ["ruff", "check", "--no-fix", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "yamllint": ["yamllint", "--strict", "."],
    "ansible-lint": ["ansible-lint", "--offline", "--nocolor", "-q"],
    "reference pages": ["python", "docs/make-reference", "--check"],
}
SHELL = ("#!/bin/sh", "#!/usr/bin/env sh", "#!/bin/bash", "#!/usr/bin/env bash")


@pytest.mark.parametrize("name", COMMANDS)
def test_linter_is_content(name, tmp_path):
    program, *arguments = COMMANDS[name]
    # ansible-lint calls its neighbours by name
    environment = {**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}", "NO_COLOR": "1"}
    environment["ANSIBLE_COLLECTIONS_PATH"] = os.fspath(tmp_path)
    link_collection(tmp_path)
    done = subprocess.run(
        [TOOLS / program, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def shell_scripts():
    """All but the parts of install.sh, which have a test of their own."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.splitlines() if "/bootstrap/install/" not in name]
    return [
        path
        for path in files
        if path.is_file() and path.read_bytes()[:40].startswith(tuple(s.encode() for s in SHELL))
    ]


def test_shellcheck_is_content():
    scripts = shell_scripts()
    assert ROOT / "installer/graphistry_airgap/bootstrap/host-profile.sh" in scripts
    done = subprocess.run(
        ["shellcheck", "--external-sources", "--severity=warning", *scripts],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
