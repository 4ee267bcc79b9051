"""The vendor's release: what it is, and which images its compose file names.

Compose interpolation is the subset that image references use: `$VAR`, `${VAR}`,
defaults (`-`, `:-`), alternatives (`+`, `:+`), demands (`?`, `:?`), nesting, `$$`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.domain.images import familiar_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ARCHIVES = ("containers.tar.gz", "containers.tar")
# variables of variables grow without end
_LONGEST = 64 << 10
_START = re.compile(r"\$(?:\$|(?P<plain>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*))")
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*?)\s*$")


class UnsetVariable(ValueError):  # noqa: N818 (it names a state, as KeyError does)
    """A compose file needs a variable that nothing sets."""


@dataclass(frozen=True)
class ReleaseFile:
    """One file of the release, `path` relative to it."""

    path: str
    source: Path
    sha256: str
    size: int
    executable: bool


@dataclass(frozen=True)
class Release:
    """A release whose digest was checked; `files` holds everything but the image archive.

    Directories that hold no file are named, because a list of files cannot carry them.
    """

    version: str
    cuda: str
    written: str
    sha256: str
    pinned: bool
    files: tuple[ReleaseFile, ...]
    empty_directories: tuple[str, ...]
    archive: ReleaseFile
    images: tuple[str, ...]

    @property
    def size(self) -> int:
        return self.archive.size + sum(file.size for file in self.files)


def compose_images(compose: Mapping[str, Any], variables: Mapping[str, str]) -> list[str]:
    """Every image that the services name, interpolated and sorted; raises UnsetVariable."""
    services = compose.get("services") or {}
    written = {
        service["image"] for service in services.values() if isinstance(service, dict) and "image" in service
    }
    return sorted({familiar_name(interpolate(str(text), variables)) for text in written})


def parse_dotenv(text: str) -> dict[str, str]:
    """Variables of a compose `.env` file; later lines win and may use earlier ones."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.lstrip().startswith("#") or not (match := _ASSIGNMENT.match(line)):
            continue
        value = match["value"]
        if value[:1] == "'" and (end := value.find("'", 1)) > 0:
            found[match["name"]] = value[1:end]
            continue
        if value[:1] == '"' and (end := value.find('"', 1)) > 0:
            value = value[1:end]
        else:
            value = re.split(r"(?:^|\s)#", value, maxsplit=1)[0].rstrip()
        found[match["name"]] = interpolate(value, found, lenient=True)
    return found


def interpolate(text: str, variables: Mapping[str, str], *, lenient: bool = False) -> str:
    """Replace variables as compose does; an unset one without default is empty when lenient."""
    result: list[str] = []
    position = length = 0
    while match := _START.search(text, position):
        result.append(text[position : match.start()])
        position = match.end()
        if match["braced"]:
            end = _closing(text, position)
            result.append(_braced(match["braced"], text[position:end], variables, lenient))
            position = end + 1
        elif match["plain"]:
            result.append(_braced(match["plain"], "", variables, lenient))
        else:
            result.append("$")
        length += len(result[-2]) + len(result[-1])
        if length > _LONGEST:
            raise ValueError(f"{text!r:.80} stands for more than {_LONGEST >> 10} KiB")
    return "".join(result) + text[position:]


def _closing(text: str, position: int) -> int:
    depth = 1
    for index in range(position, len(text)):
        if text[index] == "}":
            depth -= 1
            if depth == 0:
                return index
        elif text.startswith("${", index):
            depth += 1
    raise ValueError(f"a brace is not closed in {text!r:.80}")


def _braced(name: str, rest: str, variables: Mapping[str, str], lenient: bool) -> str:
    value = variables.get(name)
    empty_counts_as_unset = rest.startswith(":")
    operator, word = rest.removeprefix(":")[:1], rest.removeprefix(":")[1:]
    usable = value is not None and not (empty_counts_as_unset and value == "")
    if operator == "-":
        return value or "" if usable else interpolate(word, variables, lenient=lenient)
    if operator == "+":
        return interpolate(word, variables, lenient=lenient) if usable else ""
    if operator not in ("", "?"):
        raise ValueError(f"${{{name}{rest}}} is not an interpolation that compose knows")
    if usable or (lenient and operator == ""):
        return value or ""
    raise UnsetVariable(name)
