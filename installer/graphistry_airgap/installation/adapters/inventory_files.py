"""Reads a site's inventory by Ansible's own reader, and nothing in it that would run."""

from __future__ import annotations

import json
import os
import shutil
import stat
from typing import TYPE_CHECKING

from graphistry_airgap.core.adapters.process import run
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.installation.adapters.playbooks import environment, make_work, program
from graphistry_airgap.installation.fleet.inventory import InventoryHost, hosts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KINDS = (".yml", ".yaml", ".json", ".ini", "")
_BESIDE = ("group_vars", "host_vars")
_READERS = "ansible.builtin.yaml,ansible.builtin.ini"


def read_inventory(path: Path, work_root: Path) -> list[InventoryHost]:
    """The hosts of a file or directory in Ansible's YAML or INI, with `group_vars` and `host_vars` beside it.

    Raises:
        InputError: it is not there, others could have written it, a part of it is a program or a link, or
            Ansible cannot read it.
    """
    path = path.parent.resolve() / path.name
    for place in reversed(path.parent.parents):
        _require_safe(place, sticky=True)
    for part in _parts(path):
        _require_safe(part)
    work = make_work(work_root)
    try:
        (work / "ansible.cfg").write_text("[defaults]\n", encoding="ascii")
        (work / "tmp").mkdir()
        asked = environment(work) | {
            "ANSIBLE_INVENTORY_ENABLED": _READERS,
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        }
        # Ansible looks for variables in the current directory, too, whoever may write there
        command = [str(program("ansible-inventory")), "-i", str(path), "--list"]
        done = run(command, cwd=work, env=asked, timeout=120)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if not done.ok:
        raise InputError(
            done.refusal(f"Ansible cannot read the inventory {path}"),
            code="inventory-unreadable",
            hint="it must be an inventory in YAML or INI; `ansible-inventory -i PATH --list` shows the same",
            details={"path": str(path)},
        )
    return hosts_of(json.loads(done.stdout), str(path))


def _parts(path: Path) -> Iterator[Path]:
    """Whatever Ansible would read, and the directory in which somebody could put something beside it."""
    yield path.parent
    roots = [path] if path.is_dir() else [path, *(path.parent / name for name in _BESIDE)]
    for root in roots:
        if root != path and not os.path.lexists(root):
            continue
        yield root
        if root.is_dir() and not root.is_symlink():
            yield from sorted(root.rglob("*"))


def _require_safe(part: Path, *, sticky: bool = False) -> None:
    """`sticky`: it may be a directory such as /tmp, where others cannot replace what is not theirs."""
    try:
        status = part.lstat()
    except OSError as error:
        raise InputError(
            f"the inventory {part} cannot be read: {error.strerror}",
            code="inventory-unreadable",
            hint="name a file or directory: --inventory PATH",
            details={"found": str(error.strerror), "path": str(part)},
        ) from None
    if reason := _reason(part, status, sticky=sticky):
        raise InputError(
            f"{part} {reason}",
            code="inventory-unsafe",
            hint="an inventory is plain YAML or INI, owned by root or by you and writable by nobody else",
            details={"found": f"{stat.filemode(status.st_mode)}, owner {status.st_uid}", "path": str(part)},
        )


def _reason(part: Path, status: os.stat_result, *, sticky: bool) -> str:
    kind = status.st_mode
    open_to_others = kind & (stat.S_IWGRP | stat.S_IWOTH)
    if sticky and kind & stat.S_ISVTX:
        open_to_others = 0
    found = {
        f"belongs to the account {status.st_uid}": status.st_uid not in (0, os.geteuid()),
        "is a link": stat.S_ISLNK(kind),
        "is neither a file nor a directory": not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)),
        "can be written by others": open_to_others,
        "is executable, and Ansible would run it": stat.S_ISREG(kind) and kind & 0o111,
        "is neither YAML nor INI by its name": stat.S_ISREG(kind) and part.suffix not in _KINDS,
    }
    return next((reason for reason, holds in found.items() if holds), "")
