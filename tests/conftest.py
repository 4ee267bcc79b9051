"""What all tests share: one set of throw-away OpenPGP keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from graphistry_airgap.cli import render
from graphistry_airgap.core.result import envelope
from tests.kit.bundles.openpgp_keys import make_keys
from tests.kit.strict_schemas import strict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphistry_airgap.core.result import Result
    from tests.kit.bundles.openpgp_keys import Keys


# the longest on sealed hosts: begun first, so that two workers end at about the same time
LONGEST_FIRST = (
    *("test_driver", "test_former_resume", "test_faults_midway", "test_fleet", "test_field", "test_resume"),
    *("test_hardened", "test_env_changes", "test_debian_12", "test_vgpu", "test_faults_before_change"),
    *("test_foretelling", "test_other_release", "test_collection_host", "test_gpu", "test_toolkit"),
    *(
        "test_former_tool",
        "test_rpm_driver",
        "test_docker_lives",
        "test_rhel_8",
        "test_ubuntu",
        "test_ubuntu_driver",
        "test_install",
    ),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.fixture(autouse=True)
def _envelopes_are_of_their_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever command a test runs with --json."""

    def checked(command: str, result: Result) -> dict[str, Any]:
        document = envelope(command, result)
        strict("envelope-v1").validate(json.loads(json.dumps(document)))
        return document

    monkeypatch.setattr(render, "envelope", checked)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    """Keys named signer, second, stranger, expired and revoked (revoke it with `keys.revoke`)."""
    made = make_keys(tmp_path_factory.mktemp("gnupg") / "home")
    yield made
    made.stop()
