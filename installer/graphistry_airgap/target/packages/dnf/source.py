"""dnf settings that see the bundle and nothing else.

Everything that dnf reads or writes on its own account lies below one directory: repositories,
variables, caches, history.  The host's rpm database stays the one that counts.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...host import medium
from ..model import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RELATIVE = re.compile(r"(?!/)(?!.*(?:^|/)\.\.(?:/|$))[^\0-\x1f]+")
INDEX = "repodata"
MEDIUM = "medium.json"


@dataclass(frozen=True)
class Repository:
    name: str
    path: str
    signed_by: str
    package_keys: tuple[str, ...]
    metadata_signed: bool

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Repository:
        """From `bundle.json`; every part ends up in a file that dnf parses, so each is checked."""
        try:
            found = cls(
                str(entry["name"]),
                str(entry["path"]),
                str(entry["signed_by"]),
                tuple(str(path) for path in entry["package_keys"]),
                bool(entry.get("metadata_signed", True)),
            )
        except (KeyError, TypeError) as error:
            raise SourceError(f"a repository of the bundle is described without {error}") from error
        paths = (found.path, found.signed_by, *found.package_keys)
        if not _NAME.fullmatch(found.name) or not all(_RELATIVE.fullmatch(path) for path in paths):
            raise SourceError(
                f"the bundle describes its repository {found.name!r} in a way that is not accepted"
            )
        return found

    def key_paths(self) -> list[str]:
        return sorted({self.signed_by, *self.package_keys})


@dataclass(frozen=True)
class Medium:
    """What a transaction needs to know of the bundle: where it lies and which bytes are its own."""

    bundle: Path
    repositories: tuple[Repository, ...]
    digests: Mapping[str, str]

    def as_bytes(self) -> bytes:
        document = {
            "bundle": os.fspath(self.bundle),
            "repositories": [vars(repository) for repository in self.repositories],
            "digests": dict(self.digests),
        }
        return json.dumps(document, sort_keys=True).encode()

    @classmethod
    def of(cls, config: Path) -> Medium:
        """As it was written beside the settings."""
        document = json.loads((config.parent / MEDIUM).read_bytes())
        entries = (Repository.read(entry) for entry in document["repositories"])
        return cls(Path(document["bundle"]), tuple(entries), document["digests"])

    def index(self, repository: Repository) -> list[str]:
        """Paths of a repository's metadata, as the bundle lists them."""
        prefix = f"{repository.path}/{INDEX}/"
        return sorted(path for path in self.digests if path.startswith(prefix))

    def copy(self, path: str, target: Path) -> None:
        """Copy a file of the bundle; another one than the listed is refused."""
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with target.open("wb") as stream:
                medium.copy(self.bundle / path, stream, name=path, sha256=self.digests.get(path, "nothing"))
        except medium.MediumError as error:
            target.unlink()
            raise SourceError(str(error)) from error

    def lay_out(self, state: Path) -> None:
        """Copies of all keys and all metadata below `state`; what another bundle left is gone before."""
        for folder in ("keys", "lists", "repositories"):
            shutil.rmtree(state / folder, ignore_errors=True)
            (state / folder).mkdir(mode=0o700)
        for repository in self.repositories:
            for path in repository.key_paths():
                self.copy(path, key_file(state, path))
            for path in self.index(repository):
                self.copy(path, place(state, repository) / path[len(repository.path) + 1 :])

    def original(self, copy: str, state: Path) -> str:
        """The path in the bundle of what has this place below `state`; empty where nothing has."""
        for repository in self.repositories:
            prefix = f"{place(state, repository)}/"
            if copy.startswith(prefix):
                return f"{repository.path}/{copy[len(prefix) :]}"
        return ""


def media(config: Path) -> list[Path]:
    """The bundle that the settings were made of."""
    return [Medium.of(config).bundle] if (config.parent / MEDIUM).is_file() else []


def place(state: Path, repository: Repository) -> Path:
    """Where the copy of a repository lies."""
    return state / "repositories" / repository.name


def key_file(state: Path, path: str) -> Path:
    """Where the copy of a key lies."""
    return state / "keys" / Path(path).name


def config(state: Path, repositories: Sequence[Repository]) -> bytes:
    main = f"""\
# Kept by graphistry-airgap: dnf sees the bundle's repositories and nothing of /etc/yum.repos.d.
[main]
reposdir={state}/none
varsdir={state}/none
pluginconfpath={state}/none
plugins=0
cachedir={state}/lists
persistdir={state}/history
logdir={state}/log
gpgcheck=1
localpkg_gpgcheck=1
repo_gpgcheck=1
best=1
install_weak_deps=0
clean_requirements_on_remove=0
installonly_limit=0
skip_if_unavailable=0
metadata_expire=never
zchunk=0
deltarpm=0
keepcache=0
"""
    return "".join([main, *(_section(state, item) for item in repositories)]).encode()


def _section(state: Path, repository: Repository) -> str:
    keys = " ".join(f"file://{key_file(state, path)}" for path in repository.key_paths())
    # the exact list of the lock decides, so no stream has to be enabled under /etc/dnf for it
    return f"""
[{repository.name}]
name={repository.name}
baseurl=file://{quote(os.fspath(place(state, repository)))}
gpgkey={keys}
repo_gpgcheck={int(repository.metadata_signed)}
module_hotfixes=1
"""
