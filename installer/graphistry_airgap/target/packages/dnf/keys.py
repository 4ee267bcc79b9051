"""OpenPGP keys as rpm knows them: which a file holds, which the host has, what they say about packages."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...host import refusal
from ..model import PackageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ...host.machine import Host

_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
_FORMAT = "%{NAME}-%{VERSION}-%{RELEASE}\\t%{SUMMARY}\\n"


@dataclass(frozen=True)
class Ring:
    """A package database of its own that holds keys and nothing else."""

    host: Host
    database: Path

    def keys(self) -> dict[str, str]:
        """rpm's name of each key, with whose it is."""
        command = ["rpm", "--dbpath", os.fspath(self.database), "-q", "gpg-pubkey", "--qf", _FORMAT]
        status, out, _ = self.host.run(command, _ENVIRONMENT)
        rows = (line.partition("\t") for line in out.splitlines()) if status == 0 else ()
        return {name: owner for name, _, owner in rows}

    def refused(self, files: Sequence[str]) -> dict[str, str]:
        """Packages that none of these keys has signed, or that were changed since; with rpm's verdict."""
        if not files:
            return {}
        command = ["rpmkeys", "--dbpath", os.fspath(self.database), "--define", "_pkgverify_level all", "-K"]
        _, out, err = self.host.run([*command, *files], _ENVIRONMENT)
        verdicts = dict(line.rpartition(": ")[::2] for line in out.splitlines())
        return {
            file: verdicts.get(file) or err.strip() or "rpm gives no verdict"
            for file in files
            if verdicts.get(file) != "digests signatures OK"
        }


@contextmanager
def ring(host: Host, keys: Iterable[Path], parent: Path) -> Iterator[Ring]:
    """A ring of these key files, gone afterwards."""
    work = Path(tempfile.mkdtemp(prefix="airgap-keys-", dir=parent))
    try:
        for key in keys:
            command = ["rpmkeys", "--dbpath", os.fspath(work), "--import", os.fspath(key)]
            status, out, err = host.run(command, _ENVIRONMENT)
            if status:
                raise PackageError(
                    refusal.told(f"rpm does not take {key.name} as a key", refusal.words(out, err)),
                    code="repository-refused",
                    hint="make the bundle again with the vendor's armored public key",
                )
        yield Ring(host, work)
    finally:
        shutil.rmtree(work)


def missing(host: Host, names: Iterable[str]) -> list[str]:
    """Those keys, by rpm's names, that the host's package database lacks."""
    status, out, _ = host.run(["rpm", "-q", "gpg-pubkey", "--qf", _FORMAT], _ENVIRONMENT)
    present = {line.partition("\t")[0] for line in out.splitlines()} if status == 0 else set()
    return sorted(set(names) - present)


def add(host: Host, files: Mapping[Path, Sequence[str]], wanted: Sequence[str]) -> None:
    """Import the files that hold a wanted key into the host's package database."""
    for path, names in files.items():
        if not set(names) & set(wanted):
            continue
        status, out, err = host.run(["rpmkeys", "--import", os.fspath(path)], _ENVIRONMENT)
        if status:
            raise PackageError(
                refusal.told(f"rpm cannot take the key {path.name}", refusal.words(out, err)),
                code="key-import-failed",
                hint="mend what rpm reports about its database, then run the same install again",
            )
