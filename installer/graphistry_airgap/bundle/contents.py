"""The bill of materials and the provenance of a finished bundle, read back and summed up.

Counts are made anew from the components; nothing is taken from what the document says about itself.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.descriptions import PREFIX, PROVENANCE, SBOM, Kind
from graphistry_airgap.bundle.values import text, truth
from graphistry_airgap.core.errors import BundleError
from graphistry_airgap.core.strict_json import load_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_NAMES = 5


def summarize_sbom(raw: bytes) -> dict[str, Any]:
    """Components by kind and database, their licences, and what could not be read."""
    return _read(SBOM, raw, _sbom)


def summarize_provenance(raw: bytes) -> dict[str, Any]:
    """Repositories with their signers, what was trusted on first use, spec and tools."""
    return _read(PROVENANCE, raw, _provenance)


def sbom_lines(summary: dict[str, Any]) -> list[str]:
    """For people."""
    licences = summary["licences"]
    most = most_common(licences["names"])
    names = ", ".join(f"{name} {count}" for name, count in most[:_MOST_NAMES])
    rest = f", and {len(most) - _MOST_NAMES} more" if len(most) > _MOST_NAMES else ""
    return [
        f"contents: {contents_line(summary)}",
        *(f"not listed: {problem}" for problem in summary["unread"]),
        f"licences: {stated_line(summary)}" + (f": {names}{rest}" if names else ""),
    ]


def contents_line(summary: dict[str, Any]) -> str:
    counts = summary["components"]
    inside = ", ".join(f"{name} {count}" for name, count in summary["databases"].items())
    parts = [
        _counted(counts[kind], str(kind))
        for kind in (Kind.RELEASE, Kind.PACKAGE, Kind.WHEEL, Kind.INTERPRETER, Kind.FILE)
    ]
    images = (
        f"{_counted(counts[Kind.IMAGE], 'image') or 'no image'} with {counts[Kind.CONTENT]} packages inside"
    )
    return ", ".join([*filter(None, parts), images]) + (f" ({inside})" if inside else "")


def stated_line(summary: dict[str, Any]) -> str:
    licences = summary["licences"]
    return f"{licences['stated']} of {licences['of']} components state one"


def most_common(names: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(names.items(), key=lambda one: (-one[1], one[0]))


def provenance_lines(summary: dict[str, Any]) -> list[str]:
    """For people."""
    tools = ", ".join(f"{name} {version}" for name, version in summary["tools"].items())
    return [
        *(_repository_line(one) for one in summary["repositories"]),
        *(f"taken without a pin: {name}" for name in summary["trusted_on_first_use"]),
        f"built from {summary['spec']['name']} by {tools}",
    ]


def _repository_line(one: dict[str, Any]) -> str:
    first, *others = one["signedBy"] or ["nobody"]
    more = f" and {len(others)} more" if others else ""
    late = "; expired metadata was allowed" if one["expiredAllowed"] else ""
    return f"from {one['uri']} as of {one['date']}, signed by {first}{more}{late}"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}" if count else ""


def _read(path: str, raw: bytes, reader: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    try:
        return reader(load_json(raw))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(
            f"{path} is damaged: {type(error).__name__}: {error}",
            code="bundle-malformed",
            hint="build the bundle again; if it was copied, verify it at its source first",
            details={"path": path, "found": str(error), "needed": "a file as `bundle build` writes it"},
        ) from error


def _sbom(document: dict[str, Any]) -> dict[str, Any]:
    components = list(_all_components(document))
    kinds = Counter(_property(one, "kind") for one in components)
    bases = Counter(name for one in components if (name := _property(one, "database")))
    names = Counter(name for one in components for name in _licences(one))
    return {
        "components": {str(kind): kinds[kind] for kind in Kind},
        "databases": {name: bases[name] for name in sorted(bases)},
        "licences": {
            "stated": sum(1 for one in components if one.get("licenses")),
            "of": len(components),
            "names": {name: names[name] for name in sorted(names)},
        },
        "unread": [f"{one['name']}: {value}" for one in components for value in _properties(one, "unread")],
    }


def _all_components(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in document["components"]:
        yield one
        yield from one.get("components", ())


def _properties(component: dict[str, Any], name: str) -> list[str]:
    wanted = f"{PREFIX}{name}"
    return [str(one["value"]) for one in component.get("properties", ()) if one["name"] == wanted]


def _property(component: dict[str, Any], name: str) -> str:
    return next(iter(_properties(component, name)), "")


def _licences(component: dict[str, Any]) -> Iterator[str]:
    for one in component.get("licenses", ()):
        yield str(one.get("expression") or one["license"].get("id") or one["license"]["name"])


def _provenance(document: dict[str, Any]) -> dict[str, Any]:
    definition = document["predicate"]["buildDefinition"]
    given = definition["externalParameters"]
    tools = document["predicate"]["runDetails"]["builder"]["version"]
    return {
        "spec": {"name": text(given["spec"]["name"]), "sha256": text(given["spec"]["digest"]["sha256"])},
        "trusted_on_first_use": [text(name) for name in given["trustedOnFirstUse"]],
        "repositories": [_repository(one) for one in definition["internalParameters"]["repositories"]],
        "items": len(definition["resolvedDependencies"]),
        "tools": {name: text(version) for name, version in tools.items()},
    }


def _repository(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: text(one[key]) for key in ("platform", "name", "uri", "date")},
        "signedBy": [text(key) for key in one["signedBy"]],
        "expiredAllowed": truth(one["expiredAllowed"]),
    }
