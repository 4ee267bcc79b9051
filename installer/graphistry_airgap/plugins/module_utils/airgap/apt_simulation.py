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

from . import apt_pins, medium
from .simulation import answer, work_directory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .probe_root import Host

_CONFIG = """\
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "{work}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
Dir::State::lists "{work}/lists";
Dir::State::status "{status}";
Dir::State::extended_states "{extended}";
Dir::Cache "{work}/cache";
Dir::Log "{work}/log";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Get::Upgrade-By-Source-Package "false";
APT::Install-Suggests "false";
APT::Get::List-Cleanup "false";
APT::Cmd::Disable-Script-Warning "true";
Acquire::Languages "none";
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
            words = _complaint(f"{out}\n{err}")
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
            return answer(conflict=_complaint(f"{out}\n{err}"), removed=removed, pinned=pinned)
        _, out, _ = host.run([*install, "--print-uris", *names], environment)
        missing = _missing(out, work / "bundle", bundle)
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
    # a link, so that a blank or bracket in the medium's path needs no quoting in the source list
    (work / "bundle").symlink_to(bundle)
    lines = []
    base = work / "bundle"
    for number, item in enumerate(repositories):
        keyring, name = work / "keys" / f"{number}.gpg", item["signed_by"]
        keyring.write_bytes(
            medium.read(bundle / name, name=f"the keyring {name}", sha256=digests.get(name, "nothing"))
        )
        options = f"signed-by={keyring} check-valid-until=no"
        parts = " ".join([item["suite"], *item["components"]])
        lines.append(f"deb [{options}] copy:{base / item['path']} {parts}\n")
    (work / "sources.list").write_text("".join(lines), encoding="utf-8")
    config = _CONFIG.format(
        work=work,
        status=host.path("/var/lib/dpkg/status"),
        extended=host.path("/var/lib/apt/extended_states"),
    )
    (work / "apt.conf").write_text(config, encoding="utf-8")
    return {"APT_CONFIG": str(work / "apt.conf"), "LC_ALL": "C.UTF-8", "TMPDIR": str(work)}


def _missing(printed: str, link: Path, bundle: str) -> list[dict[str, Any]]:
    """Files that apt would fetch and the pool lacks or holds with another size."""
    missing = []
    for uri, name, size in _FILE.findall(printed):
        path = unquote(uri)
        shown = path.replace(str(link), bundle.rstrip("/"), 1)
        try:
            present = os.stat(path).st_size  # noqa: PTH116 -- an URI's path, taken as it is
        except OSError:
            missing.append({"package": name.split("_")[0], "path": shown, "reason": "the file is not there"})
            continue
        if present != int(size):
            reason = f"{present} bytes instead of {size}"
            missing.append({"package": name.split("_")[0], "path": shown, "reason": reason})
    return missing


def _complaint(text: str) -> str:
    """What apt says went wrong: the unmet dependencies where it lists them, and its own E: lines."""
    _, listed, after = text.partition("unmet dependencies:")
    lines = [line.rstrip() for line in (after if listed else text).splitlines() if line.strip()]
    kept = [line for line in lines if line.startswith(("E:", "W:")) or (listed and line.startswith(" "))]
    return "\n".join((kept or lines)[-12:])
