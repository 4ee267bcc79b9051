"""What a host has installed against what a bundle's lock names, whichever package manager is asked.

An installed version that is not older satisfies the lock; nothing is downgraded.  `PackageSystem` is all that
the rest knows of a package manager: `apt_system` and `dnf_system` implement it, `package_systems` chooses.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .. import change

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

# seconds to wait for another package manager
LOCK_TIMEOUT = 120


@dataclass(frozen=True)
class Installed:
    """`triggered`: whole but for work that another package asked of it."""

    name: str
    architecture: str
    version: str
    held: bool = False
    whole: bool = True
    unfinished: bool = False
    triggered: bool = False


@dataclass(frozen=True)
class Change:
    name: str
    version: str
    before: str
    held: bool
    architecture: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"name": self.name, "from": self.before, "to": self.version}


@dataclass(frozen=True)
class Holder:
    """Who holds a lock of the package manager."""

    path: str
    pid: int
    process: str

    def as_dict(self) -> dict[str, Any]:
        return {"path": self.path, "pid": self.pid, "process": self.process}


@dataclass(frozen=True)
class Settings:
    """What makes a package manager see the bundle and nothing else.

    `config` is the file that commands are given, `files` is everything to write (keys first), and `stamp`
    differs whenever the package lists have to be read anew.
    """

    config: Path
    files: Mapping[Path, bytes]
    stamp: str


class PackageError(Exception):
    """A package manager refused; `code` and `hint` go to the operator."""

    def __init__(self, message: str, *, code: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


class SourceError(PackageError):
    """A repository of the bundle cannot be used as it is described."""

    def __init__(self, message: str) -> None:
        hint = "make the bundle again, or copy it again"
        super().__init__(message, code="bundle-repository-refused", hint=hint)


class PackageSystem(Protocol):
    """One host's package manager; `has_key_store`: it checks packages with keys of the host's own store."""

    has_key_store: ClassVar[bool]

    def stands_beside(self, name: str) -> bool:
        """Whether versions of this package stand beside each other, each for itself, as kernels' do."""

    def installed(self) -> list[Installed]:
        """All packages at once: one process whatever the number."""

    def is_older(self, left: str, right: str) -> bool:
        """The package manager's own order, which knows epochs and tildes."""

    def is_held(self, wanted: Mapping[str, str], present: Sequence[Installed]) -> bool:
        """Whether an operator keeps this version from coming; `present` is what there is of that name."""

    def owned(self, paths: Collection[str]) -> set[str]:
        """Those of the files that came with a package."""

    def lock(self) -> Holder | None:
        """Whoever else works on the packages now."""

    def journal(self) -> int:
        """Pieces of unfinished work that belong to no package."""

    def simulate(
        self,
        *,
        bundle: str,
        repositories: Sequence[Mapping[str, Any]],
        digests: Mapping[str, str],
        packages: Sequence[Mapping[str, str]],
    ) -> dict[str, Any]:
        """Try a transaction without changing the host; `digests` are those of the repositories' keys."""

    def settings(
        self,
        state: Path,
        bundle: Path,
        repositories: Sequence[Mapping[str, Any]],
        digests: Mapping[str, str],
    ) -> Settings:
        """Settings below `state`, from repositories as bundle.json lists them."""

    def media(self, config: Path) -> list[Path]:
        """Places of a bundle that settings lead to; none where they were not made yet."""

    def read_lists(self, settings: Settings) -> None:
        """Read the package lists anew; what another bundle left is gone before."""

    def missing_keys(self, settings: Settings) -> list[dict[str, str]]:
        """Keys that the host's own store lacks and packages need there: `name` and `owner` of each."""

    def add_keys(self, settings: Settings, keys: Sequence[Mapping[str, str]]) -> None:
        """Put these keys into the host's own store."""

    def finish_interrupted(self, config: Path) -> None:
        """Do what a killed transaction left to do."""

    def install(self, config: Path, needed: Sequence[Change], lock_timeout: int, /) -> None:
        """Install exactly these versions in one transaction, without removing or downgrading anything."""


def of_kernel(wanted: Iterable[Mapping[str, Any]], running: str) -> list[Mapping[str, Any]]:
    """What a host with this kernel gets: an entry with a `kernel` is for hosts that run that one."""
    return [entry for entry in wanted if entry.get("kernel", running) in ("", None, running)]


def changes(
    wanted: Iterable[Mapping[str, Any]], installed: Iterable[Installed], system: PackageSystem
) -> list[Change]:
    """The wanted packages that are absent, older or broken."""
    present: dict[str, list[Installed]] = {}
    for package in installed:
        present.setdefault(package.name, []).append(package)
    needed = []
    for entry in wanted:
        name, version = str(entry["name"]), str(entry["version"])
        architecture = str(entry.get("architecture") or "")
        candidates = [p for p in present.get(name, []) if same_architecture(p, entry)]
        now = standing(candidates, entry, system)
        if now is None:
            needed.append(Change(name, version, "", system.is_held(entry, candidates), architecture))
        elif now.version != version and system.is_older(now.version, version):
            held = system.is_held(entry, [now])
            needed.append(Change(name, version, now.version, held, architecture))
    return needed


def standing(
    candidates: Sequence[Installed], wanted: Mapping[str, Any], system: PackageSystem
) -> Installed | None:
    """The installed package that counts as the wanted one: of several the very version, if it is there.

    Of what serves one kernel alone, no other version counts, be it newer.
    """
    whole = [package for package in candidates if package.whole]
    exact = next((package for package in whole if package.version == wanted["version"]), None)
    if exact or (wanted.get("kernel") and system.stands_beside(str(wanted["name"]))):
        return exact
    return next(iter(whole), None)


def told(
    needed: Iterable[Change], installed: Iterable[Installed], *, unfinished: bool
) -> list[change.Change]:
    """What a transaction changes, as data; `unfinished`: it also finishes what a killed one has left."""
    broken = {package.name: package.version for package in installed if package.unfinished}
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if unfinished:
        before = {name: {"version": version, "unfinished": True} for name, version in broken.items()}
        after = {name: {"version": version} for name, version in broken.items()}
    for one in needed:
        before.setdefault(one.name, {"version": one.before} if one.before else None)
        after[one.name] = {"version": one.version}
    return change.compared("packages", "package", before, after)


def command_of(pid: int) -> str:
    """How a process was started, for a message."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "unknown"
    return b" ".join(words).decode("utf-8", "replace").strip() or "unknown"


def same_architecture(package: Installed, wanted: Mapping[str, Any]) -> bool:
    """Whether this is what is wanted: of a foreign architecture it is another package of the same name."""
    architecture = wanted.get("architecture") or package.architecture
    independent = ("all", "noarch")
    return (
        architecture in independent
        or package.architecture in independent
        or architecture == package.architecture
    )
