"""What one container image holds: the entries of its package databases after all of its layers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from graphistry_airgap.connected.images import package_databases as databases
from graphistry_airgap.connected.images.package_databases import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DOC = "usr/share/doc"


@dataclass(frozen=True)
class Seen:
    """What a file of an image said: entries of a database, facts about the system, or why nothing."""

    kind: str
    entries: tuple[Entry, ...] = ()
    facts: tuple[str, ...] = ()
    problem: str = ""

    @classmethod
    def of(cls, kind: str, path: str, data: bytes) -> Seen:
        if kind == databases.OS_RELEASE:
            found = databases.os_release(data.decode("utf-8", "replace"))
            return cls(kind, facts=(found.get("ID", ""), found.get("VERSION_ID", "")))
        if kind == databases.COPYRIGHT:
            return cls(kind, facts=databases.copyright_licences(data))
        try:
            return cls(kind, tuple(databases.entries(kind, path, data)))
        except databases.UnreadableError as error:
            return cls.unread(kind, str(error))

    @classmethod
    def link(cls, target: str) -> Seen:
        """A package's folder of documents that is another package's."""
        return cls("link", facts=(target,))

    @classmethod
    def unread(cls, kind: str, problem: str) -> Seen:
        return cls(kind, problem=problem)

    def at(self, path: str) -> Seen:
        """The same file under another name."""
        return replace(
            self, entries=tuple(replace(entry, place=entry.place and path) for entry in self.entries)
        )

    def to_json(self) -> dict[str, Any]:
        found = {"kind": self.kind, "facts": list(self.facts), "problem": self.problem}
        return {**found, "entries": [entry.to_json() for entry in self.entries]}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Seen:
        entries = tuple(Entry.from_json(entry) for entry in value["entries"])
        return cls(value["kind"], entries, tuple(value["facts"]), value["problem"])


@dataclass(frozen=True)
class Contents:
    """`entries` by database, `unread` why a database that is there could not be read."""

    distribution: str
    release: str
    entries: tuple[tuple[str, Entry], ...]
    unread: tuple[str, ...]


def contents_of(seen: Mapping[str, Seen]) -> Contents:
    """One image's contents from what stands in its file system."""
    system = seen.get("etc/os-release") or seen.get("usr/lib/os-release")
    distribution, release = system.facts if system and len(system.facts) == 2 else ("", "")
    found = sorted(_entries(seen), key=lambda one: (one[0], one[1].name, one[1].version, one[1].place))
    unread = sorted({one.problem for one in seen.values() if one.problem})
    return Contents(distribution, release, tuple(dict.fromkeys(found)), tuple(unread))


def _entries(seen: Mapping[str, Seen]) -> Iterator[tuple[str, Entry]]:
    for one in seen.values():
        for entry in one.entries:
            if one.kind == databases.DPKG:
                yield one.kind, replace(entry, licences=_documented(seen, entry.name))
            else:
                yield one.kind, entry


def _documented(seen: Mapping[str, Seen], package: str) -> tuple[str, ...]:
    """Licences from the package's copyright file; its folder may be a link to another package's."""
    link = seen.get(f"{_DOC}/{package}")
    named = seen.get(f"{_DOC}/{link.facts[0] if link and link.facts else package}/copyright")
    return named.facts if named else ()
