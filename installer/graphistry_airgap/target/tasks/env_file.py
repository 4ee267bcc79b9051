"""Task: the installer's block in an env file, and secrets that are made once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import change
from ..envfile import (
    changes as env_changes,
    context as env_context,
    disk as env_disk,
    secret_values,
    syntax as env_syntax,
    text as env_text,
)

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def refuse_weak(module: AnsibleModule, outside: dict[str, str | None]) -> None:
    """The product must not run with such a value, and it is not ours to change."""
    for name in module.params["secrets"]:
        reason = secret_values.weakness(outside[name]) if name in outside else ""
        if reason:
            module.fail_json(
                msg=f"{module.params['path']}: the value of {name} {reason}",
                code="host-weak-secret",
                hint=f"give {name} a value of its own, or delete its line and let the installer make one",
            )


ARGUMENTS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "settings": {"type": "dict", "default": {}},
    "absent": {"type": "list", "elements": "str", "default": []},
    "secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "mode": {"type": "str", "default": "0600"},
    "replaced": {"type": "path", "required": True},
    "mask_key": {"type": "str", "default": "", "no_log": True},
}


def run(module: AnsibleModule) -> None:
    path, mode = Path(module.params["path"]), int(module.params["mode"], 8)
    settings = {str(name): str(value) for name, value in module.params["settings"].items()}
    unknown = sorted(set(module.params["secrets"]) - set(secret_values.MAKERS))
    if unknown:
        module.fail_json(
            msg=f"no way is known to make the secrets {', '.join(unknown)}",
            code="unknown-secret",
            hint=f"name some of these: {', '.join(sorted(secret_values.MAKERS))}",
        )
    if module.check_mode and not path.parent.is_dir():
        module.exit_json(**change.unknown("release"))
    makers = {name: secret_values.MAKERS[name] for name in module.params["secrets"]}
    try:
        before = env_disk.load(path)
        lookup = env_context.before(env_context.place_of(path.name), env_context.beside(path))
        refuse_weak(module, env_text.sides(before.data, lookup).operators)
        edit = env_text.edit(
            before.data,
            settings=settings,
            absent=module.params["absent"],
            secrets=makers,
            lookup=lookup,
        )
        mode_after = env_changes.mode_after(before, mode)
        changes, diffs = env_changes.of_edit(
            before,
            edit,
            mode=mode_after,
            secrets=makers,
            mask=change.Mask(module.params["mask_key"]),
            lookup=lookup,
        )
        if changes and not module.check_mode:
            if edit.data != before.data and before.data:
                env_disk.keep(path, Path(module.params["replaced"]))
            env_disk.save(before, edit.data, mode=mode_after)
    except env_syntax.EnvTextError as error:
        module.fail_json(
            msg=f"{path}, line {error.line}: {error}",
            code="env-file-unreadable",
            hint="mend that line; Docker cannot work with it either",
        )
    except env_disk.EnvDiskError as error:
        # what is about the host ends with the host's exit code
        code = error.code if error.code == "env-file-changed" else f"host-{error.code}"
        module.fail_json(msg=str(error), code=code, hint=error.hint)
    except env_text.EditError as error:
        module.fail_json(msg=f"{path}: {error}", code="value-unwritable", hint=error.hint)
    module.exit_json(
        **change.answer(changes, diffs),
        written=edit.written,
        generated=edit.generated,
        overridden=edit.overridden,
    )
