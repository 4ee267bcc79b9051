"""A bundle with one dnf repository whose packages hold no files, and package databases to try it on.

So they can be installed on whatever machine the tests run on, into a database of their own.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import TYPE_CHECKING, Any

from tests.kit.bundles.dnf_repository import DnfRepository

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.kit.bundles.openpgp_keys import Keys


class RpmBundle:
    """What `bundle.json` says of it is made on the spot."""

    name = "appstream"
    path = f"packages/rhel-9/{name}"
    key_path = f"packages/rhel-9/keys/{name}.asc"

    def __init__(self, root: Path, keys: Keys) -> None:
        self.root = root
        self.repository = DnfRepository(root / self.path, keys)
        self.repomd = root / self.path / "repodata" / "repomd.xml"
        (root / self.key_path).parent.mkdir(parents=True)
        (root / self.key_path).write_bytes(keys.public("signer", armored=True))
        self.metadata_signed = True

    def add(self, name: str, version: str, *, signer: str | None = "signer", **fields: str) -> Path:
        """`version` is `[epoch:]version-release`; returns the package's file."""
        epoch, _, rest = version.rpartition(":")
        number, _, release = rest.partition("-")
        tags = {"epoch": epoch, **fields} if epoch else fields
        self.repository.add(name, number, release, **tags)
        self.repository.build()
        (file,) = self.repository.path.rglob(f"{name}-{number}-{release}.x86_64.rpm")
        if signer:
            self.repository.sign_packages(signer, str(file))
        return file

    def publish(self) -> None:
        self.repository.index()
        if not self.metadata_signed:
            self.repomd.with_suffix(".xml.asc").unlink()

    def entry(self) -> dict[str, Any]:
        keys = {"signed_by": self.key_path, "package_keys": [self.key_path]}
        return {"name": self.name, "path": self.path, **keys, "metadata_signed": self.metadata_signed}

    def digests(self) -> dict[str, str]:
        files = (path for path in (self.root / "packages").rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
        }


def wanted(*names: str) -> list[dict[str, str]]:
    """`engine=2.0-1.el9` as an entry of a bundle's list."""
    pairs = (name.split("=") for name in names)
    return [{"name": name, "version": version, "architecture": "x86_64"} for name, version in pairs]


def installed(home: str) -> dict[str, str]:
    """Name to version of what the package database of this home has."""
    command = ["rpm", "-qa", "--qf", "%{NAME} %{VERSION}-%{RELEASE}\n"]
    done = subprocess.run(
        command, env={**os.environ, "HOME": home}, capture_output=True, text=True, check=True
    )
    return dict(row.split(" ", 1) for row in done.stdout.splitlines())


def own_database(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let rpm and dnf keep their database in this folder, as they do on Debian below HOME."""
    folder.mkdir()
    monkeypatch.setenv("HOME", os.fspath(folder))
    subprocess.run(["rpmdb", "--initdb"], capture_output=True, check=True)
