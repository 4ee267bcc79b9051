"""The wheel, installed into an empty virtual environment elsewhere, is complete."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

CHECKOUT = Path(__file__).resolve().parents[2]
HOME = str(Path.home())  # pip's cache lies there
CONTENT = ("playbooks", "roles", "inventory")


def run(*command: str | Path, home: str = "/nonexistent") -> str:
    """From `/` and without the checkout in any path."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy of the sources: the checkout's build/ could add what is long gone."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns(".git", ".venv", "build", "*.egg-info", "__pycache__", ".*_cache")
    shutil.copytree(CHECKOUT, folder / "source", ignore=ignored)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, folder / "source"]
    run(*command, home=HOME)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """An empty environment with the wheel and what it asks for."""
    path = tmp_path_factory.mktemp("environment") / "venv"
    run(sys.executable, "-m", "venv", path)
    run(path / "bin/pip", "install", "--quiet", "--disable-pip-version-check", wheel, home=HOME)
    return path


def test_the_wheel_holds_the_ansible_content(wheel):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if "/_content/" in name}
    files = (path for name in CONTENT for path in (CHECKOUT / name).rglob("*") if path.is_file())
    there = {os.fspath(path.relative_to(CHECKOUT)) for path in files if "__pycache__" not in path.parts}
    assert held == {f"graphistry_airgap/_content/{name}" for name in there}
    assert any("/_content/roles/container_images/tasks/" in name for name in held)


def test_its_command_line_runs(environment):
    said = run(environment / "bin/graphistry-airgap", "--help")
    for command in ("bundle", "preflight", "install", "verify", "status"):
        assert f"\n    {command} " in said
    assert run(environment / "bin/python", "-I", "-m", "graphistry_airgap", "--version").startswith(
        "graphistry-airgap "
    )


def test_it_looks_into_a_bundle(environment, bundle):
    said = run(environment / "bin/graphistry-airgap", "bundle", "inspect", bundle, "--json")
    envelope = json.loads(said)
    assert (envelope["ok"], envelope["exit_code"]) == (True, 0)
    assert envelope["data"]["id"] == json.loads((bundle / "bundle.json").read_bytes())["id"]


def test_it_finds_its_content_in_itself(environment):
    script = "from graphistry_airgap.content import content_root; print(content_root())"
    root = Path(run(environment / "bin/python", "-I", "-c", script).strip())
    assert root.is_relative_to(environment)
    assert all((root / name).is_dir() for name in CONTENT)
