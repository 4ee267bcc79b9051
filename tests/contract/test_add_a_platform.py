"""The page that says how to add a platform, followed to the letter in a copy of the checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.bundles.apt_repository import debian_like

pytestmark = pytest.mark.subprocesses

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "add-a-platform.md").read_text(encoding="utf-8")
NAME = "debian-99"
ASK = """
import json, sys
from graphistry_airgap.bootstrap.render import install_sh
from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.adapters.fetch import Fetcher
from graphistry_airgap.connected.adapters.spec_file import read_spec
from graphistry_airgap.connected.packages.apt_closure import AptClosure
from graphistry_airgap.connected.packages.apt_metadata import AptMetadata
from graphistry_airgap.connected.packages.closure import Wanted
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.knowledge.platforms import PLATFORMS
from graphistry_airgap.target.host.platforms import platform_of
from pathlib import Path

name, spec, cache = sys.argv[1:]
cache = Cache(Path(cache))
fetcher = Fetcher(cache, offline=False, pause=0)
wanted = read_spec(Path(spec)).platforms[name]
closure = AptClosure(cache, AptMetadata(cache, fetcher), fetcher).resolve(
    PLATFORMS[name], wanted.repositories, Wanted()
)
print(json.dumps({
    "host": platform_of("debian", "99"),
    "groups": {group: sorted(one.name for one in found) for group, found in closure.groups.items()},
    "branches": [one["branch"] for one in load_knowledge()["drivers"]["platforms"][name]["branches"]],
    "install.sh": "debian-99 | debian-99.*) platform=debian-99" in install_sh().decode(),
}))
"""


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A checkout in which the page's steps 1 and 2 were done."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("installer", "roles", "scripts", "docs"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("README.md", "setup.py"):
        shutil.copy(ROOT / name, root / name)
    (place,) = re.findall(r"`(installer/\S+/knowledge/platforms/\S+\.json)`", PAGE)
    (document,) = blocks("json")
    (root / place).write_text(document, encoding="utf-8")
    (commands,) = blocks("sh")
    for command in commands.splitlines():
        subprocess.run([sys.executable, *command.split()], cwd=root, check=True, capture_output=True)
    return root


def test_everything_that_is_made_is_made(copy):
    for command in ("scripts/make-platforms", "docs/make-reference"):
        subprocess.run([sys.executable, command, "--check"], cwd=copy, check=True)
    assert f"`{NAME}`" in (copy / "README.md").read_text(encoding="utf-8")
    assert "        - future\n" in (copy / "roles/docker_engine/meta/main.yml").read_text(encoding="utf-8")
    assert f"platforms.{NAME}" in (copy / "docs/reference/bundle-spec.md").read_text(encoding="utf-8")


def test_a_bundle_for_it_resolves_and_its_hosts_are_known(copy, keys, tmp_path):
    repository = debian_like(tmp_path / "debian", keys)
    spec = tmp_path / "new.bundle.yml"
    release = {"path": "release", "sha256": "0" * 64}
    wanted = {
        "name": "debian",
        "uri": f"file:{repository.path}",
        "suite": repository.suite,
        "components": ["main"],
        "signed_by": str(repository.path / "key.gpg"),
    }
    platforms = {NAME: {"repositories": [wanted]}}
    spec.write_text(json.dumps({"schema": 1, "release": release, "platforms": platforms}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", ASK, NAME, spec, tmp_path / "cache"],
        env=os.environ | {"PYTHONPATH": str(copy / "installer")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["host"], said["branches"], said["install.sh"]) == (NAME, ["580"], True)
    assert said["groups"]["docker"] == ["docker-cli", "docker-compose", "docker.io", "iptables"]
