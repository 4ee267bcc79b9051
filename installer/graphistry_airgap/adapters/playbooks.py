"""ansible-runner behind one door: `run_playbook` in, a recap made from the events out.

Everything that Ansible reads is built here: a fresh 0700 directory, a fixed
environment, plugin paths inside the tool.  Play names are stage names.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ansible_runner

from graphistry_airgap.adapters.process import FIXED_PATH
from graphistry_airgap.content import content_root, plugins_root
from graphistry_airgap.domain.errors import HostEnvironmentError
from graphistry_airgap.domain.recap import Failure, Recap, StageRecap

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphistry_airgap.domain.progress import Progress

# found again and removed after a kill, in a directory that may be the operator's
_PREFIX = "graphistry-airgap-run-"


def environment(work: Path) -> dict[str, str]:
    """Variables of the Ansible process; they may be written to disk, so no secret is among them."""
    plugins = plugins_root()
    return {
        "PATH": f"{work / 'bin'}:{FIXED_PATH}",
        "HOME": os.fspath(work),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_HOME": os.fspath(work / "ansible"),
        "ANSIBLE_CONFIG": os.fspath(work / "ansible.cfg"),
        "ANSIBLE_ROLES_PATH": os.fspath(content_root() / "roles"),
        "ANSIBLE_LIBRARY": os.fspath(plugins / "modules"),
        "ANSIBLE_MODULE_UTILS": os.fspath(plugins / "module_utils"),
        "ANSIBLE_COLLECTIONS_PATH": os.fspath(work / "collections"),
        # modules and apt put their files here and not into /tmp, so that a killed run leaves none there
        "TMPDIR": os.fspath(work / "tmp"),
        "ANSIBLE_LOCAL_TEMP": os.fspath(work / "tmp"),
        "ANSIBLE_REMOTE_TEMP": os.fspath(work / "tmp"),
        "ANSIBLE_CACHE_PLUGIN": "memory",
        "ANSIBLE_INJECT_FACT_VARS": "false",
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        # modules inherit it; empty is as good as unset
        "PYTHONPYCACHEPREFIX": sys.pycache_prefix or "",
    }


@dataclass
class _Listener:
    """Turns runner events into a recap, progress lines and the event log."""

    progress: Progress
    log: Callable[[dict[str, Any]], None]
    stages: list[StageRecap] = field(default_factory=list)
    changed: list[dict[str, str]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    findings: list[dict[str, str]] = field(default_factory=list)
    gpu: dict[str, Any] | None = None
    driver: dict[str, Any] | None = None
    vgpu: dict[str, Any] | None = None
    exceptions: list[dict[str, str]] | None = None
    started: float = 0.0

    def handle(self, event: dict[str, Any]) -> bool:
        """Runner drops an event whose handler does not return True."""
        kind = event.get("event", "")
        data = event.get("event_data", {})
        if kind == "playbook_on_play_start":
            self._enter(str(data.get("name", "")))
        elif kind == "playbook_on_task_start":
            self.progress.task(str(data.get("task", "")))
        elif kind in {"runner_on_ok", "runner_on_failed", "runner_on_unreachable"}:
            self._finish(kind, data)
        elif kind == "playbook_on_stats":
            self._leave()
        elif kind in {"error", "warning"} or (kind == "verbose" and "ERROR" in event.get("stdout", "")):
            self.log({"event": kind, "text": event.get("stdout", "")})
        return True

    def _enter(self, name: str) -> None:
        self._leave()
        self.started = time.monotonic()
        self.stages.append(StageRecap(name))
        self.log({"event": "stage", "stage": name})
        self.progress.stage(name)

    def _leave(self) -> None:
        if self.stages and not self.stages[-1].ended:
            stage = self.stages[-1]
            stage.ended = True
            stage.seconds = round(time.monotonic() - self.started, 2)
            stage.failed = any(not failure.asks_reboot for failure in self.failures)
            self.progress.stage_done(stage.name, stage.changed, stage.seconds, failed=stage.failed)

    def _finish(self, kind: str, data: dict[str, Any]) -> None:
        stage = self.stages[-1].name if self.stages else ""
        result = data.get("res") or {}
        failed = kind != "runner_on_ok" and not data.get("ignore_errors", False)
        changed = bool(result.get("changed")) and not failed
        self.findings += result.get("findings", [])
        self.gpu = result.get("gpu_plan", self.gpu)
        self.exceptions = result.get("exceptions", self.exceptions)
        if "driver_plan" in result:
            # the plan first, then what each module adds to it; packages are recorded as they were installed
            told = {key: value for key, value in result["driver_plan"].items() if key != "packages"}
            self.driver = {**(self.driver or {}), **told}
        if "vgpu_state" in result:
            self.vgpu = {**(self.vgpu or {}), **result["vgpu_state"]}
        line = {"event": "task", "stage": stage, "task": data.get("task", ""), "changed": changed}
        line |= {"failed": failed, "seconds": round(float(data.get("duration") or 0), 2)}
        if changed:
            self.stages[-1].changed += 1
            self.changed.append({"stage": stage, "task": str(data.get("task", ""))})
        if failed:
            failure = Failure.from_result(stage, str(data.get("task", "")), result)
            line["message"] = failure.message
            self.failures.append(failure)
        self.log(line)


def run_playbook(
    playbook: str,
    *,
    variables: dict[str, Any],
    work_root: Path,
    progress: Progress,
    log: Callable[[dict[str, Any]], None],
) -> Recap:
    """Run `playbooks/<playbook>` against the local inventory; the work directory is removed afterwards."""
    work_root.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left_by_a_killed_run in work_root.glob(f"{_PREFIX}*"):
        shutil.rmtree(left_by_a_killed_run, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=work_root))
    listener = _Listener(progress, log)
    try:
        (work / "ansible.cfg").write_text("[defaults]\n", encoding="ascii")
        # the only program of the runtime on the path: modules must find the host's programs
        (work / "bin").mkdir()
        (work / "tmp").mkdir()
        (work / "bin" / "ansible-playbook").symlink_to(_ansible_playbook())
        extra = work / "variables.json"
        extra.write_text(json.dumps(_plain(variables)), encoding="utf-8")
        runner = ansible_runner.run(
            private_data_dir=os.fspath(work),
            project_dir=os.fspath(content_root() / "playbooks"),
            inventory=os.fspath(content_root() / "inventory" / "local" / "hosts.yml"),
            playbook=playbook,
            cmdline=shlex.join(["-e", f"@{extra}"]),
            envvars=environment(work),
            event_handler=listener.handle,
            quiet=True,
        )
        output = runner.stdout.read() if not listener.stages else ""
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if runner.status == "canceled":
        raise KeyboardInterrupt
    failures = list(listener.failures)
    if runner.rc and not failures:
        failures.append(
            Failure("", "ansible-playbook", output.strip()[-2000:] or f"ended with {runner.rc}", {})
        )
    return Recap(
        listener.stages,
        listener.changed,
        failures,
        listener.findings,
        listener.gpu,
        listener.driver,
        listener.vgpu,
        listener.exceptions,
    )


def _plain(value: Any) -> Any:
    """The same value for Ansible, which would take braces in a path for a template and run it."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return {"__ansible_unsafe": value} if isinstance(value, str) and "{" in value else value


def _ansible_playbook() -> Path:
    program = Path(sys.prefix) / "bin" / "ansible-playbook"
    if not program.is_file():
        raise HostEnvironmentError(
            f"Ansible is not part of this runtime: {program} is missing",
            code="no-ansible",
            hint="run install.sh of the bundle again; it makes the runtime anew",
        )
    return program
