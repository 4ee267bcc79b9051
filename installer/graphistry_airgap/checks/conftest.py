"""Facts for the post-install tests: what the installation was meant to give."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from graphistry_airgap.target.host import waits


def pytest_runtest_logstart(location: tuple[str, int | None, str]) -> None:
    waits.tell(f"check {location[2].replace('[local]', '')}")


@pytest.fixture(scope="session")
def facts() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        Path(os.environ["GRAPHISTRY_AIRGAP_CHECKS"]).read_text(encoding="utf-8")
    )
    return loaded


@pytest.fixture
def server_only(facts: dict[str, Any]) -> None:
    if facts["purpose"] != "server":
        pytest.skip("a template starts nothing")


@pytest.fixture
def template_only(facts: dict[str, Any]) -> None:
    if facts["purpose"] != "template":
        pytest.skip("only for templates")
