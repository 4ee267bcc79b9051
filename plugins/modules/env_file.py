#!/usr/bin/python
"""Ansible module: the installer's block in an env file, and secrets that are made once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: env_file
short_description: Edit an env file without touching what is not the installer's
version_added: "0.1.0"
description:
  - Keeps settings in one marked block; every byte outside it stays as it is. A name that the operator
    sets outside the block wins and is not written into the block.
  - A secret is made when neither side has it, and is never changed, printed or returned.
  - Written is the whole new file or nothing; a link, a read-only file and one that somebody else has changed
    meanwhile are left as they are.
  - A secret of the operator that is empty or well known is an error and is left as it is.
options:
  path:
    description: The env file; it is created when it is absent.
    type: path
    required: true
  settings:
    description: Names and values that the block must hold.
    type: dict
    default: {}
  absent:
    description: Names that the block must not hold.
    type: list
    elements: str
    default: []
  secrets:
    description: Names of secrets that must exist.
    type: list
    elements: str
    default: []
  mode:
    description: Permissions of the file, octal.
    type: str
    default: '0600'
  replaced:
    description: Directory that keeps a copy of the file before it is changed.
    type: path
    required: true
  mask_key:
    description:
      - Makes the digests that stand for secrets in C(changes) comparable between two answers.
      - Without it they compare within one.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run; a secret that is made is C(generated) in both.
  diff_mode:
    support: full
    description: Shows the installer's block, with digests for secrets; never a line of the operator.
"""

EXAMPLES = r"""
- name: Set the log level and have the secrets made
  graphistry.airgap.env_file:
    path: /var/graphistry/current/data/config/custom.env
    settings:
      AIR_GAPPED: "1"
      LOG_LEVEL: INFO
    secrets:
      - DJANGO_SECRET_KEY
      - GRAPHISTRY_NEXUS_ENCRYPTION_KEYS
      - GRAPHISTRY_NEXUS_SIGNING_KEY
      - GRAPHISTRY_NEXUS_SIGNING_SALT
    replaced: /var/lib/graphistry-airgap/replaced
"""

RETURN = r"""
changes:
  description: The mode of the file and each name of the block that differs, as data.
  returned: success
  type: list
  elements: dict
diff:
  description: The same for people.
  returned: success
  type: list
  elements: dict
unknown_until:
  description: The stage that has to come first, where check mode cannot know more.
  returned: in check mode
  type: str
written:
  description: Names whose line in the block was added or changed.
  returned: success, where the release is there
  type: list
  elements: str
generated:
  description: Names of the secrets that were made.
  returned: success, where the release is there
  type: list
  elements: str
overridden:
  description: Names that the operator sets outside the block.
  returned: success, where the release is there
  type: list
  elements: str
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import change
from ..module_utils.envfile import (
    changes as env_changes,
    context as env_context,
    disk as env_disk,
    secret_values,
    text as env_text,
)


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


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "settings": {"type": "dict", "default": {}},
            "absent": {"type": "list", "elements": "str", "default": []},
            "secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
            "mode": {"type": "str", "default": "0600"},
            "replaced": {"type": "path", "required": True},
            "mask_key": {"type": "str", "default": "", "no_log": True},
        },
        supports_check_mode=True,
    )
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
    except env_text.EnvTextError as error:
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


if __name__ == "__main__":
    main()
