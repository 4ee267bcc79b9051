#!/usr/bin/env python3
"""start_interval.py SAVED OUT: give the health checks of an archive of images a start interval.

Fifteen services that are checked every 5 s take much of a small machine's time, and rare checks make
each start wait for each dependency.  So the checks are dense until a service is well and rare afterwards,
by `StartInterval`, which Docker knows from 25.0 on.  The builder of Debian 12's Docker cannot write it,
so it is written into the configurations that `docker save` gave.  An older Docker that runs the images
does not see it and checks at the longer interval from the start.

Docker 25 and later save in another layout; such an archive goes through as it is, with checks every 5 s.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
import tarfile
from pathlib import Path
from typing import Any

SECOND = 1_000_000_000
CHECKS = {"Interval": 30 * SECOND, "StartInterval": 2 * SECOND, "Retries": 2}


def main(saved: Path, out: Path) -> None:
    with tarfile.open(saved) as reader:
        if "index.json" in reader.getnames():
            shutil.copyfile(saved, out)
            return
        with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as writer:
            _rewrite(reader, writer)


def _rewrite(reader: tarfile.TarFile, writer: tarfile.TarFile) -> None:
    images = json.loads(_read(reader, reader.getmember("manifest.json")))
    configs = {image["Config"] for image in images}
    names: dict[str, str] = {}
    for member in reader:
        if member.name in configs:
            data = _with_checks(json.loads(_read(reader, member)))
            names[member.name] = f"{hashlib.sha256(data).hexdigest()}.json"
            _add(writer, member, names[member.name], data)
        elif member.name != "manifest.json":
            writer.addfile(member, reader.extractfile(member) if member.isfile() else None)
    for image in images:
        image["Config"] = names[image["Config"]]
    _add(writer, reader.getmember("manifest.json"), "manifest.json", json.dumps(images).encode())


def _with_checks(config: dict[str, Any]) -> bytes:
    config["config"]["Healthcheck"] |= CHECKS
    return json.dumps(config, separators=(",", ":")).encode()


def _read(reader: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = reader.extractfile(member)
    if stream is None:
        raise SystemExit(f"start_interval.py: {member.name} is not a file")
    return stream.read()


def _add(writer: tarfile.TarFile, like: tarfile.TarInfo, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.mtime, member.mode, member.size = like.mtime, like.mode, len(data)
    writer.addfile(member, io.BytesIO(data))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
