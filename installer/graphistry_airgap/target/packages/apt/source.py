"""apt settings that see the bundle and nothing else.

apt reads the file named by APT_CONFIG first and the host's own configuration
afterwards, so the host's is switched off in it; package states stay the host's.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from ...host import medium
from ...host.digests import sha256
from ..model import LOCK_TIMEOUT, SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...host.machine import Host

_URI = re.compile(r"^deb \[[^]]*\] [a-z]+:(\S+)", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]*")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]*")
# of a flat repository, which has no dists/, a path: mostly the repository itself
_SUITE = re.compile(rf"\.?/|{_WORD.pattern}")
_RELATIVE = re.compile(r"(?!/)(?!.*(?:^|/)\.\.(?:/|$))[^\0\n]+")


@dataclass(frozen=True)
class Repository:
    name: str
    path: str
    suite: str
    components: tuple[str, ...]
    signed_by: str

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Repository:
        """From `bundle.json`; every part ends up in a file that apt parses, so each is checked."""
        try:
            found = cls(
                str(entry["name"]),
                str(entry["path"]),
                str(entry["suite"]),
                tuple(str(part) for part in entry["components"]),
                str(entry["signed_by"]),
            )
        except (KeyError, TypeError) as error:
            raise SourceError(f"a repository of the bundle is described without {error}") from error
        paths = (found.path, found.signed_by)
        if (
            not _NAME.fullmatch(found.name)
            or not _SUITE.fullmatch(found.suite)
            or not all(_WORD.fullmatch(word) for word in found.components)
            or not all(_RELATIVE.fullmatch(path) for path in paths)
        ):
            raise SourceError(
                f"the bundle describes its repository {found.name!r} in a way that is not accepted"
            )
        return found

    @property
    def release(self) -> str:
        """The signed list of its indices, below the bundle."""
        folder = self.suite if self.suite.endswith("/") else f"dists/{self.suite}"
        return f"{self.path}/{folder}/InRelease"


def files(
    state: Path,
    bundle: Path,
    repositories: Sequence[Repository],
    architecture: str,
    digests: Mapping[str, str],
) -> dict[Path, bytes]:
    """Everything to write below `state`, keyrings first; `MediumError` where one is not the listed file.

    The trial of a transaction reads the same files as the transaction: a host with a foreign architecture
    would ask for indices that no bundle has, and a trial of its own settings would call the bundle damaged.
    """
    wanted = {}
    for repository in repositories:
        name = repository.signed_by
        wanted[_keyring(state, repository)] = medium.read(
            bundle / name, name=f"the keyring {name}", sha256=digests.get(name, "nothing")
        )
    lines = [_source(state, bundle, repository, architecture) for repository in repositories]
    wanted[state / "sources.list"] = "".join(lines).encode()
    wanted[config_file(state)] = _config(state).encode()
    return wanted


def architecture(host: Host) -> str:
    """The one that a bundle's packages are for; those that the host has added beside it stay out."""
    return host.run(["dpkg", "--print-architecture"], {})[1].strip()


def config_file(state: Path) -> Path:
    """What APT_CONFIG names."""
    return state / "apt.conf"


def stamp(bundle: Path, repositories: Sequence[Repository], wanted: Mapping[Path, bytes]) -> str:
    """One digest over what the package lists depend on."""
    digest = sha256()
    for path in sorted(wanted):
        digest.update(os.fsencode(path) + b"\0" + sha256(wanted[path]).digest())
    for repository in repositories:
        release = bundle / repository.release
        try:
            with medium.opened(release) as stream:
                digest.update(sha256(stream.read(medium.LARGEST)).digest())
        except OSError as error:
            raise SourceError(f"{release} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def media(config: Path) -> list[Path]:
    """What apt will read by the sources beside its settings."""
    sources = config.parent / "sources.list"
    text = sources.read_text(encoding="utf-8") if sources.is_file() else ""
    return [Path(unquote(uri)) for uri in _URI.findall(text)]


def _keyring(state: Path, repository: Repository) -> Path:
    return state / "keys" / f"{repository.name}.gpg"


def _source(state: Path, bundle: Path, repository: Repository, architecture: str) -> str:
    options = f"arch={architecture} signed-by={_keyring(state, repository)} check-valid-until=no by-hash=no"
    uri = quote(os.fspath(bundle / repository.path))
    # copy: and not file:, for which dpkg would read the medium again after apt's check
    return f"deb [{options}] copy:{uri} {repository.suite} {' '.join(repository.components)}\n"


def _config(state: Path) -> str:
    return f"""\
// Kept by graphistry-airgap: apt sees the bundle's repositories and nothing of /etc/apt.
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "{state}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
Dir::State::lists "{state}/lists/";
Dir::Cache "{state}/cache/";
Dir::Cache::archives "archives/";
APT::Install-Recommends "false";
APT::Get::Upgrade-By-Source-Package "false";
APT::Install-Suggests "false";
APT::Keep-Downloaded-Packages "false";
// the state directory is for root alone
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::AllowInsecureRepositories "false";
Acquire::CompressionTypes::Order {{ "xz"; }};
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "0";
DPkg::Lock::Timeout "{LOCK_TIMEOUT}";
"""
