"""Package closures for a target platform, resolved by dnf in an isolated root.

dnf sees nothing of this machine: its own configuration, cache and state, and as repositories the very
partial mirrors that the bundle will hold.  The base, which the bundle need not hold, is the closure of what
the platform names; headers are resolved as if their kernel were installed, because on the host it is.
Each package's own signature is checked when it is fetched.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from graphistry_airgap.bundle.values import NAME, VERSION, like
from graphistry_airgap.connected.packages.apt_release import Package
from graphistry_airgap.connected.packages.closure import Closure
from graphistry_airgap.connected.packages.dnf_metadata import repository_keys
from graphistry_airgap.connected.packages.kernels import nearest_kernels
from graphistry_airgap.connected.packages.repomd import path_inside
from graphistry_airgap.connected.packages.rpm_signature import package_signers, require_rpm
from graphistry_airgap.core.adapters.files import sha256_file
from graphistry_airgap.core.adapters.process import run
from graphistry_airgap.core.canonical import canonical_json, sha256_hex
from graphistry_airgap.core.errors import HostEnvironmentError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphistry_airgap.connected.adapters.cache import Cache
    from graphistry_airgap.connected.adapters.fetch import Fetcher
    from graphistry_airgap.connected.packages.closure import ResolvedRepository, Wanted
    from graphistry_airgap.connected.packages.dnf_metadata import DnfMetadata
    from graphistry_airgap.connected.spec import RepositorySpec
    from graphistry_airgap.knowledge.platforms import Platform

SOLVER = Path(__file__).with_name("dnf_solver.py")
# dnf's library belongs to the system's Python, wherever ours comes from
PYTHON = "/usr/bin/python3"
# what dnf says of a dependency that no repository fulfils
_MISSING = re.compile(r"nothing provides (\S+)")


class DnfClosure:
    def __init__(self, cache: Cache, metadata: DnfMetadata, fetcher: Fetcher) -> None:
        self.cache = cache
        self.metadata = metadata
        self.fetcher = fetcher

    def resolve(self, platform: Platform, repositories: Sequence[RepositorySpec], wanted: Wanted) -> Closure:
        """Fetch the repositories' metadata and resolve the platform's package groups and those wanted."""
        dnf = _dnf_version()
        require_rpm()
        resolved = tuple(self.metadata.resolve(repository) for repository in repositories)
        request = _request(platform, resolved, wanted)
        metadata = [[blob.sha256 for blob in one.metadata] for one in resolved]
        key = f"closure {sha256_hex(canonical_json([request, metadata, dnf, sha256_file(SOLVER)]))}"
        noted = self.cache.note(key)
        if not noted:
            noted = self._solve(request, resolved, platform.elsewhere)
            self.cache.write_note(key, noted)
        groups = {name: tuple(_package(one) for one in group) for name, group in noted["groups"].items()}
        return Closure(resolved, groups, noted["images"], modules=wanted.modules)

    def fetch(self, package: Package, repository: RepositorySpec) -> tuple[str, ...]:
        """Bring one package's file into the cache; fingerprints of the keys that signed it."""
        keys = repository_keys(repository)
        uri = f"{repository.uri}/{quote(package.filename)}"
        path = self.fetcher.pinned(uri, sha256=package.sha256, size=package.size)
        note = f"signers {package.sha256} {sha256_hex(keys.usable)}"
        noted = self.cache.note(note)
        if noted is None:
            noted = package_signers(path, keys, name=Path(package.filename).name)
            self.cache.write_note(note, noted)
        return tuple(noted)

    def _solve(
        self,
        request: dict[str, Any],
        resolved: Sequence[ResolvedRepository],
        elsewhere: Mapping[str, str],
    ) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="graphistry-airgap-") as name:
            workspace = Path(name)
            for repository in resolved:
                self._write_mirror(workspace / "mirror" / repository.spec.name, repository)
            # -I and a home of its own: nothing of whoever builds, neither modules nor rpm macros
            outcome = run(
                [PYTHON, "-I", str(SOLVER), name],
                env={"HOME": name},
                stdin=json.dumps(request),
                cwd=workspace,
            )
        try:
            answer: dict[str, Any] = json.loads(outcome.stdout)
        except ValueError:
            raise HostEnvironmentError(
                outcome.refusal("dnf gave no answer"),
                code="dnf-failed",
                hint="what it said names the cause; a full /tmp is a usual one",
            ) from None
        if "problem" in answer:
            _refuse(answer, elsewhere)
        return answer

    def _write_mirror(self, mirror: Path, repository: ResolvedRepository) -> None:
        for blob in repository.metadata:
            held = self.cache.find(blob.sha256)
            assert held is not None  # noqa: S101 (fetched a moment ago)
            target = mirror / blob.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(held, target)


