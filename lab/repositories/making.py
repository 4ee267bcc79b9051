"""What making a signed repository of stand-ins takes, whatever its packages' format."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EPOCH = "1767225600"


class RepositoryError(RuntimeError):
    """A step failed; its own output says why."""


class Key:
    """A signing key in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700)
        self.gpg("--passphrase", "", "--quick-generate-key", "airgap lab <lab@example.invalid>", "rsa3072")

    def gpg(self, *arguments: str) -> bytes:
        command = ["gpg", "--homedir", os.fspath(self.home), "--batch", "--quiet", *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def fingerprint(self) -> str:
        records = [line.split(":") for line in self.gpg("--with-colons", "--list-keys").decode().splitlines()]
        return next(record[9] for record in records if record[0] == "fpr")

    def stop(self) -> None:
        subprocess.run(["gpgconf", "--homedir", os.fspath(self.home), "--kill", "all"], check=False)


def make_once(out: Path, inputs: str, fill: Callable[[Key, Path], None]) -> None:
    """Have `fill` make a signed repository in `out`, with a key and a work directory that go away afterwards.

    One that was made from the same `inputs` stays as it is: a new signature would change every bundle.
    """
    mark = out / ".inputs"
    if mark.exists() and mark.read_text(encoding="utf-8") == inputs:
        return
    if out.exists() and not mark.exists():
        raise RepositoryError(f"{out} exists and was not made by this script; name another directory")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    mark.write_text("unfinished", encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="airgap-lab-") as work:
        key = Key(Path(work, "gnupg"))
        try:
            fill(key, Path(work))
        finally:
            key.stop()
    mark.write_text(inputs, encoding="utf-8")


def find_deb(name: str, pools: Sequence[Path]) -> Path:
    for pool in pools:
        if found := sorted(pool.rglob(f"{name}_*.deb")):
            return found[0]
    raise RepositoryError(f"no {name}_*.deb below {', '.join(map(str, pools))}")


def digest(paths: Sequence[Path]) -> str:
    """Of what a repository is made from: names and bytes of files."""
    total = hashlib.sha256()
    for path in sorted([Path(__file__), *paths]):
        total.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def run(command: Sequence[str | Path]) -> None:
    environment = os.environ | {"SOURCE_DATE_EPOCH": EPOCH}
    # a session of its own: rpmsign lets gpg look for a terminal
    done = subprocess.run(
        list(command),
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )
    if done.returncode != 0:
        raise RepositoryError(f"{command[0]} failed: {done.stdout}{done.stderr}")
