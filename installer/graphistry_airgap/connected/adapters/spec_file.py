"""Reads a spec: YAML, schema, then the rules that a schema cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.connected.spec import Spec, parse_spec, repeated_names
from graphistry_airgap.core.adapters.documents import read_yaml
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.knowledge.formats import require
from graphistry_airgap.knowledge.platforms import PLATFORMS, load_refused

if TYPE_CHECKING:
    from pathlib import Path


def read_spec(path: Path) -> Spec:
    document = read_yaml(path, what="the spec")
    _require_taken(document, path)
    require(document, "spec-v1", file=str(path))
    spec = parse_spec(document, path.absolute().parent)
    if repeated := repeated_names(spec):
        raise InputError(
            f"{repeated[0]} is used twice in {path}",
            code="value-invalid",
            hint="each repository of a platform needs a name of its own",
            details={"path": repeated[0], "file": str(path)},
        )
    _require_interpreters(spec, path)
    return spec


def _require_taken(document: Any, path: Path) -> None:
    """The schema would only say that it does not know the name."""
    named = document.get("platforms") if isinstance(document, dict) else None
    for name, known in load_refused().items():
        if isinstance(named, dict) and name in named:
            raise InputError(
                f"platforms.{name} in {path} is not taken: {known['reason']}",
                code="platform-refused",
                hint=known["hint"],
                details={"path": f"platforms.{name}", "file": str(path)},
            )


def _require_interpreters(spec: Spec, path: Path) -> None:
    for name, wanted in spec.platforms.items():
        python, where = PLATFORMS[name].python_version, f"platforms.{name}.interpreter"
        if PLATFORMS[name].brings_interpreter == (wanted.interpreter is not None):
            continue
        if wanted.interpreter is None:
            raise InputError(
                f"{where} is missing in {path}: {PLATFORMS[name].title} has no Python that the tool runs on",
                code="interpreter-missing",
                hint=f"name the archive of a relocatable CPython {python}, with its sha256 and version",
                details={"path": where, "file": str(path)},
            )
        raise InputError(
            f"{where} stands in {path}, and {PLATFORMS[name].title} has a Python that the tool runs on",
            code="interpreter-unneeded",
            hint="take it out: the system's own is mended with the system",
            details={"path": where, "file": str(path)},
        )
