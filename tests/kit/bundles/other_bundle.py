"""The demo's bundle as one of another release, on a host: nothing but its name differs."""

from __future__ import annotations

import hashlib
import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from graphistry_airgap.bundle.checksums import SUMS, parse_sums, render_sums
from lab.bundles.demo import DEMO, gpg
from lab.hosts.prepared_host import MEDIUM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.hosts.sealed_host import SealedHost

OTHER = "/media/other"
OTHER_VERSION = "v2.50.2"


@contextmanager
def other_release(host: SealedHost) -> Iterator[None]:
    """The demo's bundle under another version: three files laid over it."""
    manifest = json.loads((DEMO / "bundle" / "bundle.json").read_bytes())
    manifest["release"]["version"] = OTHER_VERSION
    data = json.dumps(manifest, indent=2, sort_keys=True).encode()
    sums = parse_sums((DEMO / "bundle" / SUMS).read_text())
    sums["bundle.json"] = hashlib.sha256(data).hexdigest()
    listed = render_sums(sums).encode()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, SUMS)
        file.write_bytes(listed)
        signature = gpg("--armor", "--detach-sign", "--output", "-", str(file))
    files = {"bundle.json": data, SUMS: listed, f"{SUMS}.asc": signature}
    host.require(["mkdir", "-p", OTHER])
    host.require(["mount", "--bind", MEDIUM, OTHER])
    for name, each in files.items():
        host.put(each, f"/run/other-{name}")
        host.require(["mount", "--bind", f"/run/other-{name}", f"{OTHER}/{name}"])
    try:
        yield
    finally:
        host.require(["umount", *(f"{OTHER}/{name}" for name in files), OTHER])
        host.require(["rmdir", OTHER])
