"""A stand-in for a relocatable CPython as python-build-standalone makes them: one of this machine, moved.

Layout and behaviour are those of its `install_only` archives: everything below `python/`, no path of the
machine that it was built on, and an OpenSSL of its own.  Real is the CPython, which is of pyenv; where it
lies is written into its programs anew.  Not like the real ones: it needs this machine's glibc, and other
libraries than OpenSSL and libffi are the host's.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from lab.repositories.cpython import EPOCH, LEFT_OUT, VERSION, NoCPythonError, find

# what a stock server need not have, or has another one of
LIBRARIES = ("libssl.so.3", "libcrypto.so.3", "libffi.so.8")


def make_archive(out: Path, minor: str = VERSION) -> str:
    """Write the archive, the same bytes each time; returns the CPython's version.

    NoCPythonError where this machine has none that can be moved.
    """
    prefix, version = find(minor)
    python = f"python{minor}"
    with tempfile.TemporaryDirectory(prefix="airgap-lab-") as work:
        root = Path(work, "python")
        (root / "bin").mkdir(parents=True)
        shutil.copy2(prefix / "bin" / python, root / "bin" / python)
        (root / "bin" / "python3").symlink_to(python)
        ignored = shutil.ignore_patterns(*LEFT_OUT, "_tkinter*")
        shutil.copytree(prefix / "lib" / python, root / "lib" / python, symlinks=True, ignore=ignored)
        (root / "include" / python).mkdir(parents=True)
        shutil.copy2(prefix / "include" / python / "patchlevel.h", root / "include" / python)
        for library in (*prefix.glob(f"lib/lib{python}.so.*"), *_libraries(root / "lib" / python)):
            shutil.copy2(library, root / "lib" / library.name)
        _move(root, prefix)
        _pack(root, out)
    return version


def _libraries(lib: Path) -> list[Path]:
    """Where this machine has what is to go along, as its loader says."""
    said = "".join(
        subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
        for path in lib.glob("lib-dynload/_[sc]*.so")
    )
    places = dict(re.findall(r"(\S+) => (/\S+)", said))
    return [Path(places[name]).resolve().with_name(name) for name in LIBRARIES if name in places]


def _move(root: Path, prefix: Path) -> None:
    """Put a path from each program's own place where that of the machine's library stood (its RUNPATH)."""
    before = f"\0{prefix}/lib\0".encode()
    moved = 0
    for path in [*root.glob("bin/python*"), *root.rglob("*.so*")]:
        if path.is_symlink() or before not in (data := path.read_bytes()):
            continue
        up = "/".join([".."] * len(path.parent.relative_to(root).parts))
        after = f"\0$ORIGIN/{up}/lib".encode()
        mode = path.stat().st_mode
        path.chmod(mode | 0o200)
        path.write_bytes(data.replace(before, after.ljust(len(before), b"\0")))
        path.chmod(mode)
        moved += path.name.startswith(("_ssl", "_hashlib"))
    if moved != 2:
        raise NoCPythonError(f"{prefix} was built in a way that it cannot be moved from where it is")


def _pack(root: Path, out: Path) -> None:
    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = int(EPOCH)
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        return member

    partial = out.with_suffix(".partial")
    with (
        partial.open("wb") as raw,
        gzip.GzipFile("", "wb", 1, raw, int(EPOCH)) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in [root, *sorted(root.rglob("*"))]:
            tar.add(path, path.relative_to(root.parent).as_posix(), recursive=False, filter=plain)
    partial.replace(out)
