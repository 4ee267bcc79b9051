"""dnf and rpm as a package system.

The packages of a transaction are copied into a directory of root's own while they are hashed, their
signatures are checked there by the keys of their repository, and dnf, which checks once more, reads
nothing but the copies.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ...host import files as placing, full_disk, refusal
from ...host.digests import sha256
from .. import locks as file_lock
from ..model import Holder, Installed, PackageError, Settings, command_of
from . import (
    keys as rpm_keys,
    settings as dnf_settings,
    source as dnf_source,
    trial as dnf_simulation,
    versions as rpm_version,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ...host.machine import Host
    from ..model import Change

# an epoch of 0 and none are the same
FORMAT = "%{NAME}\\t%{ARCH}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n"
# rpm's own lock, where its database lies on EL 9 and on later systems
LOCKS = ("/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock")
# process ids that the host's dnf writes down while it works
PID_FILES = ("/var/lib/dnf/rpmdb_lock.pid", "/var/cache/dnf/download_lock.pid")
# what was to be installed by a transaction that has not ended
BEGUN = "/var/lib/graphistry-airgap/dnf/begun.json"
_KEYS = "keys.json"
# these stand beside each other in several versions
_INSTALL_ONLY = ("kernel", "gpg-pubkey")
# of those, the ones that serve one kernel each; kernel-headers and kernel-tools serve all
_OF_A_KERNEL = re.compile(r"kernel(?:-uek)?(?:-core|-devel.*|-modules.*)?")


@dataclass(frozen=True)
class Dnf:
    has_key_store: ClassVar[bool] = True
    host: Host

    def stands_beside(self, name: str) -> bool:
        return bool(_OF_A_KERNEL.fullmatch(name))

    def installed(self) -> list[Installed]:
        status, out, _ = self.host.run(["env", "rpm", "-qa", "--qf", FORMAT], {"LC_ALL": "C.UTF-8"})
        begun = set(self.host.json(BEGUN) or ())
        return _rows(out, dnf_settings.Settings.of(self.host), begun) if status == 0 else []

    def is_older(self, left: str, right: str) -> bool:
        return rpm_version.is_older(left, right)

    def is_held(self, wanted: Mapping[str, str], _: Sequence[Installed]) -> bool:
        settings = dnf_settings.Settings.of(self.host)
        return settings.bar(wanted["name"], wanted["version"], wanted.get("architecture") or "")

    def owned(self, paths: Collection[str]) -> set[str]:
        # each by itself: of several, what rpm prints does not say which package is whose
        return {
            path
            for path in paths
            if self.host.run(["env", "rpm", "-qf", path], {"LC_ALL": "C.UTF-8"})[0] == 0
        }

    def lock(self) -> Holder | None:
        for name in PID_FILES:
            pid = self.host.word(name)
            if pid.isdigit() and self.host.path(f"/proc/{pid}").exists():
                return Holder(name, int(pid), command_of(int(pid)))
        return file_lock.holder(self.host, LOCKS)

    def journal(self) -> int:
        return int(self.host.run(["env", "rpmdb", "--verifydb"], {"LC_ALL": "C.UTF-8"})[0] != 0)

    def simulate(
        self,
        *,
        bundle: str,
        repositories: Sequence[Mapping[str, Any]],
        digests: Mapping[str, str],
        packages: Sequence[Mapping[str, str]],
    ) -> dict[str, Any]:
        return dnf_simulation.simulate(
            self.host, bundle=bundle, repositories=repositories, digests=digests, packages=packages
        )

    def settings(
        self,
        state: Path,
        bundle: Path,
        repositories: Sequence[Mapping[str, Any]],
        digests: Mapping[str, str],
    ) -> Settings:
        sources = tuple(dnf_source.Repository.read(entry) for entry in repositories)
        medium = dnf_source.Medium(bundle, sources, digests)
        files = {
            state / dnf_source.MEDIUM: medium.as_bytes(),
            state / "dnf.conf": dnf_source.config(state, sources),
        }
        digest = sha256()
        for path, data in files.items():
            digest.update(os.fsencode(path) + b"\0" + sha256(data).digest())
        return Settings(state / "dnf.conf", files, digest.hexdigest())

    def media(self, config: Path) -> list[Path]:
        return dnf_source.media(config)

    def read_lists(self, settings: Settings) -> None:
        medium = dnf_source.Medium.of(settings.config)
        medium.lay_out(settings.config.parent)
        self._note_keys(settings.config.parent, medium)
        status, out, err = dnf_simulation.run(self.host, settings.config, "--quiet", "makecache")
        if status:
            raise PackageError(
                refusal.told(
                    "dnf cannot read the bundle's package lists", dnf_simulation.complaint(out, err)
                ),
                code="repository-unreadable",
                hint="run `graphistry-airgap bundle verify` on the bundle; also check the host's clock",
            )

    def missing_keys(self, settings: Settings) -> list[dict[str, str]]:
        noted = self._noted_keys(settings)
        owners = {name: owner for keys in noted.values() for name, owner in keys.items()}
        return [{"name": name, "owner": owners[name]} for name in rpm_keys.missing(self.host, owners)]

    def add_keys(self, settings: Settings, keys: Sequence[Mapping[str, str]]) -> None:
        files = {path: list(names) for path, names in self._noted_keys(settings).items()}
        rpm_keys.add(self.host, files, [key["name"] for key in keys])

    def finish_interrupted(self, config: Path) -> None:
        """Take away what an upgrade left in two versions; the others of it run their scripts again."""
        present = self.installed()
        stale = [_nevra(item) for item in present if not item.whole]
        if stale:
            self._require(["rpm", "-e", *stale], "what an earlier transaction left cannot be removed")
        again = [_nevra(item) for item in present if item.whole and item.unfinished]
        with self._copies(config, again):
            self._transact(config, "reinstall", again)
        _begun(config).unlink(missing_ok=True)

    def install(self, config: Path, needed: Sequence[Change], _: int) -> None:
        names = [
            dnf_simulation.nevra(
                {"name": change.name, "version": change.version, "architecture": change.architecture}
            )
            for change in needed
        ]
        with self._copies(config, names):
            placing.write_atomic(_begun(config), json.dumps(names).encode(), mode=0o600)
            self._transact(config, "install", names)
        _begun(config).unlink()

    @contextmanager
    def _copies(self, config: Path, names: Sequence[str]) -> Iterator[None]:
        """The packages in the places that the settings name; gone afterwards, the metadata stays."""
        medium = dnf_source.Medium.of(config)
        paths = dnf_simulation.locations(self.host, config, names)
        try:
            for path in paths:
                medium.copy(medium.original(path, config.parent), Path(path))
            for repository in medium.repositories:
                prefix = f"{dnf_source.place(config.parent, repository)}/"
                own = [path for path in paths if path.startswith(prefix)]
                self._refuse_unsigned(config, repository, own)
            yield
        finally:
            for path in paths:
                Path(path).unlink(missing_ok=True)

    def _refuse_unsigned(self, config: Path, repository: dnf_source.Repository, own: Sequence[str]) -> None:
        keys = [dnf_source.key_file(config.parent, path) for path in repository.package_keys]
        with rpm_keys.ring(self.host, keys, config.parent) as ring:
            refused = ring.refused(own)
        if refused:
            names = ", ".join(f"{Path(path).name} ({reason})" for path, reason in sorted(refused.items()))
            raise PackageError(
                f"no key of the repository {repository.name} vouches for: {names}",
                code="bundle-package-signature",
                hint="get the bundle from a source that you trust; nothing was installed",
            )

    def _transact(self, config: Path, verb: str, names: Sequence[str]) -> None:
        if not names:
            return
        _, out, _ = dnf_simulation.run(self.host, config, "--assumeno", verb, *names)
        if going := dnf_simulation.read_table(out)[1]:
            raise refused(f"dnf would remove or downgrade {', '.join(going)}", out)
        command = ["--quiet", verb, *names]
        status, out, err = dnf_simulation.run(self.host, config, *command)
        if status:
            raise refused("dnf cannot install the bundle's packages", dnf_simulation.complaint(out, err))

    def _require(self, command: Sequence[str], what: str) -> None:
        status, out, err = self.host.run(command, dnf_simulation.ENVIRONMENT)
        if status:
            raise refused(what, refusal.words(out, err))

    def _note_keys(self, state: Path, medium: dnf_source.Medium) -> None:
        """Which keys a file holds, so that a later run need not ask rpm to read it."""
        noted = {}
        for path in sorted({path for item in medium.repositories for path in item.package_keys}):
            file = dnf_source.key_file(state, path)
            with rpm_keys.ring(self.host, [file], state) as ring:
                noted[os.fspath(file)] = ring.keys()
        placing.write_atomic(state / _KEYS, json.dumps(noted).encode(), mode=0o600)

    def _noted_keys(self, settings: Settings) -> dict[Path, dict[str, str]]:
        try:
            noted = json.loads((settings.config.parent / _KEYS).read_bytes())
        except FileNotFoundError:
            return {}
        return {Path(path): keys for path, keys in noted.items()}


def _rows(output: str, settings: dnf_settings.Settings, begun: set[str]) -> list[Installed]:
    """Of a package that is there twice, the older one is what a killed upgrade did not take away."""
    newest: dict[tuple[str, str], str] = {}
    rows = [
        (name, architecture, version[2:] if version.startswith("0:") else version)
        for name, architecture, version in (line.split("\t") for line in output.splitlines())
    ]
    for name, architecture, version in rows:
        known = newest.get((name, architecture))
        if known is None or rpm_version.is_older(known, version):
            newest[name, architecture] = version
    found = []
    for name, architecture, version in rows:
        stale = newest[name, architecture] != version and not name.startswith(_INSTALL_ONLY)
        full = f"{name}-{version}"
        unfinished = stale or bool({full, f"{full}.{architecture}"} & begun)
        held = settings.keep(name)
        found.append(
            Installed(name, architecture, version, held=held, whole=not stale, unfinished=unfinished)
        )
    return found


def _begun(config: Path) -> Path:
    return config.parent / "begun.json"


def _nevra(item: Installed) -> str:
    return f"{item.name}-{item.version}.{item.architecture}"


def refused(what: str, output: str) -> PackageError:
    if full_disk.WORDS in output.lower():
        what += "".join(f"; {place}: {full_disk.reason(Path(place))}" for place in ("/usr", "/var/lib/rpm"))
    return PackageError(
        refusal.told(what, output),
        code="package-transaction-failed",
        hint="mend what dnf reports (locked, excluded or conflicting packages), then run the same "
        "install again",
    )
