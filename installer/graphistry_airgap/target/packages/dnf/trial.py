"""The package transaction, tried on the real host without changing it.

dnf reads the host's package database, but its settings, lists and caches lie in a temporary directory
and it knows the bundle's repositories alone.  Such a mirror advertises packages that it does not hold,
so each file is looked for, and rpm is asked whether one of the repository's own keys has signed it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ...host import refusal
from ..model import PackageError
from ..trial import answer, work_directory
from . import (
    keys as rpm_keys,
    settings as dnf_settings,
    source as dnf_source,
    told as packages_told,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...host.machine import Host

ENVIRONMENT = {"LC_ALL": "C.UTF-8", "NEEDRESTART_SUSPEND": "1"}
_GOING = ("Removing", "Downgrading")
_ROW = re.compile(r"^ (\S+)(?:\s+(\S+)\s+(\S+)\s.*)?$")
_REPLACED = re.compile(r"^ {2,}replacing +(\S+?)\.\S+ ")
# no setting moves this folder, where dnf enables the default stream of what it installs, and refuses another
_WITHOUT_STREAMS = 'mount -t tmpfs none /etc/dnf/modules.d && exec dnf "$@"'
_NOT_AGREED = "Operation aborted."


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
        sources = tuple(dnf_source.Repository.read(entry) for entry in repositories)
        medium = dnf_source.Medium(Path(bundle), sources, digests)
        medium.lay_out(work)
        (work / "dnf.conf").write_bytes(dnf_source.config(work, sources))
        return _simulate(host, work / "dnf.conf", medium, packages)


def _simulate(
    host: Host, config: Path, medium: dnf_source.Medium, packages: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    status, out, err = run(host, config, "--quiet", "makecache")
    if status:
        return answer(index_error=complaint(out, err))
    status, out, err = run(host, config, "--assumeno", "install", *map(nevra, packages))
    if _NOT_AGREED not in err and "Nothing to do." not in out:
        return answer(conflict=complaint(out, err))
    coming, going = read_table(out)
    return answer(
        installed=sorted({name for name, _ in coming}),
        removed=going,
        conflict=_touches_held(host, coming, packages),
        **_judge_files(host, config, medium, coming),
    )


def run(host: Host, config: Path, *words: str) -> tuple[int, str, str]:
    answer = [] if "--assumeno" in words else ["--assumeyes"]
    # dnf looks the host's own name up whenever it starts; neither it nor packages' scripts get a network
    own_world = ["unshare", "--net", "--mount", "sh", "-c", _WITHOUT_STREAMS, "dnf"]
    done = host.run(
        [*own_world, f"--config={config}", *answer, *words],
        {**ENVIRONMENT, "TMPDIR": os.fspath(config.parent)},
    )
    # GnuPG starts agents for dnf's check of metadata, and a run has not ended while they live
    for ring in config.parent.glob("lists/*/pubring"):
        host.run(["env", "gpgconf", "--homedir", os.fspath(ring), "--kill", "all"], ENVIRONMENT)
    return done


def nevra(package: Mapping[str, str]) -> str:
    architecture = package.get("architecture") or ""
    return f"{package['name']}-{package['version']}" + (f".{architecture}" if architecture else "")


def read_table(output: str) -> tuple[list[tuple[str, str]], list[str]]:
    """What dnf would bring, as (name, name-version.arch), and the names of what would go."""
    coming, going, section, name = [], [], "", ""
    for line in output.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            section = line
        elif replaced := _REPLACED.match(line):
            going.append(replaced[1])
        elif section and (row := _ROW.match(line if not name else f" {name} {line.strip()}")):
            # a long name has a line of its own, and the rest follows on the next
            name = "" if row[2] else row[1]
            if name:
                continue
            if section.startswith(_GOING):
                going.append(row[1])
            else:
                coming.append((row[1], f"{row[1]}-{row[3]}.{row[2]}"))
        elif not line.strip():
            section = ""
    return coming, sorted(set(going))


def locations(host: Host, config: Path, names: Sequence[str]) -> list[str]:
    """Paths of packages, wherever the settings' repositories lie."""
    if not names:
        return []
    status, out, err = run(host, config, "--quiet", "repoquery", "--available", "--location", *names)
    if status:
        raise PackageError(
            refusal.told("dnf cannot say where the packages lie", complaint(out, err)),
            code="repository-unreadable",
            hint="run `graphistry-airgap bundle verify` on the bundle",
        )
    return [unquote(urlsplit(line).path) for line in out.split()]


def complaint(out: str, error: str) -> str:
    """What dnf says went wrong, and after it what it and the packages' scripts said before; no progress."""
    before, begin, after = f"{out}\n{error}".partition("Error:")
    lines = [line.rstrip() for line in f"{begin}{after}\n{before}".splitlines() if line.strip()]
    hints = ("(try to add", "Last metadata", "Unable to detect release")
    return "\n".join(line for line in lines if not line.startswith(hints))


def _touches_held(host: Host, coming: Sequence[tuple[str, str]], wanted: Sequence[Mapping[str, str]]) -> str:
    """Held packages that are wanted by name are findings of their own."""
    settings = dnf_settings.Settings.of(host)
    own = {item["name"] for item in wanted}
    held = sorted(
        name
        for name, full in coming
        if name not in own and settings.bar(name, *full.removeprefix(f"{name}-").rpartition(".")[::2])
    )
    return f"it would change what versionlock or excludes hold: {', '.join(held)}" if held else ""


def _judge_files(
    host: Host, config: Path, medium: dnf_source.Medium, coming: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    missing: list[dict[str, str]] = []
    refused: list[dict[str, str]] = []
    state = config.parent
    present: list[str] = []
    paths = locations(host, config, [full for _, full in coming])
    for repository in medium.repositories:
        prefix = f"{dnf_source.place(state, repository)}/"
        own = [
            os.fspath(medium.bundle / medium.original(path, state))
            for path in paths
            if path.startswith(prefix)
        ]
        there = [path for path in own if Path(path).is_file()]
        missing += [_row(path, "the file is not there") for path in own if path not in there]
        present += there
        keys = [dnf_source.key_file(state, path) for path in repository.package_keys]
        with rpm_keys.ring(host, keys, state) as ring:
            refused += [_row(path, reason) for path, reason in ring.refused(there).items()]
    told = packages_told.of_files(host, present)
    return {
        "missing_files": missing,
        "refused_files": refused,
        "without_sha256": [f"{one.name} {one.version}" for one in told if not one.sha256],
        "streams": list(_other_streams(host, told)),
    }


def _other_streams(host: Host, told: Sequence[packages_told.Told]) -> Iterator[dict[str, str]]:
    """Modules of which the host keeps to another stream than what comes is of."""
    coming = {one.module: one.stream for one in told if one.module}
    for module, (enabled, file) in packages_told.enabled_streams(host).items():
        if coming.get(module, enabled) != enabled:
            yield {"module": module, "stream": coming[module], "enabled": enabled, "file": file}


def _row(path: str, reason: str) -> dict[str, str]:
    return {"package": Path(path).name.rpartition("-")[0].rpartition("-")[0], "path": path, "reason": reason}
