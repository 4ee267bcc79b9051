"""Bring to a host what its bundle is judged with: the keyring of this machine, and the shell's judge.

Both come from the controller, as the play does: a bundle cannot vouch for itself, and the host may have
nothing of this tool. Who judges and who takes the lock is the module of the same name.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ..plugin_utils.bootstrap.render import verify_sh
from ..plugin_utils.this_run import this_run

DEFAULT_KEYRING = "/etc/graphistry-airgap/trusted.gpg"
MODULE = "graphistry.airgap.bundle"
STATES = ("verified", "released")
HINT_KEYRING = "name a file of your trusted public keys (gpg --export KEY > FILE) as the keyring of the task"


class RefusedError(Exception):
    """Something of the controller's own is not fit to judge with."""

    def __init__(self, message: str, *, code: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no types
    """Ansible's own name for it."""

    TRANSFERS_FILES = True
    _VALID_ARGS = frozenset({"path", "keyring", "state"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            brought = {"play": this_run(), **self._brought()}
        except RefusedError as error:
            return {**result, "failed": True, "msg": str(error), "code": error.code, "hint": error.hint}
        arguments = {**self._task.args, "brought": brought}
        said: dict[str, Any] = self._execute_module(
            module_name=MODULE, module_args=arguments, task_vars=task_vars
        )
        return {**result, **said}

    def _brought(self) -> dict[str, Any]:
        if self._task.args.get("state", STATES[0]) != STATES[0]:
            return {}
        keyring = Path(self._find_needle("files", self._task.args.get("keyring", DEFAULT_KEYRING)))
        require_keyring(keyring)
        required = signers_required(keyring.with_name("trusted.required"))
        folder = self._connection._shell.tmpdir
        places = [self._connection._shell.join_path(folder, name) for name in ("verify.sh", "trusted.gpg")]
        self._transfer_data(places[0], verify_sh())
        self._transfer_file(str(keyring), places[1])
        self._fixup_perms2((folder, *places))
        return {"script": places[0], "keyring": places[1], "required": required}


def require_keyring(path: Path) -> None:
    if path == Path(DEFAULT_KEYRING) and not is_roots_own(path):
        raise RefusedError(
            f"{path} must belong to root and be writable by nobody else",
            code="keyring-unsafe",
            hint=f"chown root: {path} && chmod 644 {path}",
        )
    for folder in path.resolve().parents:
        if all((folder / name).is_file() for name in ("SHA256SUMS", "bundle.json")):
            raise RefusedError(
                f"the keyring {path} lies inside the bundle {folder}",
                code="keyring-in-bundle",
                hint="a bundle cannot vouch for itself: name a keyring that came to this machine another way",
            )


def signers_required(path: Path) -> int:
    """How many keys must have signed, as the file beside the keyring says; 0 where there is none."""
    if not (path.exists() or path.is_symlink()):
        return 0
    if path.parent == Path(DEFAULT_KEYRING).parent and not (path.is_file() and is_roots_own(path)):
        raise RefusedError(
            f"{path} must be a file of root that nobody else may write",
            code="trusted-required-unsafe",
            hint=f"chown root: {path} && chmod 644 {path}",
        )
    word = path.read_text(encoding="utf-8").rstrip("\n") if path.is_file() else ""
    if word not in list("123456789"):
        raise RefusedError(
            f"{path} does not hold one line with a number from 1 to 9",
            code="trusted-required-invalid",
            hint=f"write how many keys must have signed: echo N > {path}",
        )
    return int(word)


def is_roots_own(path: Path) -> bool:
    """Also by the directory: whoever may write there can put another file in its place."""
    return all(
        one.stat().st_uid == 0 and not one.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        for one in (path, path.parent)
    )
