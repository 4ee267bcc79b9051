"""Host profiles as a host would make them, with as many packages as a test needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from graphistry_airgap.connected.profiles.read import read_profile
from graphistry_airgap.connected.spec import NamedPath

if TYPE_CHECKING:
    from pathlib import Path

    from graphistry_airgap.connected.profiles.host_profile import HostProfile

KERNEL = "6.12.117+deb13-cloud-amd64"


def document(packages: dict[str, str] | None = None, **changed: Any) -> dict[str, Any]:
    """A profile of a Debian 13; `packages` are names with versions."""
    held = {"base-files": "13", **(packages or {})}
    return {
        "schema": 1,
        "made_by": "a test",
        "created": "2026-11-20T08:00:00Z",
        "os": {"id": "debian", "version_id": "13", "pretty_name": "Debian GNU/Linux 13 (trixie)"},
        "architecture": "amd64",
        "kernel": {"running": KERNEL, "installed": [KERNEL], "headers": []},
        "package_system": "apt",
        "packages": [
            {"name": name, "version": version, "architecture": "amd64"} for name, version in held.items()
        ],
        "findings": [],
        **changed,
    }


def rocky(packages: dict[str, str] | None = None, **changed: Any) -> dict[str, Any]:
    made = document(packages, architecture="x86_64", package_system="dnf")
    for package in made["packages"]:
        package["architecture"] = "x86_64"
    return {**made, "os": {"id": "rocky", "version_id": "9.6"}, **changed}


def write(path: Path, made: dict[str, Any]) -> NamedPath:
    path.write_text(json.dumps(made))
    return NamedPath(path.name, path)


def read(path: Path, made: dict[str, Any]) -> HostProfile:
    return read_profile(write(path, made))
