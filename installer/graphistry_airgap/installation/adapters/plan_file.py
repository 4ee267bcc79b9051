"""A plan as somebody has saved it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.core.errors import InputError
from graphistry_airgap.core.strict_json import JsonError, load_json
from graphistry_airgap.installation.lifecycle.planned import Planned
from graphistry_airgap.knowledge.formats import difference

if TYPE_CHECKING:
    from pathlib import Path

_HINT = "name a file that `graphistry-airgap plan -o PLAN` has written, as it was written"


def read_plan(path: Path | None) -> Planned | None:
    """None where no plan was named; raises InputError where it cannot be used."""
    if path is None:
        return None
    try:
        document = load_json(path.read_bytes())
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None
    except JsonError as error:
        raise _unusable(path, str(error)) from None
    if differs := difference(document, "plan-v1"):
        raise _unusable(path, differs)
    return Planned(path, document)


def _unusable(path: Path, why: str) -> InputError:
    return InputError(
        f"the plan {path} cannot be used: {why}",
        code="plan-unreadable",
        hint=_HINT,
        details={"found": why, "needed": "a plan as `plan -o PLAN` writes it", "path": str(path)},
    )
