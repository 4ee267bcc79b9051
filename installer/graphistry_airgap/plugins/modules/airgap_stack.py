#!/usr/bin/python
"""Ansible module: services of a release, started through its own wrapper and watched until healthy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_stack
short_description: Start services of a release and wait until each is healthy
description:
  - Discovers the services and images from the release itself and drives it through C(./graphistry) alone.
    Pulling is forbidden, and an image that is missing is an error before anything starts.
  - Reports changed when a container was made, replaced or started.
  - A container is made anew when a variable that its service reads differs from what the release's files
    now mean, or when anything but its environment differs. A service that merely names a changed env file
    goes on as it is.
options:
  directory:
    description: The release directory.
    type: path
    required: true
  services:
    description: Services to start; empty means all.
    type: list
    elements: str
    default: []
  exclude:
    description: Services that stay as they are.
    type: list
    elements: str
    default: []
  reread:
    description: Service to files of the release; a container older than one of its files is made anew.
    type: dict
    default: {}
  readers:
    description: Variable to the services that read it; one that is not listed is read by all that have it.
    type: dict
    default: {}
  protected:
    description:
      - Services that hold data and are never made anew for the sake of a variable.
      - It is an error when a variable differs of which O(readers) says that they read it.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds within which every service must be healthy.
    type: int
    default: 900
  poll:
    description: Seconds between two looks.
    type: float
    default: 1.5
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
services:
  description: The services that were started or found running, sorted.
  returned: always
  type: list
  elements: str
anew:
  description: Service to the variables for which it was made anew.
  returned: success
  type: dict
kept:
  description: Service to the variables that differ and for which it goes on as it is.
  returned: success
  type: dict
service:
  description: The first service that did not get healthy.
  returned: failure
  type: str
log:
  description: The last lines that this service wrote.
  returned: failure
  type: str
"""

import json
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.airgap import compose_stack, stack_drift
from ansible.module_utils.basic import AnsibleModule

LOG_LINES = "20"
RUNNING_ANEW = ("--force-recreate", "--no-deps")


