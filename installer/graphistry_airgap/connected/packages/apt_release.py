"""apt repositories as data: what an InRelease file lists, and where its files lie.

The parser reads fields and the SHA256 list only; whether the file may be believed
is decided by its signature, elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

COMPRESSIONS = (".xz", ".gz", "")


@dataclass(frozen=True)
class IndexFile:
    """One file of a Release file's SHA256 list; `path` is relative to that file."""

    path: str
    sha256: str
    size: int

    @property
    def by_hash(self) -> str:
        folder = self.path.rpartition("/")[0]
        return f"{folder}/by-hash/SHA256/{self.sha256}".lstrip("/")


@dataclass(frozen=True)
class Release:
    """The parts of an InRelease file that a partial mirror needs."""

    date: datetime
    valid_until: datetime | None
    by_hash: bool
    has_architecture_all: bool
    files: dict[str, IndexFile]
    origin: str = ""

    def expired(self, now: datetime) -> bool:
        return self.valid_until is not None and now > self.valid_until

    def indices(self, *, suite: str, components: tuple[str, ...], architecture: str) -> list[IndexFile]:
        """Package indices that apt will ask for; raises KeyError with a component that is not listed."""
        if suite.endswith("/"):
            return [self._best("Packages", "")]
        found = [self._best(f"{name}/binary-{architecture}/Packages", name) for name in components]
        if self.has_architecture_all:
            found += [self._best(f"{name}/binary-all/Packages", name) for name in components]
        return found

    def _best(self, stem: str, component: str) -> IndexFile:
        for ending in COMPRESSIONS:
            if listed := self.files.get(stem + ending):
                return listed
        raise KeyError(component)


@dataclass(frozen=True)
class Package:
    """One binary package of a closure; `filename` is its path inside the repository."""

    name: str
    version: str
    architecture: str
    repository: str
    filename: str
    size: int
    sha256: str


def dists_path(suite: str) -> str:
    """Where a suite's Release file lies below the repository's root (“” for the root itself)."""
    return suite.strip("./") if suite.endswith("/") else f"dists/{suite}"


def parse_release(text: str) -> Release:
    """Read an InRelease (or Release) file; raises ValueError when it is not one."""
    fields: dict[str, str] = {}
    files: dict[str, IndexFile] = {}
    current = ""
    for line in text.splitlines():
        if line.startswith("-----BEGIN PGP SIGNATURE"):
            break
        if line.startswith(" "):
            if current == "sha256" and len(parts := line.split()) == 3:
                files[parts[2]] = IndexFile(parts[2], parts[0], int(parts[1]))
        elif ":" in line:
            name, _, value = line.partition(":")
            current = name.strip().lower()
            fields[current] = value.strip()
    if "date" not in fields or not files:
        raise ValueError("it has no Date or no SHA256 list")
    listed_all = "all" in fields.get("architectures", "").split()
    return Release(
        date=_date(fields["date"]),
        valid_until=_date(fields["valid-until"]) if "valid-until" in fields else None,
        by_hash=fields.get("acquire-by-hash", "").lower() == "yes",
        has_architecture_all=listed_all and "no-support-for-architecture-all" not in fields,
        files=files,
        origin=fields.get("origin", ""),
    )


def _date(text: str) -> datetime:
    return parsedate_to_datetime(text.replace("UTC", "+0000")).astimezone(UTC)
