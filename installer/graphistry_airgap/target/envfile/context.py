"""The env files of a release together, in the order in which its wrapper hands them to Compose.

`.env` has the vendor's defaults, `cluster.env` the last word. Compose reads them twice: first one after the
other, each seeing those before it, for the `${…}` of compose files; then for the containers, where a name
means what an earlier file of the service gives it, then what the whole first reading came to, and only then
what its own file says above. A file alone is read as the one env file of a service.
What is set in the shell that calls the wrapper goes before all of them; nothing is taken to be set there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import disk as env_disk
from .syntax import EnvFile, EnvTextError, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from .template import Lookup

DEFAULTS, CUSTOM, LAST, BRIDGE = ".env", "custom.env", "cluster.env", "connector.env"
ORDER = (DEFAULTS, "telemetry.env", CUSTOM, LAST)


@dataclass(frozen=True)
class Context:
    """`files` as containers get them, in order; `interpolated` is what `${…}` in a compose file gives.

    `refused` are the files with which Compose works at no price; they are not among `files`.
    """

    files: Mapping[str, EnvFile]
    interpolated: Mapping[str, str]
    refused: Mapping[str, EnvTextError]

    def setter(self, name: str) -> str:
        """The file whose value of a name counts; empty where none sets it."""
        return next((kind for kind in reversed(list(self.files)) if name in self.files[kind].values), "")

    @property
    def values(self) -> dict[str, str]:
        """Name to value as containers get them: the last file counts."""
        return {name: value for file in self.files.values() for name, value in file.values.items()}


def read_context(texts: Mapping[str, bytes], base: Mapping[str, str] | None = None) -> Context:
    """`texts` is kind of file to content; a kind that is not in the order comes last.

    `base` is what the wrapper itself sets before the first of them.
    """
    kinds = sorted(texts, key=lambda kind: ORDER.index(kind) if kind in ORDER else len(ORDER))
    refused: dict[str, EnvTextError] = {}

    def each(lookup: Callable[[], Lookup], found: dict[str, str]) -> dict[str, EnvFile]:
        files = {}
        for kind in kinds:
            if kind in refused:
                continue
            try:
                files[kind] = read(texts[kind], lookup())
            except EnvTextError as error:
                refused[kind] = error
                continue
            found.update(files[kind].values)
        return files

    first = dict(base or {})
    alone = each(lambda: dict(first).get, first)
    if len(kinds) == 1:
        return Context(alone, first, refused)
    given: dict[str, str] = {}
    files = each(lambda: {**first, **given}.get, given)
    return Context(files, first, refused)


def won_by_others(context: Context, given: Mapping[str, set[str]]) -> list[str]:
    """Names for which the release lets another file win than the order says.

    `given` is name to the values that its services get. A value that no file has is a service's own.
    """
    wrong = []
    for name, value in context.values.items():
        others = {file.values[name] for file in context.files.values() if name in file.values}
        seen = given.get(name, set())
        if seen and seen <= others - {value, context.interpolated.get(name)}:
            wrong.append(name)
    return sorted(wrong)


def before(kind: str, texts: Mapping[str, bytes]) -> Lookup:
    """What a file of this kind finds set by those before it."""
    earlier = ORDER[: ORDER.index(kind)] if kind in ORDER else (DEFAULTS,)
    return read_context({name: texts[name] for name in earlier if name in texts}).interpolated.get


def place_of(name: str) -> str:
    """Which file of the order a file stands for by its name: custom.env, unless it is another one."""
    return name if name in (*ORDER, BRIDGE) else CUSTOM


def paths_beside(path: Path) -> dict[str, Path]:
    """The other files of the order that belong to this one, whether they exist or not.

    In a release `.env` lies above `data/config`, where the others are; elsewhere they are beside each other.
    """
    kind, folder = place_of(path.name), path.absolute().parent
    top = folder.parents[1] if len(folder.parents) > 1 else folder
    if kind == DEFAULTS:
        config = folder / "data" / "config"
        folder, defaults = (config if config.is_dir() else folder), path
    else:
        above = folder.parts[-2:] == ("data", "config") and (top / DEFAULTS).is_file()
        defaults = top / DEFAULTS if above else folder / DEFAULTS
    others = (DEFAULTS,) if kind == BRIDGE else ORDER
    return {other: defaults if other == DEFAULTS else folder / other for other in others if other != kind}


def beside(path: Path) -> dict[str, bytes]:
    """The content of those that exist; raises `env_disk.EnvDiskError` for one that cannot be read."""
    found = {
        # Compose, too, reads past a directory of the name .env, as Python's environments have it
        kind: env_disk.load(other)
        for kind, other in paths_beside(path).items()
        if kind != DEFAULTS or not other.is_dir()
    }
    return {kind: loaded.data for kind, loaded in found.items() if loaded.state is not None}
