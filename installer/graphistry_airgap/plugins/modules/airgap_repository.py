#!/usr/bin/python
"""Ansible module: make the bundle's package repositories usable through APT_CONFIG alone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_repository
short_description: Make the package repositories of a bundle usable
description:
  - Writes keyrings, C(sources.list) and C(apt.conf) under a state directory of the tool and reads the
    package lists of the bundle into it. Nothing under C(/etc/apt) is read or written.
  - The lists are read again only when bundle path, keys, sources or the vendors' InRelease files differ.
options:
  state:
    description: Directory for everything this module writes.
    type: path
    required: true
  bundle:
    description: Directory of the bundle.
    type: path
    required: true
  repositories:
    description: Repositories as C(bundle.json) lists them (name, path, suite, components, signed_by).
    type: list
    elements: dict
    required: true
  digests:
    description: Hex sha256 of keyrings by their path in the bundle; a keyring that differs is refused.
    type: dict
    default: {}
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
apt_config:
  description: Path of the file to name in the environment variable APT_CONFIG.
  returned: always
  type: str
"""

import os
import shutil
from pathlib import Path
from typing import Any

from ansible.module_utils.airgap import apt_source, placing
from ansible.module_utils.basic import AnsibleModule


def outdated(files: dict[Path, bytes]) -> list[Path]:
    return [path for path, data in files.items() if not path.is_file() or path.read_bytes() != data]


def update(module: AnsibleModule, state: Path, config: Path) -> None:
    """Read the lists anew; what another bundle left is gone before."""
    shutil.rmtree(state / "lists", ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(mode=0o755, parents=True, exist_ok=True)
    environment = {"APT_CONFIG": os.fspath(config), "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    # Ansible's own apt module reads the host's sources, too, and needs python3-apt, which is not there yet
    code, out, error = module.run_command(["apt-get", "--quiet", "update"], environ_update=environment)
    if code:
        module.fail_json(
            msg=f"apt cannot read the bundle's package lists:\n{(error or out).strip()[-1500:]}",
            code="repository-unreadable",
            hint="run `graphistry-airgap bundle verify` on the bundle; also check the host's clock",
        )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "path", "required": True},
            "bundle": {"type": "path", "required": True},
            "repositories": {"type": "list", "elements": "dict", "required": True},
            "digests": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    params: dict[str, Any] = module.params
    state, bundle = Path(params["state"]), Path(params["bundle"])
    config = state / "apt.conf"
    _, architecture, _ = module.run_command(["dpkg", "--print-architecture"], check_rc=True)
    try:
        repositories = [apt_source.Repository.read(entry) for entry in params["repositories"]]
        files = apt_source.files(state, bundle, repositories, architecture.strip(), params["digests"])
        stamp = apt_source.stamp(bundle, repositories, files)
    except apt_source.SourceError as error:
        module.fail_json(
            msg=str(error), code="repository-refused", hint="make the bundle again, or copy it again"
        )
    stamp_file = state / "lists.stamp"
    stale = not stamp_file.is_file() or stamp_file.read_text(encoding="ascii") != stamp
    wrong = outdated(files)
    changed = stale or bool(wrong) or not (state / "lists").is_dir()
    if changed and not module.check_mode:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        stamp_file.unlink(missing_ok=True)
        for path in wrong:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            placing.write_atomic(path, files[path], mode=0o644)
        update(module, state, config)
        placing.write_atomic(stamp_file, stamp.encode(), mode=0o644)
    module.exit_json(changed=changed, apt_config=os.fspath(config))


if __name__ == "__main__":
    main()
