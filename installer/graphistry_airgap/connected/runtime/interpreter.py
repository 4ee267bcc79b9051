"""A relocatable CPython for the tool alone: its archive, read and judged without running anything of it.

The layout is that of python-build-standalone's `install_only` archives: everything below `python/`.  What it
was built with stands in no list of the archive.  Its version is read in `patchlevel.h`, that of its OpenSSL
in the text that libcrypto carries of itself (`OpenSSL 3.0.15 3 Sep 2024`), wherever it is linked in.
"""

from __future__ import annotations

import lzma
import re
import tarfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle import layout
from graphistry_airgap.connected.adapters import archive_guard
from graphistry_airgap.core.adapters.files import sha256_file
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graphistry_airgap.connected.spec import InterpreterSpec
    from graphistry_airgap.knowledge.platforms import Platform

TOP = "python"
_UNREADABLE = (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError, ValueError, OverflowError)
_ELF = b"\x7fELF"
# of x86-64 with glibc; one that is built on musl, or for another machine, names another
_LOADER = b"/lib64/ld-linux-x86-64.so.2\0"
_VERSION = re.compile(rb'^#define\s+PY_VERSION\s+"(?P<version>[^"]+)"', re.MULTILINE)
_OPENSSL = re.compile(rb"OpenSSL (?P<version>\d+\.\d+\.\d+[a-z]*) +\d{1,2} [A-Z][a-z]{2} \d{4}")
_GLIBC = re.compile(rb"GLIBC_2\.(?P<minor>\d+)\0")
_LICENCE = b"PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2"
_SET_ID = 0o6000


@dataclass(frozen=True)
class Interpreter:
    """`openssl` has each version that its files speak of, mostly one; `licences` are SPDX identifiers."""

    written: str
    source: Path
    sha256: str
    size: int
    version: str
    openssl: tuple[str, ...]
    licences: tuple[str, ...]

    def entry(self, platform: str) -> dict[str, Any]:
        """What bundle.json says about it."""
        return {
            "path": layout.interpreter(platform),
            "version": self.version,
            "openssl": list(self.openssl),
        }


@dataclass
class _Found:
    """What the members of an archive told."""

    program: bytes = b""
    executable: bool = False
    header: str = ""
    glibc: int = 0
    openssl: frozenset[str] = frozenset()
    licences: tuple[str, ...] = ()


def open_interpreter(spec: InterpreterSpec, platform: Platform) -> Interpreter:
    """Read and check the file that the spec names; every refusal is an `InputError`."""
    file = spec.file
    if not spec.version.startswith(f"{platform.python_version}."):
        raise InputError(
            f"the interpreter for {platform.name} is to be {spec.version}",
            code="interpreter-version",
            hint=f"take one of {platform.python_version}: the wheels are pinned for that minor version",
            details={"found": spec.version, "needed": f"{platform.python_version}.x"},
        )
    if not file.path.is_file():
        raise InputError(
            f"the interpreter {file.written} does not exist",
            code="interpreter-missing",
            hint="paths are relative to the spec",
        )
    digest = sha256_file(file.path)
    if digest != file.sha256:
        raise InputError(
            f"the interpreter {file.written} has sha256 {digest}, the spec pins {file.sha256}",
            code="interpreter-changed",
            hint="compare with where it came from; change the pin only when the file was meant to change",
            details={"sha256": digest},
        )
    found = _look(file.path, file.written, platform)
    for wrong, needed in _faults(found, spec, platform):
        raise InputError(
            f"the interpreter {file.written} does not fit: {wrong}",
            code="interpreter-unfit",
            hint=f"take an install_only archive of CPython {spec.version} for x86_64 Linux with glibc",
            details={"found": wrong, "needed": needed},
        )
    openssl = tuple(sorted(found.openssl))
    size = file.path.stat().st_size
    return Interpreter(file.written, file.path, digest, size, spec.version, openssl, found.licences)


def _look(path: Path, written: str, platform: Platform) -> _Found:
    found, leaves, allowance = _Found(), set[str](), archive_guard.Allowance(path)
    minor = f"python{platform.python_version}"
    try:
        with tarfile.open(path, "r|gz", tarinfo=archive_guard.GuardedTarInfo) as tar:
            for member in archive_guard.members(tar):
                allowance.take_member()
                allowance.take(member.size)
                name = _place(member, leaves)
                if not member.isreg() or (stream := tar.extractfile(member)) is None:
                    continue
                data = stream.read()
                if name == f"{TOP}/bin/{minor}":
                    found.program, found.executable = data, bool(member.mode & 0o100)
                elif name == f"{TOP}/include/{minor}/patchlevel.h" and (said := _VERSION.search(data)):
                    found.header = said["version"].decode(errors="replace")
                elif name == f"{TOP}/lib/{minor}/LICENSE.txt" and _LICENCE in data:
                    found.licences = ("PSF-2.0",)
                if data.startswith(_ELF):
                    minors = (int(one["minor"]) for one in _GLIBC.finditer(data))
                    found.glibc = max(found.glibc, *minors, 0)
                    found.openssl |= {one["version"].decode() for one in _OPENSSL.finditer(data)}
    except archive_guard.HostileArchiveError as error:
        raise InputError(
            f"the interpreter {written} is not taken: {error}",
            code="interpreter-hostile",
            hint="nobody ships that: get it again, and compare its checksum with its maker's",
        ) from None
    except _UNREADABLE as error:
        raise InputError(
            f"the interpreter {written} cannot be read as a tar.gz: {error}",
            code="interpreter-unreadable",
            hint="take the .tar.gz, whole, as its makers offer it",
        ) from None
    return found


def _place(member: tarfile.TarInfo, leaves: set[str]) -> str:
    """Its name; refused unless it is a plain thing below `python/` that leads nowhere else."""
    name = archive_guard.plain_name(member)
    archive_guard.refuse_below(name, leaves)
    target = archive_guard.link_target(member, name) if member.issym() or member.islnk() else name
    for place in (name, target):
        if place != TOP and not place.startswith(f"{TOP}/"):
            raise archive_guard.HostileArchiveError(f"{name!r} does not lie below {TOP}/")
    if member.mode & _SET_ID:
        raise archive_guard.HostileArchiveError(f"{name!r} would run as its owner, whoever starts it")
    if not member.isdir():
        leaves.add(name)
    return name


def _faults(found: _Found, spec: InterpreterSpec, platform: Platform) -> Iterator[tuple[str, str]]:
    """What is there and what was needed, the first first."""
    program = f"{TOP}/bin/python{platform.python_version}"
    if not found.program:
        yield f"it has no file {program}", program
    elif not found.executable:
        yield f"{program} is no program", "an executable file"
    elif not (found.program.startswith(_ELF) and _LOADER in found.program):
        yield f"{program} is not for x86-64 with glibc", "a program for x86-64 that glibc loads"
    if found.header != spec.version:
        place = f"{TOP}/include/python{platform.python_version}/patchlevel.h"
        yield (
            f"its version is {found.header}" if found.header else f"it has no {place} that tells its version",
            spec.version,
        )
    if (2, found.glibc) > platform.glibc:
        has = ".".join(map(str, platform.glibc))
        yield f"it needs glibc 2.{found.glibc}, and {platform.title} has {has}", f"glibc {has} or older"
