"""An rpm database from inside an image, read by the `rpm` program.

The program gets a copy of the one file, alone in a folder of its own, and neither this machine's database
nor its settings; the copy is gone when it has answered.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from graphistry_airgap.connected.describe.licence_names import sorted_names
from graphistry_airgap.connected.images.contents import Seen
from graphistry_airgap.connected.images.package_databases import RPM, Entry
from graphistry_airgap.core.adapters.files import CHUNK
from graphistry_airgap.core.adapters.process import FIXED_PATH, run

if TYPE_CHECKING:
    import tarfile
    from pathlib import Path

    from graphistry_airgap.connected.adapters.cache import Cache

BACKENDS = {"rpmdb.sqlite": "sqlite", "Packages.db": "ndb", "Packages": "bdb_ro"}
QUERY = "%{NAME}\\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{LICENSE}\\n"
TIMEOUT = 300.0


def read_rpm_database(cache: Cache, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> Seen:
    """Entries of the database, or why it could not be read."""
    if shutil.which("rpm", path=FIXED_PATH) is None:
        return Seen.unread(RPM, f"{path}: the program rpm was not there when the bundle was built")
    with cache.workspace() as folder:
        stream = tar.extractfile(member)
        with (folder / path.rpartition("/")[2]).open("wb") as copy:
            while stream and (chunk := stream.read(CHUNK)):
                copy.write(chunk)
        return _query(folder, path)


def _query(folder: Path, path: str) -> Seen:
    backend = BACKENDS[path.rpartition("/")[2]]
    command = ["rpm", "--dbpath", str(folder), "--define", f"_db_backend {backend}"]
    done = run([*command, "--nosignature", "-qa", "--qf", QUERY], timeout=TIMEOUT)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    # keys that were imported stand in the database like packages
    found = [line for line in lines if len(line) == 4 and line[0] != "gpg-pubkey"]
    if not done.ok or len(lines) != sum(len(line) == 4 for line in lines):
        reason = " ".join(done.words.replace(str(folder), "its folder").split()) or "rpm says nothing"
        return Seen.unread(RPM, f"{path}: {reason}")
    return Seen(
        RPM,
        tuple(
            Entry(name, version, architecture, sorted_names([licence]))
            for name, version, architecture, licence in found
        ),
    )
