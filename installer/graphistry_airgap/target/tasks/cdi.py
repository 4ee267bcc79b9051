"""Task: the CDI specification of this machine's GPUs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import change
from ..docker import cdi as cdi_spec, cdi_refresh
from ..gpu import smi as gpu_smi
from ..host import files as placing
from ..host.digests import sha256
from ..host.machine import Host
from ..preflight.judges import cdi as findings_cdi

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from ..finding import Finding

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
    return sha256(as_bytes(text)).hexdigest()


def of_file(path: Path, present: str | None, action: str, made: str) -> list[change.Change]:
    before = (None, None) if present is None else (as_bytes(present), placing.mode_of(path))
    after = {cdi_spec.WRITE: (as_bytes(made), MODE), cdi_spec.REMOVE: (None, None)}.get(action, before)
    return change.of_file("toolkit", str(path), before, after)


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


ARGUMENTS: dict[str, dict[str, Any]] = {
    "wanted": {"type": "bool", "required": True},
    "path": {"type": "path", "default": "/etc/cdi/nvidia.yaml"},
    "refreshed": {"type": "path", "default": cdi_refresh.FILE},
    "state": {"type": "path", "required": True},
}


def run(module: AnsibleModule) -> None:
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
