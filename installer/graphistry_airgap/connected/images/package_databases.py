"""What a container image says about its own contents: the package databases in its file system.

Each database lists what its installer put there.  A file is recognised by its path, and its bytes become
entries; whatever is not there, or cannot be read, is never guessed.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from email.parser import HeaderParser
from typing import TYPE_CHECKING, Any

from graphistry_airgap.connected.describe.licence_names import of_copyright_file, sorted_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DPKG, APK, RPM, PYTHON, NODE, CONDA = "dpkg", "apk", "rpm", "python", "node", "conda"
OS_RELEASE, COPYRIGHT = "os-release", "copyright"

_PATHS = {
    DPKG: r"var/lib/dpkg/status|var/lib/dpkg/status\.d/[^/]+(?<!\.md5sums)",
    APK: r"(usr/)?lib/apk/db/installed",
    RPM: r"(var/lib/rpm|usr/lib/sysimage/rpm)/(rpmdb\.sqlite|Packages\.db|Packages)",
    PYTHON: r"(.+/)?[^/]+\.(dist-info/METADATA|egg-info/PKG-INFO|egg-info)",
    NODE: r"(.+/)?node_modules/(@[^/]+/)?[^/@.][^/]*/package\.json",
    CONDA: r"(.+/)?conda-meta/[^/]+\.json",
    OS_RELEASE: r"(etc|usr/lib)/os-release",
    COPYRIGHT: r"usr/share/doc/[^/]+/copyright",
}
_PATTERN = re.compile("|".join(f"(?P<_{index}>{path})" for index, path in enumerate(_PATHS.values())))
_KINDS = tuple(_PATHS)
# the most that is read of one file; the headers of METADATA come first, the text below them does not matter
LIMITS = {DPKG: 64 << 20, APK: 64 << 20, RPM: 1 << 30, CONDA: 64 << 20, NODE: 1 << 20}
SMALL = 256 << 10


class UnreadableError(ValueError):
    """A package database whose bytes are not what they should be; the text says why."""


@dataclass(frozen=True)
class Entry:
    """One installed thing; `place` is the file that says so where each has its own."""

    name: str
    version: str
    architecture: str = ""
    licences: tuple[str, ...] = ()
    place: str = ""
    more: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Entry:
        more = tuple((key, text) for key, text in value["more"])
        return cls(**{**value, "licences": tuple(value["licences"]), "more": more})


def kind_of(path: str) -> str | None:
    """Which database a path inside an image belongs to, `os-release`, `copyright`, or nothing."""
    found = _PATTERN.fullmatch(path)
    return _KINDS[int(found.lastgroup[1:])] if found and found.lastgroup else None


def entries(kind: str, path: str, data: bytes) -> list[Entry]:
    """What a file of a database lists; raises `UnreadableError`."""
    try:
        return list(_READERS[kind](path, data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableError(f"{path}: {type(error).__name__}: {error}") from error


def os_release(text: str) -> dict[str, str]:
    """ID and VERSION_ID, for package URLs."""
    found = {}
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        if separator and name in ("ID", "VERSION_ID"):
            found[name] = value.strip().strip("\"'")
    return found


def _dpkg(path: str, data: bytes) -> Iterator[Entry]:
    """A package that was removed but not purged has a stanza, too, and is not installed."""
    single = path.rpartition("/")[0].endswith("status.d")  # images without dpkg list what they hold this way
    for stanza in _stanzas(data):
        installed = stanza.get("Status", "installed" if single else "").split()[-1:] == ["installed"]
        if installed:
            yield Entry(stanza["Package"], stanza["Version"], stanza.get("Architecture", ""))


def _apk(_: str, data: bytes) -> Iterator[Entry]:
    for stanza in _stanzas(data):
        licences = (stanza["L"],) if stanza.get("L") else ()
        yield Entry(stanza["P"], stanza["V"], stanza.get("A", ""), sorted_names(licences))


def _stanzas(data: bytes) -> Iterator[dict[str, str]]:
    """`Name: value` lines (`N:value` of apk) in blocks; continued lines are descriptions and lists."""
    for block in re.split(r"\n[ \t]*\n", data.decode("utf-8", "replace")):
        fields: dict[str, str] = {}
        for line in block.splitlines():
            name, separator, value = line.partition(":")
            if separator and not line.startswith((" ", "\t")):
                fields.setdefault(name, value.strip())
        if fields:
            yield fields


def _python(path: str, data: bytes) -> Iterator[Entry]:
    metadata = HeaderParser().parsestr(data.decode("utf-8", "replace"))
    if not metadata["Name"] or not metadata["Version"]:
        raise ValueError("it has no Name or no Version")
    yield Entry(
        str(metadata["Name"]),
        str(metadata["Version"]),
        "",
        python_licences(data),
        path,
    )


def python_licences(data: bytes) -> tuple[str, ...]:
    """A distribution's licences: its expression, else its one-line name, else its classifiers."""
    metadata = HeaderParser().parsestr(data.decode("utf-8", "replace"))
    if expression := metadata["License-Expression"]:
        return sorted_names([str(expression)])
    written = str(metadata["License"] or "").strip()
    if (
        written
        and "\n" not in written
        and written.upper() != "UNKNOWN"
        and (named := sorted_names([written]))
    ):
        return named
    classifiers = (str(line) for line in metadata.get_all("Classifier") or ())
    return sorted_names(
        line.rpartition("::")[2].strip()
        for line in classifiers
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    )


def _node(path: str, data: bytes) -> Iterator[Entry]:
    """Files below node_modules without name and version are parts of a package and none themselves."""
    document = json.loads(data)
    name, version, licence = document.get("name"), document.get("version"), document.get("license")
    if isinstance(licence, dict):
        licence = licence.get("type")
    if isinstance(name, str) and name and isinstance(version, str) and version:
        licences = sorted_names([licence]) if isinstance(licence, str) else ()
        yield Entry(name, version, "", licences, path)


def _conda(path: str, data: bytes) -> Iterator[Entry]:
    document = json.loads(data)
    licence, subdir = document.get("license"), str(document.get("subdir") or "")
    channel = str(document.get("channel") or "").rstrip("/").removesuffix(f"/{subdir}").rpartition("/")[2]
    more = {"build": str(document.get("build") or ""), "channel": channel, "subdir": subdir}
    yield Entry(
        str(document["name"]),
        str(document["version"]),
        "",
        sorted_names([licence]) if isinstance(licence, str) else (),
        path,
        tuple(sorted(more.items())),
    )


def copyright_licences(data: bytes) -> tuple[str, ...]:
    return of_copyright_file(data.decode("utf-8", "replace"))


_READERS: dict[str, Callable[[str, bytes], Iterator[Entry]]] = {
    DPKG: _dpkg,
    APK: _apk,
    PYTHON: _python,
    NODE: _node,
    CONDA: _conda,
}
