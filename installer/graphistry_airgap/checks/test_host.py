"""Packages, Docker, images and the release's files."""

from __future__ import annotations

import json
import shlex
from typing import Any

from graphistry_airgap.plugins.module_utils.airgap import package_systems, packages
from graphistry_airgap.plugins.module_utils.airgap.probe_root import Host
from graphistry_airgap.plugins.module_utils.airgap.registry import PREFIX


def test_every_locked_package_is_installed_and_not_older(host: Any, facts: dict[str, Any]) -> None:
    machine = Host(run=lambda argv, _: _run(host, shlex.join(argv)))
    system = package_systems.of(facts["package_system"], machine)
    left = packages.changes(facts["packages"], system.installed(), system)
    assert not left, ", ".join(f"{p.name} {p.before or 'absent'} < {p.version}" for p in left)


def test_docker_runs_and_starts_at_boot(host: Any) -> None:
    docker = host.service("docker")
    assert docker.is_running
    assert docker.is_enabled


def test_nvidia_is_the_default_runtime(host: Any) -> None:
    assert host.check_output("docker info --format '{{.DefaultRuntime}}'") == "nvidia"


def test_daemon_json_is_json(host: Any) -> None:
    json.loads(host.file("/etc/docker/daemon.json").content_string)


def test_every_image_of_the_bundle_is_there(host: Any, facts: dict[str, Any]) -> None:
    names = set(host.check_output("docker image ls --format '{{.Repository}}:{{.Tag}}'").splitlines())
    missing = [image["name"] for image in facts["images"] if image["name"] not in names]
    assert not missing, f"images missing: {missing}"


def test_no_name_of_the_import_is_left(host: Any) -> None:
    names = host.check_output("docker image ls --digests --format '{{.Repository}}@{{.Digest}}'").splitlines()
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
    assert host.file(f"{facts['root']}/current").linked_to == facts["release_directory"]


def _run(host: Any, command: str) -> tuple[int, str, str]:
    done = host.run(command)
    return done.rc, done.stdout, done.stderr
