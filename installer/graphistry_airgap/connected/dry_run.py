"""What a build would bring to each platform, to be compared with a mirror or with the build before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from graphistry_airgap.connected.packages.apt_release import Package
    from graphistry_airgap.connected.packages.closure import Closure


def closures_result(closures: Mapping[str, Closure], notes: Sequence[str]) -> Result:
    """`data.closures` by platform: repositories, module streams, packages with the groups they are in."""
    entries = {name: _entry(closure) for name, closure in closures.items()}
    told = [line for name, entry in entries.items() for line in _lines(name, entry)]
    return Result(data={"closures": entries}, messages=[*told, *notes])


def _entry(closure: Closure) -> dict[str, Any]:
    groups: dict[Package, list[str]] = {}
    for group, members in sorted(closure.groups.items()):
        for package in members:
            groups.setdefault(package, []).append(group)
    in_order = sorted(groups, key=lambda package: (package.name, package.version, package.architecture))
    return {
        "repositories": [
            {"name": one.spec.name, "date": one.date.isoformat(), "signed_by": list(one.fingerprints)}
            for one in closure.repositories
        ],
        "modules": list(closure.modules),
        "packages": [
            {
                "name": package.name,
                "version": package.version,
                "architecture": package.architecture,
                "repository": package.repository,
                "groups": groups[package],
                "assumed": package in closure.assumed,
                "bytes": package.size,
                "sha256": package.sha256,
            }
            for package in in_order
        ],
    }


def _lines(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    carried = [package for package in entry["packages"] if not package["assumed"]]
    size = sum(package["bytes"] for package in carried) / 1e6
    yield f"{name}: {len(carried)} packages, {size:.1f} MB"
    for one in entry["repositories"]:
        yield f"  repository {one['name']} of {one['date']}"
    yield from (f"  module stream {module}" for module in entry["modules"])
    for package in entry["packages"]:
        where = "on every host already" if package["assumed"] else package["repository"]
        identity = f"{package['name']} {package['version']} {package['architecture']}"
        yield f"  {identity}  {where}  {','.join(package['groups'])}"
