"""Wheels, installed into an empty environment elsewhere: the whole tool, and what a bundle brings of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.runtime.own_wheel import build_own_wheel
from tests.kit.bundles.mini_bundle import MiniBundle

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

CHECKOUT = Path(__file__).resolve().parents[2]
HOME = str(Path.home())  # pip's cache lies there
CONTENT = ("playbooks", "roles", "plugins", "meta", "inventory")


def run(*command: str | Path, home: str = "/nonexistent") -> str:
    done = outcome(*command, home=home)
    assert done.returncode == 0, done.stderr
    return done.stdout


def outcome(*command: str | Path, home: str = "/nonexistent") -> subprocess.CompletedProcess[str]:
    """From `/` and without the checkout in any path."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": home, "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)


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


def installed(wheel: Path, place: Path) -> Path:
    """An empty environment with the wheel and what it asks for."""
    run(sys.executable, "-m", "venv", place)
    run(place / "bin/pip", "install", "--quiet", "--disable-pip-version-check", wheel, home=HOME)
    return place


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    return installed(wheel, tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture(scope="module")
def tool_of_a_host(tmp_path_factory):
    """What a bundle brings, installed; the command line in it."""
    folder = tmp_path_factory.mktemp("host")
    cache = Cache(folder / "cache")
    wheel = build_own_wheel(cache)
    shutil.copy(cache.find(wheel.sha256), folder / wheel.filename)
    return installed(folder / wheel.filename, folder / "venv") / "bin/graphistry-airgap"


def test_the_wheel_holds_the_ansible_content(wheel):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if "/_content/" in name}
    files = [path for name in CONTENT for path in (CHECKOUT / name).rglob("*") if path.is_file()]
    files.append(CHECKOUT / "galaxy.yml")
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


def answer(*command: str | Path) -> tuple[int, dict[str, object]]:
    done = outcome(*command, "--json")
    said = json.loads(done.stdout)
    return done.returncode, said


BUILDING = {"build": ["site.bundle.yml", "-o", "out"], "sign": ["bundle", "--sign-key", "F" * 40]}


@pytest.mark.parametrize("action", BUILDING)
def test_the_tool_of_a_host_refuses_to_build(tool_of_a_host, action):
    assert list(tool_of_a_host.parents[1].glob("lib/python*/site-packages/graphistry_airgap/installation"))
    assert not list(tool_of_a_host.parents[1].glob("lib/python*/site-packages/graphistry_airgap/connected"))
    status, said = answer(tool_of_a_host, "bundle", action, *BUILDING[action])
    (error,) = said["errors"]
    assert (status, error["code"]) == (5, "part-missing")
    assert "came out of a bundle" in error["message"]
    assert "the machine that builds" in error["hint"]
    assert {"found", "needed"} <= error.keys()


@pytest.mark.parametrize("action", BUILDING)
def test_the_whole_tool_does_not(environment, action):
    status, said = answer(environment / "bin/graphistry-airgap", "bundle", action, *BUILDING[action])
    assert status != 0
    assert said["errors"][0]["code"] != "part-missing"


@pytest.fixture
def medium(keys, tmp_path):
    """A signed bundle, its keyring and an env file."""
    bundle = MiniBundle(tmp_path / "bundle")
    bundle.write()
    bundle.sign(keys, "signer")
    (tmp_path / "trusted.gpg").write_bytes(keys.public("signer"))
    (tmp_path / "custom.env").write_text("LOG_LEVEL=INFO\n")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        "bundle verify {0}/bundle --keyring {0}/trusted.gpg",
        "bundle verify {0}/bundle --keyring {0}/trusted.gpg --report {0}/report.json",
        "bundle inspect {0}/bundle",
        "env get LOG_LEVEL --file {0}/custom.env",
        "env set LOG_LEVEL=DEBUG --file {0}/custom.env",
        "gpu plan --gpu-count 2",
        "host profile -o {0}/profile.json",
    ],
)
def test_the_tool_of_a_host_runs_what_needs_no_installation(tool_of_a_host, medium, words):
    status, said = answer(tool_of_a_host, *words.format(medium).split())
    assert (status, said["errors"]) == (0, [])


@pytest.mark.parametrize("command", ["verify", "install"])
def test_the_tool_of_a_host_begins_what_an_installation_is(tool_of_a_host, medium, command):
    """Without a site file, or where systemd has not booted, it ends there."""
    given = f"--bundle {medium}/bundle --keyring {medium}/trusted.gpg --site {medium}/site.yml".split()
    _, said = answer(tool_of_a_host, command, *given)
    assert said["errors"][0]["code"] in ("file-missing", "no-systemd")


def test_the_words_of_the_tool_of_a_host_are_the_same(tool_of_a_host, environment):
    for words in (["--help"], ["bundle", "build", "--help"]):
        assert run(tool_of_a_host, *words) == run(environment / "bin/graphistry-airgap", *words)
