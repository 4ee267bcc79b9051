"""Packages, Docker, images and the release's files."""

from __future__ import annotations

import json
from typing import Any

from graphistry_airgap.plugins.module_utils.airgap.registry import PREFIX


def test_every_locked_package_is_installed_and_not_older(host: Any, facts: dict[str, Any]) -> None:
    rows = host.check_output("dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\\n'").splitlines()
    installed = {row.split()[1]: row.split()[2] for row in rows if row[1:3] == "i "}
    missing = [p["name"] for p in facts["packages"] if p["name"] not in installed]
    assert not missing, f"not installed: {missing}"
    older = [
        f"{p['name']} {installed[p['name']]} < {p['version']}"
        for p in facts["packages"]
        if installed[p["name"]] != p["version"]
        and host.run(f"dpkg --compare-versions '{installed[p['name']]}' lt '{p['version']}'").rc == 0
    ]
    assert not older, f"older than the bundle: {older}"


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