class Stack:
    """One release; every call goes through its wrapper, which adds context that plain compose lacks."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.directory: str = module.params["directory"]
        self.deadline = time.monotonic() + module.params["timeout"]

    def run(self, *words: str, limit: float = 60) -> tuple[int, str, str]:
        # no module drives a vendor's wrapper; `timeout` because a wrapper that hangs would hang the run
        command = ["timeout", "--kill-after=10", f"{max(1, int(limit))}", "./graphistry", *words]
        code, out, error = self.module.run_command(command, cwd=self.directory)
        return code, out, error

    def ask(self, *words: str) -> list[str]:
        code, out, error = self.run(*words)
        if code:
            self.fail(f"the release does not answer `./graphistry {' '.join(words)}`: {error.strip()[-800:]}")
        lines: set[str] = {line.strip() for line in out.splitlines()}
        return sorted(lines - {""})

    def containers(self) -> list[compose_stack.Container]:
        code, out, error = self.run("ps", "--all", "--format", "json")
        if code:
            self.fail(f"the release does not list its containers: {error.strip()[-800:]}")
        found: list[compose_stack.Container] = compose_stack.read_ps(out)
        return found

    def inspect(self, kind: str, names: list[str]) -> list[dict[str, Any]]:
        """What Docker knows of those that exist."""
        if not names:
            return []
        _, out, _ = self.module.run_command(["docker", "inspect", "--type", kind, *sorted(names)])
        found: list[dict[str, Any]] = json.loads(out or "[]")
        return found

    def fail(self, message: str) -> None:
        self.module.fail_json(
            msg=message,
            code="release-unreadable",
            hint=f"try it by hand in {self.directory}; see also `journalctl -u docker`",
        )

    def require_images(self) -> None:
        wanted = self.ask("config", "--images")
        code, _, error = self.module.run_command(
            ["docker", "image", "inspect", "--format", "{{.Id}}", *wanted]
        )
        if code:
            absent = [name for name in wanted if name in error] or [error.strip()[-400:]]
            self.module.fail_json(
                msg=f"images that the release needs are not on this host: {', '.join(absent)}",
                code="image-missing",
                hint="run `graphistry-airgap install` again; its images stage brings them back",
            )

    def drift(self, containers: list[compose_stack.Container]) -> stack_drift.Drift:
        """What each container of the release was made with, against what the release's files now mean."""
        inspected = self.inspect("container", [container.identity for container in containers])
        if not inspected:
            return stack_drift.Drift()
        code, out, error = self.run("config", "--format", "json")
        if code:
            self.fail(f"the release does not say what it means: {error.strip()[-800:]}")
        config: dict[str, Any] = json.loads(out)
        images = self.inspect("image", list({one["Image"] for one in inspected}))
        environments = {one["Id"]: stack_drift.pairs(one["Config"].get("Env")) for one in images}
        made = [stack_drift.container(one, environments) for one in inspected]
        found = stack_drift.drift(
            made,
            config["services"],
            readers=stack_drift.Readers(self.module.params["readers"]),
            protected=self.module.params["protected"],
        )
        for service in self.otherwise_changed(config, made, found.kept):
            if service in found.kept:
                found.anew[service] = found.kept.pop(service)
            elif service not in found.anew:
                found.reshaped.append(service)
        return found

    def otherwise_changed(
        self, config: dict[str, Any], made: list[stack_drift.Container], kept: dict[str, list[str]]
    ) -> list[str]:
        """Compose's own arithmetic, on a file that holds everything: no wrapper has a say in it."""
        command = ["docker", "compose", "--env-file", "/dev/null", "-f", "-", "config", "--hash", "*"]
        document = json.dumps(stack_drift.as_made(config, made, kept))
        code, out, error = self.module.run_command(command, data=document, cwd="/")
        if code:
            self.fail(f"Docker Compose does not read its own configuration: {error.strip()[-800:]}")
        names = {service: str(given.get("image", "")) for service, given in config["services"].items()}
        known = {
            name: one["Id"]
            for one in self.inspect("image", list(set(names.values())))
            for name in one.get("RepoTags") or []
        }
        images = {service: known[name] for service, name in names.items() if name in known}
        changed: list[str] = stack_drift.otherwise_changed(made, stack_drift.read_hashes(out), images)
        return changed

    def guard(self, kept: dict[str, list[str]]) -> None:
        """What a database was made with stays: another password would lock every service out."""
        for service in sorted(set(kept) & set(self.module.params["protected"])):
            read = [name for name in kept[service] if service in self.module.params["readers"].get(name, [])]
            if read:
                self.module.fail_json(
                    msg=f"{service} was made with another {', '.join(read)} and holds its data under that",
                    code="host-database-settings",
                    hint=f"put the old value back; or change it inside {service} first, then "
                    f"`./graphistry up -d --force-recreate --no-deps {service}` in {self.directory}",
                )
            self.module.warn(f"{service} goes on with its old {', '.join(kept[service])}: it holds data")

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
            code, out, error = self.run("up", "-d", "--pull", "never", *options, *services, limit=left)
            if code == 0:
                return
            if "unhealthy" not in error or time.monotonic() + self.module.params["poll"] > self.deadline:
                bad = compose_stack.waiting(services, self.containers())
                self.unhealthy(services, bad, (error or out).strip()[-800:])
            time.sleep(self.module.params["poll"])

    def wait(self, services: list[str]) -> list[compose_stack.Container]:
        while True:
            containers = self.containers()
            bad = compose_stack.waiting(services, containers)
            if not bad:
                return containers
            if time.monotonic() > self.deadline:
                self.unhealthy(services, bad, "")
            time.sleep(self.module.params["poll"])

    def unhealthy(self, services: list[str], bad: dict[str, str], said: str) -> None:
        """The first bad service in the order of dependencies is the likeliest cause; it is shown in full."""
        containers = {container.service: container for container in self.containers()}
        order = compose_stack.likeliest_cause_first(bad)
        first = order[0] if order else (services[0] if services else "")
        _, log, _ = self.run("logs", "--no-color", "--no-log-prefix", "--tail", LOG_LINES, first)
        probe = self.health_log(containers[first].identity) if first in containers else ""
        limit, state = self.module.params["timeout"], bad.get(first, "")
        parts = [
            f"service {first} is not healthy within {limit} s: {state}"
            if bad
            else "the services do not start",
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
            hint=f"see `./graphistry logs {first}` in {self.directory}; "
            "when the cause is mended, run the same install again",
        )

    def health_log(self, identity: str) -> str:
        found = self.inspect("container", [identity])
        log = (found[0]["State"].get("Health") or {}).get("Log") or [] if found else []
        return str(log[-1].get("Output", "")).strip()[-400:] if log else ""

    def outdated(self, services: list[str], containers: list[compose_stack.Container]) -> list[str]:
        """Running services that started before a file which they read only at their start."""
        found = []
        for container in containers:
            names = self.module.params["reread"].get(container.service, [])
            if container.service not in services or container.state != "running" or not names:
                continue
            started = compose_stack.started_at(
                self.inspect("container", [container.identity])[0]["State"]["StartedAt"]
            )
            files = [Path(self.directory) / name for name in names]
            if any(file.exists() and file.stat().st_mtime > started for file in files):
                found.append(container.service)
        return found


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "services": {"type": "list", "elements": "str", "default": []},
            "exclude": {"type": "list", "elements": "str", "default": []},
            "reread": {"type": "dict", "default": {}},
            "readers": {"type": "dict", "default": {}},
            "protected": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "int", "default": 900},
            "poll": {"type": "float", "default": 1.5},
        },
        supports_check_mode=True,
    )
    params = module.params
    ready = module.get_bin_path("docker") and (Path(params["directory"]) / "graphistry").exists()
    if module.check_mode and not ready:
        module.exit_json(changed=True, services=[], msg="unknown until Docker and the release are installed")
    stack = Stack(module)
    known = stack.ask("config", "--services")
    unknown = sorted({*params["services"], *params["exclude"]} - set(known))
    if unknown:
        stack.fail(f"the release has no service {', '.join(unknown)}; it has {', '.join(known)}")
    services = [name for name in params["services"] or known if name not in params["exclude"]]
    before = stack.containers()
    drift = stack.drift(before)
    outdated = stack.outdated(services, before)
    anew = [name for name in services if name in drift.anew or name in outdated]
    reshaped = [name for name in services if name in drift.reshaped and name not in anew]
    told = {
        "services": services,
        "anew": {name: drift.anew.get(name, []) for name in anew},
        "kept": drift.kept,
    }
    stack.guard(drift.kept)
    if module.check_mode:
        module.exit_json(changed=bool(anew or reshaped or compose_stack.waiting(services, before)), **told)
    stack.require_images()
    stack.renew(services, anew, reshaped)
    after = stack.wait(services)
    changed = compose_stack.running(services, before) != compose_stack.running(services, after)
    module.exit_json(changed=changed, **told)


if __name__ == "__main__":
    main()
