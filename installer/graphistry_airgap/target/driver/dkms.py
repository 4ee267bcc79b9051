"""Kernel modules that DKMS builds: are they there, whole and of the right version, for one kernel?

DKMS itself calls modules installed as long as its own link says so. After a kill or a full disk that can be
wrong, so the files are compared here: what was built, what lies among the kernel's modules, and what the
kernel's index names. Reading only.
"""

from __future__ import annotations

import filecmp
import re
from dataclasses import dataclass
from pathlib import Path

_SUFFIXES = (".ko", ".ko.xz", ".ko.zst", ".ko.gz")
_FOLDERS = ("updates/dkms", "updates", "extra")
_FULL = "No space left on device"
_ERROR = re.compile(r"\berror\b|\*\*\* ", re.IGNORECASE)
_NOT_ONE = re.compile(r"elapsed time|^-+$|^# exit code|Leaving directory|Entering directory")
_LINES = 12


@dataclass(frozen=True)
class Target:
    """`names` are the modules' file names without suffix; `root` is another one in tests only."""

    name: str
    version: str
    kernel: str
    architecture: str
    names: tuple[str, ...]
    root: Path = Path("/")

    @property
    def tree(self) -> Path:
        return self.root / "var/lib/dkms" / self.name

    @property
    def source(self) -> Path:
        return self.root / "usr/src" / f"{self.name}-{self.version}"

    @property
    def built(self) -> Path:
        """Where the finished build for this kernel lies; DKMS moves it there as a whole."""
        return self.tree / self.version / self.kernel / self.architecture

    @property
    def link(self) -> Path:
        """DKMS's mark for the version whose modules a kernel has."""
        return self.tree / f"kernel-{self.kernel}-{self.architecture}"

    @property
    def kernel_modules(self) -> Path:
        return self.root / "lib/modules" / self.kernel

    @property
    def headers(self) -> Path:
        return self.kernel_modules / "build" / "include"

    def logs(self) -> tuple[Path, Path]:
        """The build log: while it builds or has failed, and when it is through."""
        return self.tree / self.version / "build" / "make.log", self.built / "log" / "make.log"


def file_names(modules: list[str], prefix: str) -> tuple[str, ...]:
    """`nvidia-current-uvm` for `nvidia-uvm`, where a distribution calls NVIDIA's modules so."""
    return tuple(prefix + module.removeprefix("nvidia") for module in modules)


def placed(target: Target) -> dict[str, Path]:
    """Name to file, of the modules that lie where a kernel looks before its own."""
    return _found([target.kernel_modules / folder for folder in _FOLDERS], target.names)


def in_tree(target: Target) -> dict[str, Path]:
    """Name to file, of the modules that were built and kept by DKMS."""
    return _found([target.built / "module"], target.names)


def faults(target: Target) -> list[str]:
    """Why the modules are not in order; empty when they are."""
    there, kept = placed(target), in_tree(target)
    lacking = [name for name in target.names if name not in there]
    if lacking:
        return [f"not there for kernel {target.kernel}: {', '.join(lacking)}"]
    unkept = [name for name in target.names if name not in kept]
    if unkept or not target.link.is_symlink() or target.link.resolve() != target.built.resolve():
        return [f"for kernel {target.kernel}, but not of version {target.version}"]
    broken = [name for name in target.names if not filecmp.cmp(there[name], kept[name], shallow=False)]
    if broken:
        return [f"damaged: {', '.join(broken)}"]
    index = _text(target.kernel_modules / "modules.dep")
    unknown = [name for name in target.names if f"/{there[name].name}:" not in index]
    return [f"not in the index of kernel {target.kernel}: {', '.join(unknown)}"] if unknown else []


def whole(target: Target) -> set[str]:
    """Names of the modules that are in order; all of them where there are no `faults`."""
    there, kept = placed(target), in_tree(target)
    if not target.link.is_symlink() or target.link.resolve() != target.built.resolve():
        return set()
    index = _text(target.kernel_modules / "modules.dep")
    return {
        name
        for name in there.keys() & kept.keys()
        if f"/{there[name].name}:" in index and filecmp.cmp(there[name], kept[name], shallow=False)
    }


def last_lines(log: str) -> str:
    """The end of a build log that tells something, and the first error before it."""
    lines = [line.strip() for line in log.splitlines()]
    telling = [line for line in lines if line and not _NOT_ONE.search(line)]
    end = telling[-_LINES:]
    first = next(
        (line for line in telling[:-_LINES] if _ERROR.search(line) and not line.startswith("make")), ""
    )
    return "\n".join([first, "…", *end] if first else end)


def is_full(text: str) -> bool:
    return _FULL in text


def _found(folders: list[Path], names: tuple[str, ...]) -> dict[str, Path]:
    files = {}
    for folder in reversed(folders):
        for name in names:
            for suffix in _SUFFIXES:
                path = folder / f"{name}{suffix}"
                if path.is_file():
                    files[name] = path
    return files


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
