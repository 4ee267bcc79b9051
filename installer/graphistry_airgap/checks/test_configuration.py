"""`custom.env`, and what counts beside it: mode, air gap, secrets."""

from __future__ import annotations

from typing import Any

import pytest

from graphistry_airgap.checks.machine import env_files
from graphistry_airgap.target.envfile import context as env_context

SECRETS = (
    "DJANGO_SECRET_KEY",
    "GRAPHISTRY_NEXUS_ENCRYPTION_KEYS",
    "GRAPHISTRY_NEXUS_SIGNING_KEY",
    "GRAPHISTRY_NEXUS_SIGNING_SALT",
)


def test_custom_env_is_private(host: Any, facts: dict[str, Any]) -> None:
    file = host.file(f"{facts['release_directory']}/data/config/custom.env")
    assert file.user == "root"
    assert file.mode & 0o177 == 0


def test_the_product_knows_that_it_is_air_gapped(host: Any, facts: dict[str, Any]) -> None:
    value = env_files(host, facts).values.get("AIR_GAPPED")
    assert value == "1"


@pytest.mark.usefixtures("server_only")
def test_secrets_are_set(host: Any, facts: dict[str, Any]) -> None:
    found = env_files(host, facts).values
    absent = [name for name in SECRETS if len(found.get(name, "")) < 16]
    assert not absent, f"missing or short: {absent}"


@pytest.mark.usefixtures("template_only")
def test_a_template_holds_no_secret(host: Any, facts: dict[str, Any]) -> None:
    found = env_files(host, facts).files[env_context.CUSTOM].values
    present = [name for name in SECRETS if name in found]
    assert not present, f"set in a template: {present}"