def _dnf_version() -> str:
    outcome = run([PYTHON, "-I", "-c", "import dnf; print(dnf.VERSION)"])
    if not outcome.ok:
        raise HostEnvironmentError(
            outcome.refusal(f"dnf's library for {PYTHON} is needed and was not found"),
            code="program-missing",
            hint="install the packages python3-dnf and rpm (so named on Debian and on RHEL)",
            details={"program": "dnf", "package": "python3-dnf"},
        )
    return outcome.stdout.strip()


def _request(platform: Platform, resolved: Sequence[ResolvedRepository], wanted: Wanted) -> dict[str, Any]:
    return {
        "architecture": platform.architecture,
        "release": platform.version,
        "module_platform": f"platform:el{platform.version}",
        "repositories": [one.spec.name for one in resolved],
        "modules": list(wanted.modules),
        "base": list(platform.base),
        "groups": platform.groups | wanted.groups,
        "driver_branch": wanted.driver_branch,
        "kernels": {kernel: asdict(roots) for kernel, roots in wanted.kernels.items()},
    }


def _package(entry: dict[str, Any]) -> Package:
    kind, digest = entry["checksum"]
    try:
        filename = path_inside(entry["filename"])
        # what no bundle.json may hold
        for key, pattern in (("name", NAME), ("version", VERSION), ("architecture", NAME)):
            like(pattern, entry[key])
        if kind != "sha256":
            raise ValueError(f"it has a checksum of type {kind}, not sha256")
    except ValueError as error:
        raise InputError(
            f"repository {entry['repository']} describes {entry['name']!r} unusably: {error}",
            code="repository-metadata",
            hint="name another mirror of this repository in the spec",
        ) from None
    known = {name: value for name, value in entry.items() if name != "checksum"}
    return Package(**{**known, "filename": filename}, sha256=digest)


def _refuse(answer: dict[str, Any], elsewhere: Mapping[str, str]) -> NoReturn:
    """`elsewhere`: packages that are in other repositories than one would think, and in which."""
    said = answer.get("said", "").strip()
    match answer["problem"]:
        case "metadata":
            raise InputError(
                f"{said}\ndnf does not accept the repositories' metadata",
                code="repository-metadata",
                hint="check the uri of the repository in the spec, or name another mirror",
            )
        case "modules":
            raise InputError(
                f"{said}\nthe module streams of the spec cannot be enabled",
                code="module-unavailable",
                hint=f"streams that the repositories hold: {', '.join(answer['there']) or 'none'}",
                details={"streams": answer["there"]},
            )
        case "base":
            raise InputError(
                f"{said}\nthe repositories of the spec do not hold the platform's base",
                code="platform-base-missing",
                hint="add the distribution's own repositories (BaseOS and AppStream) to the spec",
            )
        case "kernel":
            _refuse_kernel(answer)
        case _:
            lacking = {*answer["wanted"], *_MISSING.findall(said)}
            places = [f"; {name} is in {place}" for name, place in elsewhere.items() if name in lacking]
            raise InputError(
                f"{said}\n{', '.join(answer['wanted'])} cannot be resolved",
                code="package-unresolvable",
                hint="add the repository that holds what is missing, or the module stream that offers it, to "
                f"the spec{''.join(places)}",
                details={"packages": answer["wanted"]},
            )


def _refuse_kernel(answer: dict[str, Any]) -> NoReturn:
    """Old kernels leave the repositories; say which ones of the same flavour are still there."""
    nearest = [f"{answer['stem']}-{name}" for name in nearest_kernels(answer["kernel"], answer["known"])]
    raise InputError(
        f"no repository of the spec holds {' and '.join(answer['missing'])}",
        code="kernel-unavailable",
        hint=f"nearest of this flavour: {', '.join(nearest) or 'none'}; bring the hosts to such a kernel, or "
        "name a repository that still holds theirs",
        details={"kernel": answer["kernel"], "missing": answer["missing"], "nearest": nearest},
    )
