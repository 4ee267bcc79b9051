"""apt and dpkg as a package system."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ...host import full_disk, medium, refusal
from .. import locks as file_lock
from ..model import Holder, Installed, PackageError, Settings, SourceError
from . import source as apt_source, trial as apt_simulation

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ...host.machine import Host
    from ..model import Change

QUERY = (
    "${Package}\\t${Architecture}\\t${Version}\\t"
    "${db:Status-Want}\\t${db:Status-Eflag}\\t${db:Status-Status}\\n"
)
# of every transaction: nothing asks, nothing restarts, and the operator's configuration files stay
ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBIAN_PRIORITY": "critical",
    "NEEDRESTART_SUSPEND": "1",
    "APT_LISTCHANGES_FRONTEND": "none",
    "LC_ALL": "C.UTF-8",
}
KEEP_FILES = ("--force-confdef", "--force-confold")
LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock")
_TRIGGERED = frozenset({"triggers-awaited", "triggers-pending"})
_UNFINISHED = frozenset({"half-installed", "unpacked", "half-configured"}) | _TRIGGERED


@dataclass(frozen=True)
class Apt:
    has_key_store: ClassVar[bool] = False
    host: Host

    def stands_beside(self, name: str) -> bool:  # noqa: ARG002 (an answer for every package)
        # a kernel's release is part of its packages' names
        return False

    def installed(self) -> list[Installed]:
        # through env, so that a host without dpkg is an answer and no end of the module
        admin = self.host.path("/var/lib/dpkg")
        status, out, _ = self.host.run(["env", "dpkg-query", f"--admindir={admin}", "-W", "-f", QUERY], {})
        return read_query(out) if status == 0 else []

    def is_older(self, left: str, right: str) -> bool:
        return self.host.run(["dpkg", "--compare-versions", left, "lt", right], {})[0] == 0

    def is_held(self, _: Mapping[str, str], present: Sequence[Installed]) -> bool:
        return any(package.held for package in present)

    def owned(self, paths: Collection[str]) -> set[str]:
        if not paths:
            return set()
        admin = self.host.path("/var/lib/dpkg")
        # one process for all, for each reads the lists of all packages; what has no owner is told on stderr
        command = ["env", "dpkg-query", f"--admindir={admin}", "-S", *sorted(paths)]
        _, out, _ = self.host.run(command, {"LC_ALL": "C"})
        # PACKAGE[, PACKAGE...]: PATH, and diversions, which end with `from: PATH` or `to: PATH`
        return {line.partition(": ")[2] for line in out.splitlines()} & set(paths)

    def lock(self) -> Holder | None:
        return file_lock.holder(self.host, LOCKS)

    def journal(self) -> int:
        return sum(name.isdigit() for name in self.host.names("/var/lib/dpkg/updates"))

    def simulate(
        self,
        *,
        bundle: str,
        repositories: Sequence[Mapping[str, Any]],
        digests: Mapping[str, str],
        packages: Sequence[Mapping[str, str]],
    ) -> dict[str, Any]:
        return apt_simulation.simulate(
            self.host, bundle=bundle, repositories=repositories, digests=digests, packages=packages
        )

    def settings(
        self,
        state: Path,
        bundle: Path,
        repositories: Sequence[Mapping[str, Any]],
        digests: Mapping[str, str],
    ) -> Settings:
        sources = [apt_source.Repository.read(entry) for entry in repositories]
        try:
            files = apt_source.files(state, bundle, sources, apt_source.architecture(self.host), digests)
        except medium.MediumError as error:
            raise SourceError(str(error)) from error
        return Settings(apt_source.config_file(state), files, apt_source.stamp(bundle, sources, files))

    def media(self, config: Path) -> list[Path]:
        return apt_source.media(config)

    def read_lists(self, settings: Settings) -> None:
        state = settings.config.parent
        shutil.rmtree(state / "lists", ignore_errors=True)
        for folder in ("lists/partial", "cache/archives/partial"):
            (state / folder).mkdir(mode=0o755, parents=True, exist_ok=True)
        # Ansible's own apt module reads the host's sources, too, and needs python3-apt, not there yet
        code, out, error = self.host.run(["apt-get", "--quiet", "update"], _environment(settings.config))
        if code:
            raise PackageError(
                refusal.told("apt cannot read the bundle's package lists", refusal.words(out, error)),
                code=medium.CHANGED if medium.is_to_blame(f"{out}\n{error}") else "repository-unreadable",
                hint="run `graphistry-airgap bundle verify` on the bundle; also check the host's clock",
            )

    def missing_keys(self, _: Settings) -> list[dict[str, str]]:
        return []  # apt is shown the keys of each source, and no store of the host's has to know them

    def add_keys(self, settings: Settings, keys: Sequence[Mapping[str, str]]) -> None:
        """None was missing."""

    def finish_interrupted(self, _: Path) -> None:
        # apt refuses to work before this; it is what a killed transaction leaves to do
        command = ["dpkg", "--configure", "--pending", *KEEP_FILES]
        code, out, error = self.host.run(command, ENVIRONMENT)
        if code:
            what = "packages that an earlier transaction left unfinished cannot be configured"
            raise refused(what, refusal.words(out, error))

    def install(self, config: Path, needed: Sequence[Change], lock_timeout: int, /) -> None:
        # Ansible's apt module takes no exact list in one transaction without asking the host's own sources
        names = [f"{change.name}={change.version}" for change in needed]
        code, out, error = self.host.run(
            [*transaction(lock_timeout), "install", *names], _environment(config)
        )
        if code:
            raise refused("apt cannot install the bundle's packages", apt_simulation.complaint(out, error))


def transaction(lock_timeout: int) -> list[str]:
    """apt-get as every transaction of ours runs it."""
    command = ["apt-get", "--quiet", "--yes", "--no-install-recommends", "--no-remove"]
    command += ["-o", f"DPkg::Lock::Timeout={lock_timeout}"]
    for option in KEEP_FILES:
        command += ["-o", f"Dpkg::Options::={option}"]
    return command


def refused(what: str, output: str) -> PackageError:
    if medium.is_to_blame(output):
        return PackageError(refusal.told(what, output), code=medium.CHANGED, hint=medium.HINT)
    if full_disk.WORDS in output.lower():
        what += "".join(f"; {place}: {full_disk.reason(Path(place))}" for place in ("/usr", "/var/lib/dpkg"))
    return PackageError(
        refusal.told(what, output),
        code="package-transaction-failed",
        hint="mend what apt reports (held, pinned or conflicting packages), then run the same install again",
    )


def read_query(output: str) -> list[Installed]:
    """Parse `dpkg-query -W -f QUERY`."""
    found = []
    for line in output.splitlines():
        name, architecture, version, want, flag, status = line.split("\t")
        found.append(
            Installed(
                name,
                architecture,
                version,
                held=want == "hold",
                whole=status == "installed" and flag == "ok",
                unfinished=status in _UNFINISHED or flag != "ok",
                triggered=status in _TRIGGERED,
            )
        )
    return found


def _environment(config: Path) -> dict[str, str]:
    return {**ENVIRONMENT, "APT_CONFIG": os.fspath(config)}
