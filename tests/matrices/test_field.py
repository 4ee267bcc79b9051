"""Situations that people reported in public, and variations of them: `build/matrix/field.json`, a row each.

Rows without a host run always.  Of those on sealed hosts a seeded sample runs, all of them with
`AIRGAP_MATRIX=all` (`scripts/matrix field`, `scripts/test --all`); `AIRGAP_MATRIX_ONLY` names one row.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.kit.hosts.row_hosts import hosts_for_rows
from tests.kit.sample import seed
from tests.matrices import harness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.hosts.sealed_host import SealedHost
    from tests.matrices.harness import Row

MATRIX = "field"
SAMPLE = 16
LEAST, LEAST_ON_HOSTS = 120, 45
SEED = seed()
ONLY = os.environ.get("AIRGAP_MATRIX_ONLY", "")
ROWS = [row for row in harness.rows_of(MATRIX) if ONLY in ("", row.case)]
ON_COMMANDS = [row for row in ROWS if not row.state]
ON_HOSTS = harness.chosen(
    [row for row in ROWS if row.state],
    sample=len(ROWS) if ONLY or os.environ.get("AIRGAP_MATRIX") == "all" else SAMPLE,
    seed=SEED,
)


@pytest.fixture(scope="module")
def host_for() -> Iterator[Callable[[Row], tuple[SealedHost, str]]]:
    with ExitStack() as stack:
        yield hosts_for_rows(stack)


def test_the_matrix_is_as_large_as_it_says():
    if ONLY:
        pytest.skip("one row was asked for")
    assert len(ROWS) >= LEAST
    assert len([row for row in ROWS if row.state]) >= LEAST_ON_HOSTS


@pytest.mark.subprocesses
@pytest.mark.parametrize("row", ON_COMMANDS, ids=lambda row: row.case)
def test_row(row):
    written = harness.attempt(row)
    assert written["got"] == written["expected"]


@pytest.mark.host
@pytest.mark.parametrize("row", ON_HOSTS, ids=lambda row: row.case)
def test_row_on_a_host(row, host_for):
    host, image = host_for(row)
    written = harness.attempt(row, host, image=image, seed=SEED)
    assert written["got"] == written["expected"]
