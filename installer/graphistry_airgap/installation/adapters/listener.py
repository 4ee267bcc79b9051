"""What Ansible tells while it runs, as a recap, progress lines and the event log."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core import remarks
from graphistry_airgap.installation.adapters.waiting import Waiting
from graphistry_airgap.installation.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.installation.recap import Recap

# Ansible's own names of tasks, which tell an operator nothing
_MACHINERY = ("Gathering Facts", "ansible.builtin.")
# how a failure is told whose words are ssh's
UNREACHABLE = {
    "code": "host-unreachable",
    "hint": "log in there once by hand, as root, with ssh: its key must be in root's known_hosts, and yours "
    "among those that may log in",
}
# how a failure is told whose words are Ansible's: "The module interpreter '/usr/bin/python3' was not found."
_NO_INTERPRETER = "The module interpreter "
WITHOUT_PYTHON = {
    "code": "host-without-python",
    "hint": "install python3 there; on EL 8 python3.12, and write `ansible_python_interpreter: "
    "/usr/bin/python3.12` beside its address in the inventory",
}


@dataclass
class Listener:
    """Fed with the events of ansible-runner, one after the other; `recaps` has one of each host.

    With `check` nothing of what is told was changed.
    """

    progress: Progress
    log: Callable[[dict[str, Any]], None]
    recaps: dict[str, Recap]
    started: float = 0.0
    stage: str = ""
    waits: Path | None = None
    clock: Callable[[], float] = time.monotonic
    check: bool = False

    def __post_init__(self) -> None:
        self.waiting = Waiting(self.progress, self.waits, self.clock)

    def handle(self, event: dict[str, Any]) -> bool:
        """Runner drops an event whose handler does not return True."""
        kind = event.get("event", "")
        data = event.get("event_data", {})
        if kind == "playbook_on_play_start":
            self._enter(str(data.get("name", "")))
        elif kind == "playbook_on_task_start":
            self._begin(str(data.get("task", "")))
        elif kind in {"runner_on_ok", "runner_on_failed", "runner_on_unreachable"}:
            self._finish(kind, data)
        elif kind == "playbook_on_stats":
            self._leave()
        elif kind in {"error", "warning"} or (kind == "verbose" and "ERROR" in event.get("stdout", "")):
            self.log({"event": kind, "text": event.get("stdout", "")})
        return True

    def _begin(self, task: str) -> None:
        own = "" if task.startswith(_MACHINERY) else task
        self.waiting.begin(own)
        if own:
            self.progress.task(own)

    def look(self) -> bool:
        """Tell what a long task waits for; asked about once a second, True would end the run."""
        line = self.waiting.look()
        if line:
            self.log({"event": "wait", "stage": self.stage, **line})
        return False

    def _enter(self, name: str) -> None:
        self._leave()
        self.stage, self.started = name, time.monotonic()
        for recap in self._taking_part():
            recap.begin(name)
        self.log({"event": "stage", "stage": name})
        self.progress.stage(name)

    def _leave(self) -> None:
        self.waiting.begin("")
        running = [recap for recap in self.recaps.values() if recap.stages and not recap.stages[-1].ended]
        if not running:
            return
        seconds = round(time.monotonic() - self.started, 2)
        for recap in running:
            recap.end(seconds)
        changed = 0 if self.check else sum(recap.stages[-1].changed for recap in running)
        self.progress.stage_done(self.stage, changed, seconds, failed=any(recap.failed for recap in running))

    def _taking_part(self) -> list[Recap]:
        """Ansible leaves a host out of all plays after a failure, be it only a demand for a reboot."""
        return [recap for recap in self.recaps.values() if not recap.failures]

    def _finish(self, kind: str, data: dict[str, Any]) -> None:
        recap, task, result = self.recaps[data["host"]], str(data.get("task", "")), data.get("res") or {}
        if kind == "runner_on_unreachable":
            result |= UNREACHABLE
        elif str(result.get("msg", "")).startswith(_NO_INTERPRETER):
            result |= WITHOUT_PYTHON
        failed = kind != "runner_on_ok" and not data.get("ignore_errors", False)
        changed = bool(result.get("changed")) and not failed
        made = recap.take(self.stage, task, result, changed=changed, failed=failed)
        line: dict[str, Any] = {"event": "task", "stage": self.stage, "host": data["host"], "task": task}
        line |= {"changed": changed, "failed": failed, "seconds": round(float(data.get("duration") or 0), 2)}
        told = remarks.of_task(task, result)
        if told and self.stage != Stage.PREFLIGHT:
            line["findings"] = told
        if made:
            line["changes"] = made
        if failed:
            line["message"] = recap.failures[-1].message
            if len(self.recaps) > 1:
                self.progress.note(f"{data['host']}: {line['message'].splitlines()[0]}")
        self.log(line)
