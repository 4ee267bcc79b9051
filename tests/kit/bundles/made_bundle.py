"""The lab's bundles, which a test takes as they are: `scripts/test` makes them beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.bundles.rpm import RPM, RPM_DRIVER
from lab.repositories.cpython import NoCPythonError, find
from tests.kit.matrix import not_tried

if TYPE_CHECKING:
    from pathlib import Path


def made_bundle(folder: Path, made_by: str) -> Path:
    """The bundle in that folder of `build/`; the test fails, and says what makes it, when it is not there.

    A test of EL 9's is skipped where it cannot be made, and the platform's rows read so.
    """
    bundle = folder / "bundle"
    if not (bundle / "SHA256SUMS").is_file():
        if folder in (RPM, RPM_DRIVER):
            _require_cpython()
        pytest.fail(f"there is no {bundle}: run scripts/test (or {made_by}, which makes it)")
    return bundle


def _require_cpython() -> None:
    try:
        find()
    except NoCPythonError as problem:
        not_tried("rhel-9", str(problem))
        pytest.skip(f"not tried: {problem}")
