"""The lab's bundles, which a test takes as they are: `scripts/test` makes them beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.bundles.rpm import RPM, RPM_8, RPM_10, RPM_DRIVER
from lab.bundles.ubuntu import UBUNTU, UBUNTU_22
from lab.repositories.cpython import NoCPythonError, find
from tests.kit.matrix import not_tried

if TYPE_CHECKING:
    from pathlib import Path


_PLATFORMS = {
    RPM: "rhel-9",
    RPM_DRIVER: "rhel-9",
    RPM_8: "rhel-8",
    RPM_10: "rhel-10",
    UBUNTU: "ubuntu-24.04",
    UBUNTU_22: "ubuntu-22.04",
}
# which CPythons the stand-ins of a platform are made with
_PYTHONS = dict.fromkeys(_PLATFORMS, ("3.12",)) | {RPM_8: ("3.12", "3.6"), UBUNTU_22: ("3.12", "3.10")}


def made_bundle(folder: Path, made_by: str) -> Path:
    """The bundle in that folder of `build/`; the test fails, and says what makes it, when it is not there.

    A test of one that this machine has no CPython for is skipped, and the platform's rows read so.
    """
    bundle = folder / "bundle"
    if not (bundle / "SHA256SUMS").is_file():
        for version in _PYTHONS.get(folder, ()):
            _require_cpython(version, _PLATFORMS[folder])
        pytest.fail(f"there is no {bundle}: run scripts/test (or {made_by}, which makes it)")
    return bundle


def _require_cpython(version: str, platform: str) -> None:
    try:
        find(version)
    except NoCPythonError as problem:
        not_tried(platform, str(problem))
        pytest.skip(f"not tried: {problem}")
