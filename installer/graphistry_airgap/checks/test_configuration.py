"""`custom.env`: mode, air gap, secrets."""

from __future__ import annotations

from typing import Any

import pytest

from graphistry_airgap.plugins.module_utils.airgap.env_syntax import read

SECRETS = (
    "DJANGO_SECRET_KEY",
    "GRAPHISTRY_NEXUS_ENCRYPTION_KEYS",
    "GRAPHISTRY_NEXUS_SIGNING_KEY",
    "GRAPHISTRY_NEXUS_SIGNING_SALT",
)


def settings(host: Any, facts: dict[str, Any]) -> dict[str, str]:
    """The values as Compose reads them.

    An assertion must not name this dictionary: pytest shows what an expression is made of, and that report
    is kept on the host and printed.
    """
    data = host.file(f"{facts['release_directory']}/data/config/custom.env").content
    return read(data).values


def test_custom_env_is_private(host: Any, facts: dict[str, Any]) -> None:
    file = host.file(f"{facts['release_directory']}/data/config/custom.env")
    assert file.user == "root"
    assert file.mode & 0o177 == 0


def test_the_product_knows_that_it_is_air_gapped(host: Any, facts: dict[str, Any]) -> None:
    value = settings(host, facts).get("AIR_GAPPED")
    assert value == "1"


@pytest.mark.usefixtures("server_only")
def test_secrets_are_set(host: Any, facts: dict[str, Any]) -> None:
    found = settings(host, facts)
    absent = [name for name in SECRETS if len(found.get(name, "")) < 16]
    assert not absent, f"missing or short: {absent}"


@pytest.mark.usefixtures("template_only")
def test_a_template_holds_no_secret(host: Any, facts: dict[str, Any]) -> None:
    found = settings(host, facts)
    present = [name for name in SECRETS if name in found]
    assert not present, f"set in a template: {present}"
