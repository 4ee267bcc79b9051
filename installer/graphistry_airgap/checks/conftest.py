"""Facts for the post-install tests: what the installation was meant to give."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest


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
