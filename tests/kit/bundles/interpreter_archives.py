"""Archives in the shape of a relocatable CPython, with which nothing can be run."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

LOADER = b"\x7fELF\0/lib64/ld-linux-x86-64.so.2\0"
OPENSSL = b"\x7fELF\0OpenSSL 3.0.15 3 Sep 2024\0OpenSSL 3.0.0 and newer\0GLIBC_2.17\0"
LICENCE = b"B. TERMS\n\nPYTHON SOFTWARE FOUNDATION LICENSE VERSION 2\n"
FILES: dict[str, tuple[bytes, int]] = {
    "python/bin/python3.12": (LOADER, 0o755),
    "python/include/python3.12/patchlevel.h": (b'#define PY_VERSION      "3.12.12"\n', 0o644),
    "python/lib/libpython3.12.so.1.0": (OPENSSL, 0o755),
    "python/lib/python3.12/LICENSE.txt": (LICENCE, 0o644),
}


def archive(path: Path, more: dict[str, tuple[bytes, int] | None] | None = None, **link: Any) -> Path:
    """`more` are other files, or None of one that is left out; `link` are fields of one more member."""
    with tarfile.open(path, "w:gz") as tar:
        for name, file in ({**FILES, **(more or {})}).items():
            if file is not None:
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(file[0]), file[1]
                tar.addfile(member, io.BytesIO(file[0]))
        if link:
            member = tarfile.TarInfo("python/bin/python3")
            for key, value in link.items():
                setattr(member, key, value)
            tar.addfile(member)
    return path
