"""Find a bundle again: at the place where it was, else wherever something is mounted now.

A medium is known by the sha256 of its SHA256SUMS; whether the rest of it is sound is for the installation
to judge.  Looked at are mount points and the directories directly below them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from graphistry_airgap.bundle.checksums import SUMS
from graphistry_airgap.core.adapters.files import sha256_file
from graphistry_airgap.core.strict_json import load_json

MOUNTS = Path("/proc/self/mounts")
# file systems of the kernel's own lie below these
_KERNEL = {"proc", "sys", "dev"}
# of a file that nobody has vouched for
_LARGEST = 64 << 20


class MountedMedia:
    def __init__(self, mounts: Path = MOUNTS) -> None:
        self._mounts = mounts

    def find(self, sums_sha256: str, remembered: Path) -> Path | None:
        """The directory whose SHA256SUMS has this sha256."""
        points = self.places(remembered)
        below = (folder for point in points[1:] for folder in _directories(point))
        for place in (*points, *below):
            if self.sums_digest(place) == sums_sha256:
                return place
        return None

    def places(self, remembered: Path) -> list[Path]:
        """The remembered place, then every mount point that may be a medium's, newest first."""
        points = []
        for line in self._mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            _, point, kind, *_ = line.split(" ")
            path = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), point))
            # looking at an autofs mounts something
            if kind != "autofs" and not _KERNEL.intersection(path.parts[1:2]):
                points.append(path)
        # what is bound over a single file, as containers have it, is no directory
        return list(dict.fromkeys([remembered, *(one for one in reversed(points) if one.is_dir())]))

    def sums_digest(self, place: Path) -> str | None:
        """The sha256 of a directory's SHA256SUMS, None where there is none that can be read."""
        sums = place / SUMS
        try:
            return sha256_file(sums) if sums.is_file() and sums.stat().st_size <= _LARGEST else None
        except OSError:
            return None

    def bundle_id(self, place: Path) -> str:
        """What an unchecked bundle calls itself, for a message."""
        manifest = place / "bundle.json"
        try:
            raw = manifest.read_bytes() if manifest.stat().st_size <= _LARGEST else b""
            name = load_json(raw).get("id")
        except (OSError, ValueError, AttributeError):
            name = None
        return (
            name if isinstance(name, str) and re.fullmatch(r"[0-9a-f]{32}", name) else "without a readable id"
        )


def _directories(point: Path) -> list[Path]:
    try:
        with os.scandir(point) as entries:
            return sorted(point / entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
