"""The vendor's progression of GPU tests, rung by rung, with images of the bundle alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from graphistry_airgap.checks import ladder as rungs
from graphistry_airgap.checks.climb import climb
from graphistry_airgap.checks.machine import machine_of
from graphistry_airgap.checks.proof import Proof
from graphistry_airgap.target.host import waits

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphistry_airgap.checks.ladder import Outcome


@pytest.fixture(scope="module")
def ladder(host: Any, facts: dict[str, Any]) -> dict[int, Outcome]:
    waits.tell("checks of the GPUs, in containers with and without them")
    kept = Path(os.environ["GRAPHISTRY_AIRGAP_CHECKS"]).with_name("gpu-rungs.json")
    return climb(machine_of(host), facts, Proof(kept))


@pytest.fixture
def require(
    ladder: dict[int, Outcome], record_property: Callable[[str, object], None]
) -> Callable[[int], None]:
    return lambda rung: _require(ladder[rung], rung, record_property)


def _require(outcome: Outcome, rung: int, record: Callable[[str, object], None]) -> None:
    if outcome.reason:
        # a report's message is cut where it is long, and its properties are not
        record("reason", outcome.reason)
    if outcome.state == rungs.SKIPPED:
        pytest.skip(outcome.reason)
    if outcome.state == rungs.FAILED:
        hint = outcome.hint or rungs.MEND[rung]
        record("hint", hint)
        pytest.fail(f"{outcome.reason}; {hint}", pytrace=False)


def test_rung_1_a_plain_container_starts(require: Callable[[int], None]) -> None:
    require(rungs.PLAIN)


def test_rung_2_the_driver_answers_on_the_host(require: Callable[[int], None]) -> None:
    require(rungs.HOST)


def test_rung_3_gpus_all_shows_the_gpus(require: Callable[[int], None]) -> None:
    require(rungs.GPUS)


def test_rung_4_the_runtime_nvidia_shows_the_gpus(require: Callable[[int], None]) -> None:
    require(rungs.RUNTIME)


def test_rung_5_the_default_runtime_shows_the_gpus(require: Callable[[int], None]) -> None:
    require(rungs.DEFAULT)


def test_rung_6_the_base_image_sees_the_gpus(require: Callable[[int], None]) -> None:
    require(rungs.BASE)


def test_rung_7_the_application_image_sees_the_gpus(require: Callable[[int], None]) -> None:
    require(rungs.APPLICATION)


def test_rung_8_rapids_computes_on_a_gpu(require: Callable[[int], None]) -> None:
    require(rungs.COMPUTE)
