"""What all tests share: the helpers of tests/kit and one set of throw-away OpenPGP keys."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "kit"))

from openpgp_keys import make_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openpgp_keys import Keys


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    """Keys named signer, second, stranger, expired and revoked (revoke it with `keys.revoke`)."""
    made = make_keys(tmp_path_factory.mktemp("gnupg") / "home")
    yield made
    made.stop()
