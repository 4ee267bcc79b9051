"""What the integration tests share: the lab's modules, the demo's bundle, and hosts to install it on.

`demo_hosts` of tests/kit has what a test does to such a host: `install`, `tool`, `snapshot`.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab"))

from demo_hosts import DEMO, DRIVER, demo_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealed_host import SealedHost


@pytest.fixture(scope="session")
def bundle() -> Path:
    path = DEMO / "bundle"
    if not (path / "SHA256SUMS").is_file():
        pytest.fail(f"there is no {path}: run scripts/test (or scripts/demo, which makes it)")
    return path


@pytest.fixture(scope="session")
def driver_bundle() -> Path:
    """The demo's release with NVIDIA's driver for the lab's kernel."""
    path = DRIVER / "bundle"
    if not (path / "SHA256SUMS").is_file():
        pytest.fail(f"there is no {path}: run lab/driver_bundle.py")
    return path


@pytest.fixture(scope="session")
def keyring(bundle: Path) -> Path:
    return DEMO / "trusted.gpg"


@pytest.fixture(scope="module")
def sealed_host(bundle: Path, keyring: Path) -> Iterator[Callable[..., SealedHost]]:
    """`sealed_host(NAME, bundle=…, site=…, password=…)`: a fresh host, stopped after the module's tests."""
    with ExitStack() as hosts:

        def start(name: str, **wanted: object) -> SealedHost:
            return hosts.enter_context(demo_host(name, **{"bundle": bundle, "keyring": keyring, **wanted}))

        yield start
