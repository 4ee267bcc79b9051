"""The package transaction, tried on the real host without changing it.

apt reads the host's dpkg state, but its lists, caches, sources and preferences
lie in a temporary directory and it knows the bundle's repositories alone.  Such a
mirror advertises packages that it does not hold, so each file is looked for.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ...host import medium, refusal
from ..trial import answer, work_directory
from . import pins as apt_pins, source as apt_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...host.machine import Host

# beside the settings of the transaction itself: the host's state is read, nothing of it locked or written
_TRIAL = """\
Dir::State::status "{status}";
Dir::State::extended_states "{extended}";
Dir::Log "{work}/log";
APT::Get::List-Cleanup "false";
APT::Cmd::Disable-Script-Warning "true";
Debug::NoLocking "true";
"""
_INSTALLED = re.compile(r"^Inst (\S+)", re.MULTILINE)
_REMOVED = re.compile(r"^(?:Remv|Purg) (\S+)", re.MULTILINE)
_FILE = re.compile(r"^'copy:([^']+)' (\S+) (\d+) ", re.MULTILINE)


def simulate(
    host: Host,
    *,
    bundle: str,
    repositories: Sequence[Mapping[str, Any]],
    digests: Mapping[str, str],
    packages: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """Try to install exactly these versions; the work directory is gone when this returns."""
    with work_directory(host) as work:
        environment = _prepare(host, work, Path(bundle), repositories, digests)
        status, out, err = host.run(
            ["apt-get", "-q", "update", "-o", "APT::Update::Error-Mode=any"], environment
        )
        if status:
            words = complaint(out, err)
            if medium.is_to_blame(words):
                raise medium.MediumError(f"apt cannot use the bundle's package lists: {words}", bundle)
            return answer(index_error=words)
        pinned = apt_pins.opposed(host, environment, packages)
        names = [f"{item['name']}={item['version']}" for item in packages]
        install = ["apt-get", "-q", "-y", "--allow-change-held-packages", "install"]
        status, out, err = host.run([*install, "-s", *names], environment)
        removed = sorted(set(_REMOVED.findall(out)))
        installed = sorted({name.partition(":")[0] for name in _INSTALLED.findall(out)})
        if status:
            return answer(conflict=complaint(out, err), removed=removed, pinned=pinned)
        _, out, _ = host.run([*install, "--print-uris", *names], environment)
        missing = _missing(out)
        return answer(removed=removed, installed=installed, pinned=pinned, missing_files=missing)


def _prepare(
    host: Host,
    work: Path,
    bundle: Path,
    repositories: Sequence[Mapping[str, Any]],
    digests: Mapping[str, str],
) -> dict[str, str]:
    for name in ("lists/partial", "cache/archives/partial", "log", "keys"):
        (work / name).mkdir(parents=True)
    sources = [apt_source.Repository.read(entry) for entry in repositories]
    for path, data in apt_source.files(work, bundle, sources, apt_source.architecture(host), digests).items():
        path.write_bytes(data)
    trial = _TRIAL.format(
        work=work,
        status=host.path("/var/lib/dpkg/status"),
        extended=host.path("/var/lib/apt/extended_states"),
    )
    config = apt_source.config_file(work)
    with config.open("a", encoding="utf-8") as stream:
        stream.write(trial)
    return {"APT_CONFIG": str(config), "LC_ALL": "C.UTF-8", "TMPDIR": str(work)}


def _missing(printed: str) -> list[dict[str, Any]]:
    """Files that apt would fetch and the pool lacks or holds with another size."""
    missing = []
    for uri, name, size in _FILE.findall(printed):
        path = unquote(uri)
        try:
            present = os.stat(path).st_size  # noqa: PTH116 -- an URI's path, taken as it is
        except OSError:
            missing.append({"package": name.split("_")[0], "path": path, "reason": "the file is not there"})
            continue
        if present != int(size):
            reason = f"{present} bytes instead of {size}"
            missing.append({"package": name.split("_")[0], "path": path, "reason": reason})
    return missing


def complaint(out: str, error: str) -> str:
    """What apt, dpkg and packages' scripts say went wrong, after the unmet dependencies that apt lists."""
    _, _, after = out.partition("unmet dependencies:")
    unmet = [line.rstrip() for line in after.splitlines() if line.startswith(" ")]
    return "\n".join([*unmet, refusal.words("" if unmet else out, error)])
