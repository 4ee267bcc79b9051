"""Whose packages a driver's branch is, and which branch a name leads to.

Two vendors can have a branch, under names that are partly the same, and a distribution keeps the names of
branches that it no longer has, for packages that bring another one.  Both are settled by what the
repositories of a spec hold, before the packages of the bundle are resolved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.driver import PROGRAMS
from graphistry_airgap.connected.packages import apt_index
from graphistry_airgap.connected.packages.closure import Wanted
from graphistry_airgap.connected.packages.versions import upstream_version
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphistry_airgap.connected.packages.closure import Closure, ResolvedRepository
    from graphistry_airgap.connected.ports import Blobs, Packages
    from graphistry_airgap.connected.spec import DriverSpec, PlatformSpec
    from graphistry_airgap.knowledge.platforms import Platform


def known(knowledge: Mapping[str, Any], platform: str) -> Mapping[str, Any]:
    """What is known of drivers there; of a platform that nobody knows nothing is."""
    found: Mapping[str, Any] = knowledge["drivers"]["platforms"].get(platform, {"branches": []})
    return found


def branch_names(knowledge: Mapping[str, Any], platform: str) -> str:
    """The branches that a bundle for this platform can bring, for a person."""
    rows = known(knowledge, platform)["branches"]
    return ", ".join(f"{row['branch']} ({row['repository']})" for row in rows) or "none"


def row_of(knowledge: Mapping[str, Any], platform: str, wanted: DriverSpec) -> Mapping[str, Any]:
    """What is known of the branch that the spec wants; raises with those that are known."""
    rows = known(knowledge, platform)["branches"]
    found = next((row for row in rows if row["branch"] == wanted.branch and _is_of(row, wanted.origin)), None)
    if found is None:
        whose = f" from {wanted.origin}" if wanted.origin else ""
        raise InputError(
            f"driver branch {wanted.branch}{whose} is not known for {platform}",
            code="driver-branch-unknown",
            hint=f"known for {platform}: {branch_names(knowledge, platform)}; or leave `driver` out: hosts "
            "keep a driver that they have already and that fits the release",
            details={"branches": sorted({row["branch"] for row in rows})},
        )
    return dict(found)


def other_origins(knowledge: Mapping[str, Any], platform: str, origin: str) -> tuple[str, ...]:
    """Vendors of this platform's driver beside that one."""
    found = {row.get("origin", "") for row in known(knowledge, platform)["branches"]}
    return tuple(sorted(found - {origin, ""})) if origin else ()


def settled(
    knowledge: Mapping[str, Any], platform: Platform, spec: PlatformSpec, packages: Packages, blobs: Blobs
) -> tuple[PlatformSpec, list[str]]:
    """The spec with its driver's vendor and the branch that really comes, and what to know of that."""
    if spec.driver is None:
        return spec, []
    wanted, notes = spec.driver, []
    names = _names_by_origin(knowledge, platform.name, wanted.branch)
    if not wanted.origin and len(names) > 1:
        there = packages.resolve(platform, spec.repositories, Wanted()).repositories
        wanted = replace(wanted, origin=_only(wanted, names, there, blobs))
    if step := _transition(knowledge, platform.name, wanted):
        aside = other_origins(knowledge, platform.name, step["origin"])
        asked = Wanted({PROGRAMS: (step["package"],)}, driver_branch=wanted.branch, not_from=aside)
        version = _version(packages.resolve(platform, spec.repositories, asked), step["package"])
        came = version.partition(".")[0]
        notes.append(
            f"Driver branch {wanted.branch} is a name only for {platform.name}: {step['package']} is "
            f'{version}, so the bundle brings branch {came}; write `branch: "{came}"` in the spec.'
        )
        wanted = replace(wanted, branch=came, origin=step["origin"])
    return replace(spec, driver=wanted), notes


def _is_of(row: Mapping[str, Any], origin: str) -> bool:
    return not origin or row.get("origin", "") == origin


def _names_by_origin(knowledge: Mapping[str, Any], platform: str, branch: str) -> dict[str, tuple[str, ...]]:
    """For each vendor that has the branch, or had it, packages that one of its repositories holds."""
    there = known(knowledge, platform)
    rows = {
        one.get("origin", ""): tuple(one["programs"]) for one in there["branches"] if one["branch"] == branch
    }
    steps = {
        one["origin"]: (one["package"],) for one in there.get("transitions", ()) if one["branch"] == branch
    }
    return steps | rows


def _only(
    wanted: DriverSpec,
    names: Mapping[str, tuple[str, ...]],
    repositories: Iterable[ResolvedRepository],
    blobs: Blobs,
) -> str:
    """The only vendor whose repositories the spec names."""
    there = sorted(
        {one.origin for one in repositories if one.origin in names and _holds(one, names[one.origin], blobs)}
    )
    if len(there) == 1:
        return there[0]
    listed = " or ".join(f"`origin: {origin}`" for origin in sorted(names))
    if there:
        raise InputError(
            f"driver branch {wanted.branch} is in repositories of {' and of '.join(there)}, whose packages "
            "do not fit together",
            code="driver-origin-ambiguous",
            hint=f"write {listed} under driver in the spec, or name the repositories of one vendor",
            details={"origins": there},
        )
    raise InputError(
        f"no repository of the spec says that it has driver branch {wanted.branch} of "
        f"{' or of '.join(sorted(names))}",
        code="driver-origin-unknown",
        hint=f"add the repository that holds it (Ubuntu's needs its component restricted); if a mirror has a "
        f"Release file of its own, write {listed} under driver in the spec",
        details={"origins": sorted(names)},
    )


def _holds(repository: ResolvedRepository, names: Iterable[str], blobs: Blobs) -> bool:
    there: set[str] = set()
    for blob in repository.metadata:
        suffix = _suffix(blob.path)
        if suffix is not None and (path := blobs.find(blob.sha256)):
            there.update(apt_index.names(path, suffix))
    return set(names) <= there


def _suffix(path: str) -> str | None:
    """How a package index is compressed; None for other metadata."""
    name, dot, suffix = path.rpartition("/")[2].partition(".")
    return f"{dot}{suffix}" if name == "Packages" else None


def _transition(knowledge: Mapping[str, Any], platform: str, wanted: DriverSpec) -> Mapping[str, str] | None:
    steps = known(knowledge, platform).get("transitions", ())
    fitting = (one for one in steps if one["branch"] == wanted.branch and _is_of(one, wanted.origin))
    return next(fitting, None)


def _version(closure: Closure, name: str) -> str:
    return upstream_version(next(one.version for one in closure.groups[PROGRAMS] if one.name == name))
