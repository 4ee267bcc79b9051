"""Task: whether a host is as the roles would leave it, asked of all their tasks at once, in one process.

Each task's check mode answers.  The first that would change something ends it, for what comes after
depends on that; so the answer is whether anything differs, and not all that does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from . import (
    administrator,
    caddyfile,
    cdi,
    env_file,
    exceptions,
    images,
    packages,
    preflight,
    repository,
    stack,
    tree,
    unit,
)
from .docker import config, runtime, service
from .driver import boot, loaded, modules, plan
from .vgpu import client, driver, licence, loaded as vgpu_loaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ansible.module_utils.basic import AnsibleModule

PLAN = "driver_plan"
# module of the collection: what it does
TASKS = {
    "administrator": administrator,
    "caddyfile": caddyfile,
    "cdi": cdi,
    "docker_config": config,
    "docker_runtime": runtime,
    "docker_service": service,
    "driver_boot": boot,
    "driver_loaded": loaded,
    "driver_modules": modules,
    PLAN: plan,
    "env_file": env_file,
    "exceptions": exceptions,
    "images": images,
    "packages": packages,
    "preflight": preflight,
    "repository": repository,
    "stack": stack,
    "tree": tree,
    "unit": unit,
    "vgpu_client": client,
    "vgpu_driver": driver,
    "vgpu_licence": licence,
    "vgpu_loaded": vgpu_loaded,
}
# what tasks tell of a host beside their changes and findings
STATES = {PLAN, "vgpu_state"}
EXCEPTIONS = "exceptions"

ARGUMENTS: dict[str, dict[str, Any]] = {
    "tasks": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "stage": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "module": {"type": "str", "required": True, "choices": sorted(TASKS)},
            "condition": {"type": "bool", "default": True},
            "planned_action": {"type": "str"},
            "arguments": {"type": "dict", "default": {}},
            "planned": {"type": "dict", "default": {}},
        },
    },
    "stages": {"type": "list", "elements": "str"},
}


# no module's own handling of errors may keep it back
class Answered(BaseException):
    """What a task says; `refused` where it fails."""

    def __init__(self, said: dict[str, Any], *, refused: bool) -> None:
        super().__init__()
        self.said = said
        self.refused = refused


class Once:
    """Runs a program once for all who ask the same of it: nothing changes while a host is only asked.

    What failed is asked again, for somebody may be waiting for it.
    """

    def __init__(self, run_command: Callable[..., tuple[int, str, str]]) -> None:
        self._run = run_command
        self._known: dict[str, tuple[int, str, str]] = {}

    def __call__(self, command: Any, **options: Any) -> tuple[int, str, str]:
        question = repr((command, sorted(options.items())))
        if question in self._known:
            return self._known[question]
        answer = self._run(command, **options)
        if answer[0] == 0:
            self._known[question] = answer
        return answer


class Asked:
    """Stands in for the `AnsibleModule` of a task that is asked what it would do."""

    check_mode = True

    def __init__(
        self, outer: AnsibleModule, once: Once, spec: Mapping[str, Any], given: Mapping[str, Any]
    ) -> None:
        judged = ArgumentSpecValidator(dict(spec)).validate(dict(given))
        if judged.error_messages:
            raise Answered({"msg": "; ".join(judged.error_messages)}, refused=True)
        self.params = judged.validated_parameters
        self.run_command = once
        self.get_bin_path = outer.get_bin_path
        self.no_log_values: set[str] = set()

    def exit_json(self, **said: Any) -> NoReturn:
        raise Answered(remove_values(said, self.no_log_values), refused=False)

    def fail_json(self, msg: str, **said: Any) -> NoReturn:
        raise Answered(remove_values({"msg": msg, **said}, self.no_log_values), refused=True)


def run(module: AnsibleModule) -> None:
    answers: list[dict[str, Any]] = []
    stages, once = module.params["stages"], Once(module.run_command)
    decided: dict[str, Any] = {}
    for task in module.params["tasks"]:
        if not task["condition"] or (stages is not None and task["stage"] not in stages):
            continue
        if task["planned_action"] not in (None, decided.get("action")):
            continue
        planned = {name: decided[key] for name, key in task["planned"].items() if key in decided}
        answer = ask(module, once, task["module"], {**task["arguments"], **planned})
        decided = {**decided, **answer.said.get(PLAN, {})}
        # a service on its way needs no change, and a run that waits for it
        if answer.refused or answer.said["changed"] or answer.said.get("not_well"):
            # `changed` is of this task, which changes nothing whatever it finds
            module.exit_json(changed=False, in_place=False, differs=difference(task, answer))
        answers.append(answer.said)
    module.exit_json(changed=False, in_place=True, **beside_changes(answers))


def beside_changes(answers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What the tasks tell of the host beside changes; of one thing each may tell a part."""
    told: dict[str, Any] = {"findings": []}
    for answer in answers:
        told["findings"] += answer.get("findings", [])
        for key in STATES & answer.keys():
            told[key] = {**told.get(key, {}), **answer[key]}
        if EXCEPTIONS in answer:
            told[EXCEPTIONS] = answer[EXCEPTIONS]
    return told


def ask(outer: AnsibleModule, once: Once, name: str, arguments: Mapping[str, Any]) -> Answered:
    task: Any = TASKS[name]
    try:
        task.run(Asked(outer, once, task.ARGUMENTS, arguments))
    except Answered as answer:
        return answer
    raise RuntimeError(f"the task {name} ends without an answer")


def difference(task: Mapping[str, Any], answer: Answered) -> dict[str, Any]:
    """Which task, and what it would change or wait for, or why it cannot tell."""
    said = answer.said
    return {
        "stage": task["stage"],
        "task": task["name"],
        "changes": said.get("changes", []),
        "unknown_until": said.get("unknown_until", ""),
        "refused": said["msg"] if answer.refused else "",
        "not_well": said.get("not_well", {}),
    }
