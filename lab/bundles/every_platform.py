"""The lab's specs as one: the demo's release for every platform that a bundle can have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from lab.bundles.debian_12 import DEBIAN_12
from lab.bundles.demo import DEMO
from lab.bundles.rpm import RPM, RPM_8, RPM_10
from lab.bundles.ubuntu import UBUNTU, UBUNTU_22

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = (DEMO, DEBIAN_12, RPM, RPM_8, RPM_10, UBUNTU, UBUNTU_22)
# of a repository and of an interpreter, what is a path beside the spec
_PATHS = ("signed_by", "path")


def platforms() -> tuple[dict[str, Any], dict[str, Any]]:
    """Release and platforms of the lab's specs, with absolute paths."""
    release: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for folder in FOLDERS:
        (spec,) = folder.glob("*.bundle.yml")
        document = yaml.safe_load(spec.read_text(encoding="utf-8"))
        release = release or _absolute(document["release"], folder)
        for name, platform in document["platforms"].items():
            kept = {key: value for key, value in platform.items() if key not in ("driver", "kernels")}
            found.setdefault(name, _absolute(kept, folder))
    return release, dict(sorted(found.items()))


def _absolute(value: Any, folder: Path, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _absolute(inner, folder, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_absolute(inner, folder, key) for inner in value]
    if key == "uri" and value.startswith("file:"):
        return f"file:{(folder / value.removeprefix('file:')).resolve()}"
    return str((folder / value).resolve()) if key in (*_PATHS, "gpg_keys") else value
