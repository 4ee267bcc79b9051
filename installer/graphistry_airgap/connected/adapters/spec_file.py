"""Reads a spec: YAML, schema, then the rules that a schema cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.connected.spec import Spec, parse_spec, repeated_names
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.knowledge.formats import load_document

if TYPE_CHECKING:
    from pathlib import Path


def read_spec(path: Path) -> Spec:
    spec = parse_spec(load_document(path, "spec-v1", what="the spec"), path.absolute().parent)
    if repeated := repeated_names(spec):
        raise InputError(
            f"{repeated[0]} is used twice in {path}",
            code="value-invalid",
            hint="each repository of a platform needs a name of its own",
            details={"path": repeated[0], "file": str(path)},
        )
    return spec
