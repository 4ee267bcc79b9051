"""Task: services of a release, started through its own wrapper and watched until healthy."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import change
from ..finding import INFO, Finding
from ..host import waits
from ..stack import (
    changes as stack_changes,
    compose as compose_stack,
    refusal as compose_refusal,
)
from ..stack.wrapper import UnreadableError, Wrapper

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from ..stack import recreate

LOG_LINES = "20"
RUNNING_ANEW = ("--force-recreate", "--no-deps")
# of `timeout`: it ended the command, by a signal that was obeyed or by one that nothing can disobey
ENDED_BY_TIMEOUT = (124, 137)


class Stack:
    """The services of one release, on their way to be healthy."""

    def __init__(self, module: AnsibleModule, release: Wrapper) -> None:
        self.module = module
        self.release = release
        self.findings: list[dict[str, Any]] = []
        self.begun = time.monotonic()
        self.deadline = self.begun + module.params["timeout"]

    def unreadable(self, message: str) -> None:
        self.module.fail_json(
            msg=message,
            code="release-unreadable",
            hint=f"try it by hand in {self.release.directory}; see also `journalctl -u docker`",
        )

    def require_images(self) -> None:
        wanted = self.release.ask("config", "--images")
        code, _, error = self.module.run_command(
            ["docker", "image", "inspect", "--format", "{{.Id}}", *wanted]
        )
        if code:
            absent = [name for name in wanted if name in error] or [error.strip()]
            self.module.fail_json(
                msg=f"images that the release needs are not on this host: {', '.join(absent)}",
                code="image-missing",
                hint="run `graphistry-airgap install` again; its images stage brings them back",
            )

    def guard(self, kept: dict[str, list[str]]) -> None:
        """What a database was made with stays: another password would lock every service out."""
        for service in sorted(set(kept) & set(self.module.params["protected"])):
            read = [name for name in kept[service] if service in self.module.params["readers"].get(name, [])]
            if read:
                self.module.fail_json(
                    msg=f"{service} was made with another {', '.join(read)} and holds its data under that",
                    code="host-database-settings",
                    hint=f"put the old value back; or change it inside {service} first, then "
                    f"`./graphistry up -d --force-recreate --no-deps {service}` in {self.release.directory}",
                )
            self.findings.append(left(service, kept[service]).as_dict())

    def renew(self, services: list[str], anew: list[str], reshaped: list[str]) -> None:
        """First those whose environment differs, then those that Compose itself is asked about.

        A plain `up` of all would make each service anew that carries an old value or was made without its
        dependencies beside it; so the last one starts what is missing and leaves what is there.
        """
        if anew:
            self.up(anew, *RUNNING_ANEW)
        if reshaped:
            self.up(reshaped)
        self.up(services, "--no-recreate")

    def up(self, services: list[str], *options: str) -> None:
        """A dependency that is not healthy yet ends the command early, so it is asked again until the end."""
        while True:
            left = self.deadline - time.monotonic()
            with waits.telling(lambda: self.waited_for(services)):
                code, out, error = self.release.run(
                    "up", "-d", "--pull", "never", *options, *services, limit=left
                )
            if code == 0:
                return
            said = (error or out).strip()
            refused = "" if code in ENDED_BY_TIMEOUT else compose_refusal.refused(said)
            if refused:
                self.refused(services, refused, said)
            if "unhealthy" not in error or self.is_over():
                self.unhealthy(services, compose_stack.waiting(services, self.release.containers()), said)
            time.sleep(self.module.params["poll"])

    def wait(self, services: list[str]) -> list[compose_stack.Container]:
        while True:
            containers: list[compose_stack.Container] = self.release.containers()
            bad = compose_stack.waiting(services, containers)
            if not bad:
                return containers
            waits.tell(self.told(bad, containers))
            if time.monotonic() > self.deadline:
                self.unhealthy(services, bad, "")
            time.sleep(self.module.params["poll"])

    def is_over(self) -> bool:
        """No time is left for another look."""
        return bool(time.monotonic() + self.module.params["poll"] > self.deadline)

    def waited_for(self, services: list[str]) -> str:
        """Asked beside a running `up`: whatever cannot be read now is no failure."""
        code, out, _ = self.release.run("ps", "--all", "--format", "json")
        containers = compose_stack.read_ps(out) if code == 0 else []
        return self.told(compose_stack.waiting(services, containers), containers) if containers else ""

    def told(self, bad: dict[str, str], containers: list[compose_stack.Container]) -> str:
        """The likeliest cause and the last line of its health check, and how many others are not well."""
        if not bad:
            return ""
        first = compose_stack.likeliest_cause_first(bad)[0]
        probe = "".join(self.release.health_log(one.identity) for one in containers if one.service == first)
        others = f" (and {len(bad) - 1} other services)" if len(bad) > 1 else ""
        last = f'; its check said "{probe.splitlines()[-1]}"' if probe else ""
        return f"service {first}: {bad[first]}{last}{others}"

    def refused(self, services: list[str], words: str, said: str) -> None:
        """Docker does not do what the release wants: its words come first."""
        bad = compose_stack.waiting(services, self.release.containers())
        not_well = ", ".join(f"{name} ({bad[name]})" for name in compose_stack.likeliest_cause_first(bad))
        self.module.fail_json(
            msg=f"{words}\nnot well: {not_well}" if not_well else words,
            code="docker-refused",
            log=said,
            hint=f"{compose_refusal.way_out(words)}; then run the same install again",
        )

    def unhealthy(self, services: list[str], bad: dict[str, str], said: str) -> None:
        """The first bad service in the order of dependencies is the likeliest cause; it is shown in full."""
        containers = {container.service: container for container in self.release.containers()}
        order = compose_stack.likeliest_cause_first(bad)
        first = order[0] if order else (services[0] if services else "")
        _, log, _ = self.release.run("logs", "--no-color", "--no-log-prefix", "--tail", LOG_LINES, first)
        probe = self.release.health_log(containers[first].identity) if first in containers else ""
        if not bad:
            what = "the services do not start"
        elif self.is_over():
            what = f"service {first} is not healthy within {self.module.params['timeout']} s: {bad[first]}"
        else:
            what = f"service {first} is not well after {time.monotonic() - self.begun:.0f} s: {bad[first]}"
        parts = [
            what,
            f"not healthy: {', '.join(f'{name} ({bad[name]})' for name in order)}" if len(order) > 1 else "",
            said,
            f"its health check said: {probe}" if probe else "",
            f"its last log lines:\n{log.strip()}" if log.strip() else "",
        ]
        self.module.fail_json(
            msg="\n".join(part for part in parts if part),
            code="service-unhealthy",
            service=first,
            log=log.strip(),
            hint=f"see `./graphistry logs {first}` in {self.release.directory}; "
            "when the cause is mended, run the same install again",
        )


def left(service: str, names: list[str]) -> Finding:
    listed = ", ".join(names)
    return Finding(
        INFO,
        "service-settings-left",
        f"{service} goes on with its old {listed}: it holds data, and is not known to read that",
        f"{service} was made with another {listed}",
        "nothing",
        "nothing; it takes the new value when it is made anew",
    )


def not_well(
    services: list[str], containers: list[compose_stack.Container], drift: recreate.Drift
) -> dict[str, str]:
    """Service to what a run would wait for or refuse, where nothing has to be changed."""
    absent = {name: f"its image {image} is gone" for name, image in drift.imageless.items()}
    return {
        **compose_stack.idle(services, containers),
        **compose_stack.waiting(services, containers),
        **{name: absent[name] for name in services if name in absent},
    }


def start(stack: Stack, *, check_mode: bool) -> dict[str, Any]:
    """Bring the services up unless in check mode; what was, or would be, done."""
    params, release = stack.module.params, stack.release
    known = sorted(release.configuration()["services"])
    unknown = sorted({*params["services"], *params["exclude"]} - set(known))
    if unknown:
        stack.unreadable(f"the release has no service {', '.join(unknown)}; it has {', '.join(known)}")
    services = [name for name in params["services"] or known if name not in params["exclude"]]
    before = release.containers()
    drift = release.drift(before, readers=params["readers"], protected=params["protected"])
    outdated = release.outdated(services, before, params["reread"])
    anew = [name for name in services if name in drift.anew or name in outdated]
    reshaped = [name for name in services if name in drift.reshaped and name not in anew]
    told = {
        "services": services,
        "anew": {name: drift.anew.get(name, []) for name in anew},
        "kept": drift.kept,
        "findings": stack.findings,
    }
    stack.guard(drift.kept)
    reread = {name: params["reread"][name] for name in outdated}
    mask = change.Mask(params["mask_key"])
    foretold = stack_changes.of_services(services, before, drift, reread=reread, mask=mask)
    if check_mode:
        absent = {
            name: f"its image {drift.imageless[name]} is gone" for name in services if name in drift.imageless
        }
        not_well = {
            **compose_stack.idle(services, before),
            **compose_stack.waiting(services, before),
            **absent,
        }
        return {**change.answer(foretold), **told, "not_well": not_well}
    stack.require_images()
    stack.renew(services, anew, reshaped)
    after = stack.wait(services)
    answer = change.answer(stack_changes.made(foretold, before, after))
    # what ended and was started again meanwhile was not foretold
    answer["changed"] = compose_stack.running(services, before) != compose_stack.running(services, after)
    return {**answer, **told}


ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path", "required": True},
    "services": {"type": "list", "elements": "str", "default": []},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "reread": {"type": "dict", "default": {}},
    "readers": {"type": "dict", "default": {}},
    "protected": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 900},
    "poll": {"type": "float", "default": 1.5},
    "mask_key": {"type": "str", "default": "", "no_log": True},
    "waits_for": {"type": "str", "default": ""},
}


def run(module: AnsibleModule) -> None:
    params = module.params
    release = Path(params["directory"]) / "graphistry"
    missing = "release" if module.get_bin_path("docker") else "docker"
    waits_for = params["waits_for"] or ("" if missing == "release" and release.exists() else missing)
    if module.check_mode and waits_for:
        module.exit_json(**change.unknown(waits_for), services=[])
    stack = Stack(module, Wrapper(module.run_command, params["directory"]))
    try:
        module.exit_json(**start(stack, check_mode=module.check_mode))
    except UnreadableError as error:
        stack.unreadable(str(error))
