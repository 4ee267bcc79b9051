"""Each role's README has a play that Ansible takes, and that gives the role what the tool would give it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from graphistry_airgap.bundle.manifest import parse_bundle
from graphistry_airgap.content import content_root, link_collection
from graphistry_airgap.installation.receipt import Provenance
from graphistry_airgap.installation.site_file import Site
from graphistry_airgap.installation.variables import playbook_variables
from tests.kit.bundles.mini_bundle import MiniBundle

pytestmark = pytest.mark.subprocesses

ROLES = sorted(path for path in (content_root() / "roles").iterdir() if path.is_dir())
NAMES = [path.name for path in ROLES]
# of a play that names no secret of the site and no path but the bundle's
SAME = {
    "container_images_layout",
    "container_images_images",
    "docker_engine_packages",
    "graphistry_release_source",
    "graphistry_release_version",
    "graphistry_release_directories",
    "nvidia_container_toolkit_packages",
    "offline_repo_bundle",
    "offline_repo_repositories",
    "offline_repo_packages",
    "preflight_bundle",
    "preflight_bundle_created",
    "preflight_platform",
    "preflight_architecture",
    "preflight_repositories",
    "preflight_images",
    "preflight_release_version",
    "preflight_release_source",
}
BUNDLE = "graphistry.airgap.bundle"
USE_NO_BUNDLE = {"graphistry_config", "graphistry_services", "graphistry_tls", "hardening_exceptions"}
DIGESTS = {"offline_repo_digests", "preflight_digests"}
FILES = {"graphistry_release_files", "preflight_release_files"}


def example(role):
    text = (role / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^## Example\n\n```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (play,) = yaml.safe_load(block)
    return block, play


@pytest.fixture
def ansible_playbook(tmp_path):
    link_collection(tmp_path / "collections")

    def run(*arguments):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.fspath(tmp_path),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": os.fspath(tmp_path / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        command = [Path(sys.executable).with_name("ansible-playbook"), *arguments]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_the_example_calls_its_role_in_full_and_sets_what_the_role_knows(role):
    _, play = example(role)
    assert play["roles"] == [{"role": f"graphistry.airgap.{role.name}"}]
    specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    options = specs["argument_specs"]["main"]["options"]
    own = {name for name in play["vars"] if name.startswith(f"{role.name}_")}
    assert own <= set(options)
    assert own
    assert set(play["vars"]) - own <= {"medium", "bundle", "platform", "release", "knowledge"}


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_an_example_that_uses_a_bundle_begins_with_its_verification_and_ends_with_the_lock(role):
    _, play = example(role)
    first = {"path": "{{ medium }}"}
    tasks = [[one[BUNDLE] for one in play.get(when, [])] for when in ("pre_tasks", "post_tasks")]
    uses = "medium" in play["vars"]
    assert uses is (role.name not in USE_NO_BUNDLE)
    assert tasks == ([[first], [{"state": "released"}]] if uses else [[], []])


def test_ansible_takes_every_example(ansible_playbook, tmp_path):
    plays = [tmp_path / f"{role.name}.yml" for role in ROLES]
    for role, path in zip(ROLES, plays, strict=True):
        path.write_text(example(role)[0], encoding="utf-8")
    ansible_playbook("--syntax-check", "-i", "graphistry,", *plays)


def test_an_example_gives_a_role_what_the_tool_would(ansible_playbook, tmp_path):
    """The words of the plays, said of a bundle; digests may be of more files than the tool names."""
    medium = MiniBundle(tmp_path / "bundle")
    medium.manifest["platforms"]["debian-13"]["packages"] |= {
        group: [{"name": group, "version": "1", "architecture": "amd64"}] for group in ("docker", "toolkit")
    }
    medium.write()
    plays = []
    for role in ROLES:
        _, play = example(role)
        told = {name: "{{ " + name + " }}" for name in play["vars"] if name in SAME | DIGESTS | FILES}
        task = {"content": "{{ told | to_json }}", "dest": f"{tmp_path}/{role.name}.json", "mode": "0600"}
        plays.append({"name": role.name, "hosts": "localhost", "connection": "local", "gather_facts": False})
        # what the first task would have registered
        play["vars"]["verified"] = {"manifest": json.loads((medium.path / "bundle.json").read_bytes())}
        plays[-1]["vars"] = {**play["vars"], "medium": os.fspath(medium.path), "told": told}
        plays[-1]["tasks"] = [{"name": "Say it", "ansible.builtin.copy": task}]
    (tmp_path / "say.yml").write_text(yaml.safe_dump(plays), encoding="utf-8")
    ansible_playbook(tmp_path / "say.yml")
    told = {}
    for role in ROLES:
        told |= json.loads((tmp_path / f"{role.name}.json").read_text(encoding="utf-8"))

    bundle = parse_bundle((medium.path / "bundle.json").read_bytes())
    made = {"id": bundle.id, "created": bundle.created, "release": bundle.release.version}
    checked = {"sums": "", "signers": (), "signed": False, "verified": "", "keys": ()}
    provenance = Provenance(path=os.fspath(medium.path), platform="debian-13", **made, **checked)
    tools = playbook_variables(Site.from_document({"schema": 1, "purpose": "server"}), bundle, provenance)
    assert {name: told[name] for name in SAME} == {name: tools[name] for name in SAME}
    for name in DIGESTS:
        assert tools[name].items() <= told[name].items()
    for name in FILES:
        assert tools[name]
        assert {path: entry["sha256"] for path, entry in tools[name].items()} == {
            path: entry["sha256"] for path, entry in told[name].items()
        }
