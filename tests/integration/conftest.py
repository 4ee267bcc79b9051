"""What the integration tests share: the demo's bundle, and hosts to install it on.

`demo_hosts` of tests/kit/hosts has what a test does to such a host: `install`, `tool`, `snapshot`.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from lab.bundles.demo import DEMO
from lab.bundles.driver import DRIVER
from lab.hosts.kept_host import INSTALLED
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.hosts.demo_hosts import copied_host, demo_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost


@pytest.fixture(scope="session")
def bundle() -> Path:
    return made_bundle(DEMO, "scripts/demo")


@pytest.fixture(scope="session")
def driver_bundle() -> Path:
    """The demo's release with NVIDIA's driver for the lab's kernel."""
    return made_bundle(DRIVER, "`python -m lab.bundles.driver`")


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


@pytest.fixture(scope="module")
def installed_host(bundle: Path) -> Iterator[Callable[[str], SealedHost]]:
    """`installed_host(NAME)`: a copy of a host that was installed from the demo's bundle."""
    with ExitStack() as hosts:

        def start(name: str) -> SealedHost:
            return hosts.enter_context(copied_host(name, INSTALLED))

        yield start
