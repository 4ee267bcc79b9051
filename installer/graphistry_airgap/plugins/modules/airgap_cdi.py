#!/usr/bin/python
"""Ansible module: the CDI specification of this machine's GPUs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_cdi
short_description: Keep the CDI specification in step with driver and GPUs
description:
  - Asks the toolkit to describe the GPUs, where its version can and a driver answers, and writes the file
    when it says something else. A file of this module's making is removed when no driver answers any more.
  - What was replaced or removed is kept; a file of somebody else's is never removed.
options:
  wanted:
    description: Whether this machine is to have one; a template is not, its clones have other GPUs.
    type: bool
    required: true
  path:
    description: The specification.
    type: path
    default: /etc/cdi/nvidia.yaml
  state:
    description: Directory of the tool's state, where digests of what was written are remembered.
    type: path
    required: true
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
done:
  description: What was done, written or removed; empty when nothing was.
  returned: success
  type: str
reason:
  description: Why there is no specification; empty when there is one.
  returned: success
  type: str
"""

import hashlib
from pathlib import Path

from ansible.module_utils.airgap import cdi_spec, gpu_smi, placing
from ansible.module_utils.basic import AnsibleModule

TIME_LIMIT = "60"


def describe(module: AnsibleModule) -> tuple[str, str]:
    """The specification as the toolkit makes it now; else an empty one and the reason."""
    if reason := obstacle(module):
        return "", reason
    guard = ["timeout", "-k", "3", TIME_LIMIT]
    status, made, said = module.run_command([*guard, "nvidia-ctk", "cdi", "generate"])
    if status or not made.strip():
        last = said.strip().splitlines()[-1:] or [f"exit {status}"]
        return "", f"nvidia-ctk cdi generate failed: {last[0][-400:]}"
    return made, ""


def obstacle(module: AnsibleModule) -> str:
    if not module.params["wanted"]:
        return "a template has none: its clones have other GPUs"
    _, said, _ = module.run_command(["nvidia-ctk", "--version"])
    version = cdi_spec.version(said)
    if version is None:
        return "nvidia-ctk does not say its version"
    if version < cdi_spec.OLDEST:
        return f"the toolkit {version[0]}.{version[1]} makes none; 1.12 and newer do"
    answer = gpu_smi.ask(lambda argv, extra: module.run_command(argv, environ_update=dict(extra)))
    if answer.state != gpu_smi.ANSWERED:
        return f"no driver answers: {answer.detail}"
    return "" if answer.gpus else "the driver sees no GPU"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def known(record: Path) -> set[str]:
    """Digests of every specification that this module wrote."""
    return set(record.read_text(encoding="utf-8").split()) if record.exists() else set()


def apply(module: AnsibleModule, action: str, made: str, record: Path) -> None:
    path, state = Path(module.params["path"]), Path(module.params["state"])
    placing.keep_replaced(path, state / "replaced")
    if action == cdi_spec.REMOVE:
        path.unlink()
        record.unlink()
        return
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    # added first: a run that is killed before the next line must not disown either file
    placing.write_atomic(record, "\n".join({*known(record), digest(made)}).encode(), mode=0o600)
    placing.write_atomic(path, made.encode("utf-8", "surrogateescape"), mode=0o644)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "wanted": {"type": "bool", "required": True},
            "path": {"type": "path", "default": "/etc/cdi/nvidia.yaml"},
            "state": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    path, record = Path(module.params["path"]), Path(module.params["state"]) / "cdi-specs"
    if module.get_bin_path("nvidia-ctk") is None:
        module.exit_json(changed=module.check_mode, done="", reason="unknown until the toolkit is installed")
    present = path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else None
    made, reason = describe(module)
    ours = present is not None and digest(present) in known(record)
    decision = cdi_spec.decide(present, ours=ours, made=made, reason=reason)
    if decision.warning:
        module.warn(f"{path}: {decision.warning}")
    changed = decision.action != cdi_spec.KEEP
    if changed and not module.check_mode:
        apply(module, decision.action, made, record)
    done = {cdi_spec.WRITE: "written", cdi_spec.REMOVE: "removed"}.get(decision.action, "")
    module.exit_json(changed=changed, done=done, reason=decision.reason)


if __name__ == "__main__":
    main()
