"""Judgements about packages: the database's health, versions that stand, the simulated transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...finding import ERROR, INFO, WARNING, Finding
from ...host import refusal
from ...packages import words as package_words
from . import driver as findings_driver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# what apt says before it looks at what it was asked for
_BROKEN_BEFORE = "--fix-broken"


def database(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    found = profile["packages"]
    words = package_words.of(requirements["package_system"])
    own = {item["name"] for item in found["wanted"]}
    if lock := found["lock"]:
        holder = f"{lock['process'] or 'a process of another namespace'} (pid {lock['pid']})"
        yield Finding(
            WARNING,
            "package-lock-held",
            f"{holder} holds {lock['path']}; the installation waits a bounded time for it",
            holder,
            "no other package manager at work",
            "let it finish, or stop automatic updates while the installation runs",
            lock["path"],
        )
    elif found["unfinished"] or found["journal"]:
        # while the lock is held a half-done transaction is somebody's work, not an accident
        names = ", ".join(found["unfinished"]) or words.damage
        # what a killed installation left is finished by the next one, as is what it asked of others
        theirs = set(found["unfinished"]) - own - set(found["triggered"]) or not found["unfinished"]
        yield Finding(
            ERROR if theirs else WARNING,
            f"{words.database}-interrupted",
            f"{words.database} was interrupted: {names}"
            + ("" if theirs else "; the installation finishes it"),
            names,
            "a package database without unfinished work",
            words.repair,
            words.place,
        )


def versions(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    unhold = package_words.of(requirements["package_system"]).unhold
    older = [item for item in profile["packages"]["wanted"] if item["state"] == "older"]
    newer = [item for item in profile["packages"]["wanted"] if item["state"] == "newer"]
    for item in profile["packages"]["wanted"]:
        if item["held"] and item["state"] in ("older", "absent"):
            how = f"is held at {item['installed']}" if item["installed"] else "is kept out"
            yield Finding(
                ERROR,
                "package-held",
                f"{item['name']} {how}, and {item['version']} is needed",
                item["installed"] or "absent",
                item["version"],
                f"{unhold.format(item['name'])}, or upgrade it by your own process",
            )
    if upgrades := [
        f"{item['name']} {item['installed']} -> {item['version']}" for item in older if not item["held"]
    ]:
        yield Finding(
            INFO,
            "package-upgrade",
            f"{len(upgrades)} installed package(s) will be upgraded: {', '.join(upgrades)}",
            ", ".join(upgrades),
            "nothing",
        )
    if kept := [f"{item['name']} {item['installed']}" for item in newer]:
        yield Finding(
            INFO,
            "package-newer",
            f"{len(kept)} installed package(s) are newer than the bundle's and stay: {', '.join(kept)}",
            ", ".join(kept),
            "nothing",
        )


def assumed(profile: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Finding]:
    """The bundle was built for hosts that have these packages, and cannot give them."""
    lacking = _lacking(profile)
    if not lacking:
        return
    needed = ", ".join(f"{item['name']} {item['version']}" for item in lacking)
    found = ", ".join(f"{item['name']} {item['installed'] or 'absent'}" for item in lacking)
    yield Finding(
        ERROR,
        "package-assumed",
        f"the bundle leaves out {len(lacking)} package(s) that its host profiles have and this host lacks: "
        f"{needed}",
        found,
        f"{needed}, or newer",
        "install them by your own process, or build the bundle again with this host's profile in the spec",
    )


def transaction(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    found = profile["transaction"]
    manager = package_words.of(requirements["package_system"]).manager
    told = {item["name"] for item in _lacking(profile)}
    if found is None:
        return
    if found["index_error"]:
        yield Finding(
            ERROR,
            "package-index-unusable",
            refusal.first(found["index_error"], f"{manager} cannot use the bundle's package lists"),
            found["index_error"],
            "lists that the vendors' keys in the bundle have signed",
            "check the clock and run `graphistry-airgap bundle verify` on the bundle",
        )
    if _BROKEN_BEFORE in found["conflict"]:
        yield Finding(
            ERROR,
            "dpkg-dependencies-broken",
            refusal.first(
                found["conflict"],
                "packages of this host lack what they depend on, and apt installs nothing beside them",
            ),
            found["conflict"],
            "a host on which `apt-get check` is content",
            "`apt-get --fix-broken install` with your own sources, or remove the named packages",
            "/var/lib/dpkg",
        )
    elif found["conflict"]:
        yield Finding(
            ERROR,
            "package-conflict",
            refusal.first(found["conflict"], f"{manager} cannot install the bundle's packages on this host"),
            found["conflict"],
            "a host on which the bundle's exact versions can stand",
            "resolve the named dependencies, or build the bundle against this host's profile",
        )
    yield from _pinned(found["pinned"])
    known = set(profile["packages"]["rivals"])
    if removed := [name for name in found["removed"] if name not in known]:
        yield Finding(
            ERROR,
            "package-removal",
            f"installing the bundle's packages would remove {', '.join(removed)}",
            ", ".join(removed),
            "a transaction that removes nothing",
            "remove or replace them yourself if the host can do without",
        )
    yield from _other_streams(found["streams"])
    if (weak := found["without_sha256"]) and profile["hardening"]["fips"]:
        yield Finding(
            ERROR,
            "package-digest-fips",
            "this host is in FIPS mode, where rpm installs only what has SHA-256 digests, and the bundle's "
            f"{', '.join(weak)} has none",
            ", ".join(weak),
            "SHA-256 digests of header and payload; NVIDIA's container toolkit has them from 1.18.1 on",
            "build the bundle again with newer packages, for the toolkit from a repository that has 1.18.1 "
            "or a later one",
        )
    for item in found["refused_files"]:
        yield Finding(
            ERROR,
            "bundle-package-signature",
            f"no key of its repository vouches for the package {item['package']}: {item['reason']}",
            item["reason"],
            "packages that their vendor's keys in the bundle have signed",
            "get the bundle from a source that you trust and run `graphistry-airgap bundle verify` on it",
            item["path"],
        )
    for item in found["missing_files"]:
        if findings_driver.is_moved(item["package"], profile) or item["package"] in told:
            continue  # no bundle holds either, and a transaction that wants one is a finding of its own
        yield Finding(
            ERROR,
            "package-file-missing",
            f"the bundle cannot give the package {item['package']}: {item['path']}: {item['reason']}",
            item["reason"],
            "every package of the transaction in the bundle's pool",
            "copy the bundle again, or build it against this host's profile",
            item["path"],
        )


def _other_streams(rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    for row in rows:
        module, stream, enabled = row["module"], row["stream"], row["enabled"]
        yield Finding(
            ERROR,
            "module-stream-differs",
            f"this host keeps to the stream {enabled} of the module {module}, and the bundle's packages of "
            f"it are of the stream {stream}: its own dnf would not update them, and may want to replace them",
            f"{module}:{enabled}",
            f"{module}:{stream}, or no stream chosen",
            f"`dnf module reset {module}` if nothing here needs {enabled}, or build the bundle with "
            f'`modules: ["{module}:{enabled}"]`',
            row["file"],
        )


def _pinned(rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """One finding for all packages of the same pins."""
    by_pins: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        shown = [f"`{pin['pin']}` with priority {pin['priority']} in {pin['file']}" for pin in row["pins"]]
        by_pins.setdefault(" and ".join(shown), []).append(row)
    for pins, group in by_pins.items():
        versions = ", ".join(f"{row['name']} {row['version']}" for row in group)
        yield Finding(
            WARNING,
            "package-pinned",
            f"this host's apt would not take {versions}, by {pins}; the bundle installs it all the same",
            ", ".join(f"{row['name']} {row['candidate'] or 'another version'}" for row in group),
            versions,
            "change or remove the pin, or the next `apt-get upgrade` may follow it; if it has to stand, "
            "build the bundle from repositories with the version that it wants",
            group[0]["pins"][0]["file"],
        )


def _lacking(profile: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [item for item in profile["packages"]["assumed"] if item["state"] in ("absent", "older")]
