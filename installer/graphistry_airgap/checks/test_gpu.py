"""The vendor's progression of GPU tests, rung by rung, with images of the bundle alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from graphistry_airgap.checks.rungs import climb, runner
from graphistry_airgap.domain import rungs

if TYPE_CHECKING:
    from graphistry_airgap.domain.rungs import Outcome


@pytest.fixture(scope="module")
def ladder(host: Any, facts: dict[str, Any]) -> dict[int, Outcome]:
    return climb(runner(host), facts)


def require(ladder: dict[int, Outcome], rung: int) -> None:
    outcome = ladder[rung]
    if outcome.state == rungs.SKIPPED:
        pytest.skip(outcome.reason)
    if outcome.state == rungs.FAILED:
        pytest.fail(f"{outcome.reason}; {rungs.MEND[rung]}", pytrace=False)


def test_rung_1_a_plain_container_starts(ladder: dict[int, Outcome]) -> None:
    require(ladder, rungs.PLAIN)


def test_rung_2_the_driver_answers_on_the_host(ladder: dict[int, Outcome]) -> None:
    require(ladder, rungs.HOST)


def test_rung_3_gpus_all_shows_the_gpus(ladder: dict[int, Outcome]) -> None:
    require(ladder, rungs.GPUS)


def test_rung_4_the_runtime_nvidia_shows_the_gpus(ladder: dict[int, Outcome]) -> None:
    require(ladder, rungs.RUNTIME)


def test_rung_5_the_default_runtime_shows_the_gpus(ladder: dict[int, Outcome]) -> None:
    require(ladder, rungs.DEFAULT)


def test_rung_6_the_base_image_sees_the_gpus(ladder: dict[int, Outcome]) -> None:
    require(ladder, rungs.BASE)


def test_rung_7_the_application_image_sees_the_gpus(ladder: dict[int, Outcome]) -> None:
    require(ladder, rungs.APPLICATION)


def test_rung_8_rapids_computes_on_a_gpu(ladder: dict[int, Outcome]) -> None:
    require(ladder, rungs.COMPUTE)
