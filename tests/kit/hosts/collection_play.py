"""A site's own plays on a host that has plain Ansible and the collection's tarball, and nothing of the tool.

Python and ansible-core come from the bundle, for the host has no network; the tool's wheel stays out.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from lab.bundles.demo import CHECKOUT
from lab.hosts.prepared_host import MEDIUM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.hosts.sealed_host import SealedHost

PLACE = "/srv/plain"
PLAY = f"{PLACE}/play.yml"
RUNTIME = f"{MEDIUM}/runtime/debian-13"
PREPARE = f"""\
set -eu
python3 -m venv --without-pip {PLACE}/ansible
pip=$(echo {RUNTIME}/pip-*.whl)/pip
{PLACE}/ansible/bin/python $pip install --quiet --no-index --find-links {RUNTIME} ansible-core
export HOME={PLACE} LC_ALL=C.UTF-8
{PLACE}/ansible/bin/ansible-galaxy collection install --offline -p {PLACE}/collections {PLACE}/*.tar.gz
"""
RUN = f"""\
cd {PLACE}
export HOME={PLACE} LC_ALL=C.UTF-8 ANSIBLE_NOCOLOR=1 ANSIBLE_LOCALHOST_WARNING=0
export ANSIBLE_COLLECTIONS_PATH={PLACE}/collections ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3
exec {PLACE}/ansible/bin/ansible-playbook -i localhost, -c local "$@" {PLAY}
"""
DIGESTS = "{{ dict(bundle.files | zip(bundle.files.values() | map(attribute='sha256'))) }}"
RELEASE = "{{ bundle.files | dict2items | selectattr('key', 'match', 'release/') }}"
FILES = (
    "{{ dict(release | map(attribute='key') | map('regex_replace', '^release/', '')"
    " | zip(release | map(attribute='value'))) }}"
)
# what the roles' READMEs say
VARIABLES = {
    "medium": MEDIUM,
    "bundle": "{{ verified.manifest }}",
    "platform": "{{ bundle.platforms['debian-13'] }}",
    "release": RELEASE,
    "preflight_bundle": "{{ medium }}",
    "preflight_repositories": "{{ platform.repositories }}",
    "preflight_digests": DIGESTS,
    "preflight_packages": "{{ platform.packages.docker }}",
    "preflight_waive": ["administrator"],
    "offline_repo_bundle": "{{ medium }}",
    "offline_repo_repositories": "{{ platform.repositories }}",
    "offline_repo_digests": DIGESTS,
    "offline_repo_packages": "{{ platform.packages.python }}",
    "docker_engine_packages": "{{ platform.packages.docker }}",
    "docker_engine_address_pools": [{"base": "172.30.0.0/16", "size": 24}],
    "nvidia_container_toolkit_packages": "{{ platform.packages.toolkit }}",
    "container_images_layout": "{{ medium }}/images",
    "container_images_images": "{{ bundle.images }}",
    "graphistry_release_source": "{{ medium }}/release",
    "graphistry_release_version": "{{ bundle.release.version }}",
    "graphistry_release_files": FILES,
    "graphistry_release_directories": "{{ bundle.release.empty_directories | default([]) }}",
}
VERIFY = {
    "name": "Verify the bundle and take the host's lock",
    "graphistry.airgap.bundle": {"path": "{{ medium }}"},
    "register": "verified",
}
RELEASED = {"name": "Release the host's lock", "graphistry.airgap.bundle": {"state": "released"}}


@dataclass(frozen=True)
class Played:
    """`codes` are those of the tasks that failed."""

    rc: int
    changed: int
    codes: list[str]
    said: str


def put(host: SealedHost) -> None:
    """Python from the bundle, plain ansible-core beside it, and the collection out of its tarball."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([CHECKOUT / "scripts" / "collection", folder], check=True, capture_output=True)
        (tarball,) = Path(folder).iterdir()
        host.put(tarball, f"{PLACE}/{tarball.name}")
    python = CHECKOUT / "molecule" / "shared" / "bootstrap-python.sh"
    host.require(["sh", "-c", python.read_text(encoding="utf-8")], timeout=300)
    host.require(["sh", "-c", PREPARE], timeout=300)


def write(
    host: SealedHost,
    *roles: str,
    verify: dict[str, Any] | None = None,
    between: Sequence[dict[str, Any]] = (),
    released: bool = True,
    **variables: Any,
) -> None:
    """A play that verifies (with an empty `verify` it does not), does something in between, and has roles."""
    first = [VERIFY if verify is None else {**VERIFY, "graphistry.airgap.bundle": verify}]
    play = {
        "name": "Use a bundle",
        "hosts": "all",
        "gather_facts": False,
        "vars": {**VARIABLES, **variables},
        "pre_tasks": [*(first if verify != {} else []), *between],
        "roles": [{"role": f"graphistry.airgap.{role}"} for role in roles],
        "post_tasks": [RELEASED] if released else [],
    }
    host.put(yaml.safe_dump([play], width=10_000).encode(), PLAY)


def run(host: SealedHost, *options: str, environment: dict[str, str] | None = None) -> Played:
    done = host.exec(["sh", "-c", RUN, "sh", *options], env=environment, timeout=900)
    said = done.stdout + done.stderr
    counted = re.search(r"changed=(\d+)", said)
    return Played(
        done.rc,
        int(counted[1]) if counted else -1,
        re.findall(r'^fatal: .*?"code": "([a-z-]+)"', said, re.MULTILINE),
        said,
    )


def end_lock(host: SealedHost) -> None:
    """As the message says: what a play that failed has left."""
    host.exec(["systemctl", "stop", "graphistry-airgap-play-lock.service"])
