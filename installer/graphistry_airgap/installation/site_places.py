"""Directories of a site file that cannot be meant, whatever the host is like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import AirgapError, FindingsError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphistry_airgap.installation.site_file import Site

# what lies there is gone after a boot, or is the system's own (hier(7))
_VOLATILE = ("/proc", "/sys", "/dev", "/run", "/var/run", "/tmp", "/var/tmp")  # noqa: S108 (refused)
_SYSTEM = ("/boot", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr")
_LOCAL = "/usr/local"
# of many tenants: the product would change modes and put links and directories beside theirs
_SHARED = ("/", "/usr/local", "/var", "/var/lib", "/home", "/root", "/opt", "/media")
_DEFAULTS = {"root": "/var/graphistry", "docker.data_root": "/var/lib/docker"}
_OWN = (places.PROGRAM, places.CONFIG, places.STATE)


def check(site: Site, said_in: Callable[[str], str]) -> None:
    """Exit 2, with all that is wrong at once; `said_in` gives the file that has the value of a key."""
    wrong: list[AirgapError] = list(_unusable(site, said_in))
    if wrong:
        raise FindingsError(wrong)


def _unusable(site: Site, said_in: Callable[[str], str]) -> Iterator[InputError]:
    data_root = site.docker.data_root
    inside = f"it lies in Docker's data root {data_root}, whose content is Docker's alone"
    if reason := _reason(site.root) or (inside if _is_below(site.root, data_root) else ""):
        yield _refused("root", site.root, reason, said_in("root"))
    if reason := _reason(data_root):
        yield _refused("docker.data_root", data_root, reason, said_in("docker.data_root"))


def _reason(path: str) -> str:
    for folder in _VOLATILE:
        if _is_below(path, folder):
            return f"what lies in {folder} does not stay"
    for folder in _SYSTEM:
        if _is_below(path, folder) and not _is_below(path, _LOCAL):
            return f"{folder} belongs to the operating system"
    for own in map(str, _OWN):
        if _is_below(path, own):
            return f"{own} is this tool's own directory"
    return "other things share that directory: name one of its own below it" if path in _SHARED else ""


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _refused(key: str, path: str, reason: str, file: str) -> InputError:
    return InputError(
        f"{key} in {file} is {path}, which cannot be used: {reason}",
        code=f"{key.rpartition('.')[2].replace('_', '-')}-unusable",
        hint=f"name a directory of its own on a disk of the host; the default is {_DEFAULTS[key]}",
        details={"path": key, "found": path, "needed": "a directory of its own on a disk that stays"},
    )
