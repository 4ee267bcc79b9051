"""Packages, Docker, images and the release's files."""

from __future__ import annotations

import json
from typing import Any

from graphistry_airgap.checks.machine import Machine, ask
from graphistry_airgap.target.docker import engine as docker_engine
from graphistry_airgap.target.docker.images.endpoint import PREFIX
from graphistry_airgap.target.host import unit_words
from graphistry_airgap.target.packages import (
    model as packages,
    systems as package_systems,
)


def test_every_locked_package_is_installed_and_not_older(host: Any, facts: dict[str, Any]) -> None:
    system = package_systems.of(facts["package_system"], Machine.over(host))
    left = packages.changes(facts["packages"], system.installed(), system)
    assert not left, ", ".join(f"{p.name} {p.before or 'absent'} < {p.version}" for p in left)


def test_docker_runs_and_starts_at_boot(host: Any) -> None:
    docker = host.service("docker")
    log = unit_words.journal(lambda argv: Machine.over(host).run(argv, {}), docker_engine.UNIT)
    assert docker.is_running, unit_words.told(f"{docker_engine.UNIT} does not run", "", log)
    assert docker.is_enabled, f"{docker_engine.UNIT} is not enabled"


def test_nvidia_is_the_default_runtime(host: Any) -> None:
    runtime = ask(host, "docker info --format '{{.DefaultRuntime}}'")
    assert runtime == "nvidia", f"Docker's default runtime is {runtime}, and not nvidia"


def test_daemon_json_is_json(host: Any) -> None:
    json.loads(host.file("/etc/docker/daemon.json").content_string)


def test_every_image_of_the_bundle_is_there(host: Any, facts: dict[str, Any]) -> None:
    names = set(ask(host, "docker image ls --format '{{.Repository}}:{{.Tag}}'").splitlines())
    missing = [image["name"] for image in facts["images"] if image["name"] not in names]
    assert not missing, f"images missing: {missing}"


def test_no_name_of_the_import_is_left(host: Any) -> None:
    names = ask(host, "docker image ls --digests --format '{{.Repository}}@{{.Digest}}'").splitlines()
    left = [name for name in names if name.startswith("127.0.0.1:") and f"/{PREFIX}/" in name]
    assert not left, f"left by the import: {left}"


def test_the_release_is_as_shipped(host: Any, facts: dict[str, Any]) -> None:
    lines = "".join(
        f"{digest}  {path}\n"
        for path, digest in facts["release_files"].items()
        if not path.startswith("data/")
    )
    checked = host.run(f"cd {facts['release_directory']} && printf %s '{lines}' | sha256sum -c --quiet -")
    assert checked.rc == 0, checked.stdout


def test_current_points_at_the_release(host: Any, facts: dict[str, Any]) -> None:
    release = ask(host, f"realpath {facts['release_directory']}")
    assert host.file(f"{facts['root']}/current").linked_to == release
