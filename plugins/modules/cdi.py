#!/usr/bin/python
"""Ansible module: the CDI specification of this machine's GPUs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cdi
short_description: Keep the CDI specification in step with driver and GPUs
version_added: "0.1.0"
description:
  - Asks the toolkit to describe the GPUs, where its version can and a driver answers, and writes the file
    when it says something else. A file of this module's making is removed when no driver answers any more.
  - What was replaced or removed is kept; a file of somebody else's is never removed.
  - The toolkit's own units that refresh a second file are started anew where they failed before the driver
    answered; a second file that does not fit the driver is told.
options:
  wanted:
    description: Whether this machine is to have one; a template is not, its clones have other GPUs.
    type: bool
    required: true
  path:
    description: The specification.
    type: path
    default: /etc/cdi/nvidia.yaml
  refreshed:
    description: The toolkit's own specification.
    type: path
    default: /var/run/cdi/nvidia.yaml
  state:
    description: Directory of the tool's state, where digests of what was written are remembered.
    type: path
    required: true
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Asks the toolkit as the run does, and foretells its very changes.
  diff_mode:
    support: full
    description: Shows both specifications in full.
"""

EXAMPLES = r"""
- name: Describe the GPUs for CDI
  graphistry.airgap.cdi:
    wanted: true
    state: /var/lib/graphistry-airgap
"""

RETURN = r"""
changes:
  description: The specification, and units of the toolkit that are started anew, as data.
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
done:
  description: What was done, from written, removed and refreshed.
  returned: success
  type: list
  elements: str
reason:
  description: Why there is no specification; empty when there is one.
  returned: success
  type: str
findings:
  description: What was noticed beside the changes, as in RV(graphistry.airgap.preflight#module:findings).
  returned: success, where the toolkit is there
  type: list
  elements: dict
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import change
from ..module_utils.docker import cdi as cdi_spec, cdi_refresh
from ..module_utils.gpu import smi as gpu_smi
from ..module_utils.host import files as placing
from ..module_utils.host.machine import Host
from ..module_utils.preflight.judges import cdi as findings_cdi

if TYPE_CHECKING:
    from ..module_utils.finding import Finding

TIME_LIMIT = "60"
MODE = 0o644


@dataclass
class Described:
    """`made` is the specification as the toolkit makes it now; else `reason` says why there is none."""

    made: str = ""
    reason: str = ""
    driver: str = ""
    findings: list[Finding] = field(default_factory=list)


def describe(module: AnsibleModule) -> Described:
    now = before_it_is_asked(module)
    if now.reason:
        return now
    guard = ["timeout", "-k", "3", TIME_LIMIT]
    status, now.made, said = module.run_command([*guard, "nvidia-ctk", "cdi", "generate"])
    if status or not now.made.strip():
        finding = findings_cdi.generate_failed(said, status)
        return Described(reason=finding.message, findings=[finding])
    return now


def before_it_is_asked(module: AnsibleModule) -> Described:
    """The driver's version, or why the toolkit need not be asked."""
    if not module.params["wanted"]:
        return Described(reason="a template has none: its clones have other GPUs")
    _, said, error = module.run_command(["nvidia-ctk", "--version"])
    version = cdi_spec.version(said)
    if version is None:
        finding = findings_cdi.unknown_version(error or said)
        return Described(reason="nvidia-ctk does not say its version", findings=[finding])
    if version < cdi_spec.OLDEST:
        return Described(reason=f"the toolkit {version[0]}.{version[1]} makes none; 1.12 and newer do")
    answer = gpu_smi.ask(Host.of_module(module.run_command).run)
    if answer.state != gpu_smi.ANSWERED:
        return Described(reason=f"no driver answers: {answer.detail}")
    return Described(reason="" if answer.gpus else "the driver sees no GPU", driver=answer.driver)


def refresh(module: AnsibleModule, now: Described) -> list[str]:
    """The units of the toolkit that had failed and were started; else what is left of them is told."""
    run = Host.of_module(module.run_command).run
    units = cdi_refresh.failing(run)
    if not units:
        return []
    why = now.reason
    if now.made and not module.check_mode:
        why = cdi_refresh.mend(run, units)
    if why:
        now.findings.append(findings_cdi.refresh_failed(units, why, template=not module.params["wanted"]))
    return [] if why else units


def compare_refreshed(module: AnsibleModule, now: Described) -> None:
    path = Path(module.params["refreshed"])
    text = read(path)
    if text is None or not module.params["wanted"] or not cdi_spec.describes_gpus(text):
        return
    if not now.made:
        now.findings.append(findings_cdi.stale(str(path), now.reason, refreshed=True))
    elif not cdi_spec.same(text, now.made):
        now.findings.append(findings_cdi.overrules(str(path), module.params["path"], text, now.driver))


def read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else None


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def digest(text: str) -> str:
    return hashlib.sha256(as_bytes(text)).hexdigest()


def of_file(path: Path, present: str | None, action: str, made: str) -> list[change.Change]:
    before = None if present is None else change.file_state(as_bytes(present), placing.mode_of(path))
    written = change.file_state(as_bytes(made), MODE)
    after = {cdi_spec.WRITE: written, cdi_spec.REMOVE: None}.get(action, before)
    found: list[change.Change] = change.compared("toolkit", "file", {str(path): before}, {str(path): after})
    return found


def shown(text: str | None) -> str:
    return as_bytes(text or "").decode("utf-8", "replace")


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
    placing.write_atomic(path, as_bytes(made), mode=MODE)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "wanted": {"type": "bool", "required": True},
            "path": {"type": "path", "default": "/etc/cdi/nvidia.yaml"},
            "refreshed": {"type": "path", "default": cdi_refresh.FILE},
            "state": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    path, record = Path(module.params["path"]), Path(module.params["state"]) / "cdi-specs"
    if module.get_bin_path("nvidia-ctk") is None:
        said = change.unknown("toolkit") if module.check_mode else change.answer([])
        module.exit_json(**said, done=[], reason="unknown until the toolkit is installed")
    present = read(path)
    now = describe(module)
    ours = present is not None and digest(present) in known(record)
    decision = cdi_spec.decide(present, ours=ours, made=now.made, reason=now.reason)
    if decision.stale:
        now.findings.append(findings_cdi.stale(str(path), now.reason))
    changes = of_file(path, present, decision.action, now.made)
    after = now.made if decision.action == cdi_spec.WRITE else ""
    diffs = [change.diff(one.what, shown(present), shown(after)) for one in changes]
    done = {cdi_spec.WRITE: ["written"], cdi_spec.REMOVE: ["removed"]}.get(decision.action, [])
    if done and not module.check_mode:
        apply(module, decision.action, now.made, record)
    if units := refresh(module, now):
        done = [*done, "refreshed"]
        failed, mended = ({unit: {"failed": failed} for unit in units} for failed in (True, False))
        started = change.compared("toolkit", "unit", failed, mended)
        changes, diffs = [*changes, *started], [*diffs, *(one.diff() for one in started)]
    compare_refreshed(module, now)
    told = [finding.as_dict() for finding in now.findings]
    module.exit_json(**change.answer(changes, diffs), done=done, reason=decision.reason, findings=told)


if __name__ == "__main__":
    main()
