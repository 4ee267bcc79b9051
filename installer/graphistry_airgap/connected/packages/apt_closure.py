"""Package closures for a target platform, resolved by apt in an isolated root.

apt sees nothing of this machine: its own configuration, lists, status and key per
repository, and as sources the very partial mirrors that the bundle will hold.  So
what apt accepts here it accepts on the target too.  The base, which the bundle
need not hold, is the closure of all packages that the platform itself requires.
What belongs to a kernel (headers, ready-made modules) is resolved as if its image
were installed, because on the target it is: what only the image needs stays out.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from graphistry_airgap.bundle import values
from graphistry_airgap.bundle.driver import headers_group
from graphistry_airgap.connected.packages import apt_index
from graphistry_airgap.connected.packages.apt_release import Package
from graphistry_airgap.connected.packages.closure import Closure
from graphistry_airgap.connected.packages.kernels import nearest_kernels
from graphistry_airgap.connected.packages.repomd import path_inside
from graphistry_airgap.core.adapters.process import Outcome, require, run
from graphistry_airgap.core.canonical import canonical_json, sha256_hex
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphistry_airgap.connected.adapters.cache import Cache
    from graphistry_airgap.connected.adapters.fetch import Fetcher
    from graphistry_airgap.connected.packages.apt_metadata import AptMetadata
    from graphistry_airgap.connected.packages.closure import KernelRoots, ResolvedRepository, Wanted
    from graphistry_airgap.connected.spec import RepositorySpec
    from graphistry_airgap.knowledge.platforms import Platform

PRINTED = re.compile(r"^'(?P<uri>copy:[^']+)' (?P<file>\S+) (?P<size>\d+) SHA256:(?P<sha256>[0-9a-f]{64})$")

# Ubuntu gives an update to a part of its hosts first, chosen by their machine-id, which must not decide here
CONFIGURATION = """\
Dir "{root}/";
Dir::State::lists "lists";
Dir::State::status "{root}/status";
Dir::Cache "cache";
Dir::State "";
Dir::Etc "etc";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Get::Upgrade-By-Source-Package "false";
APT::Get::Always-Include-Phased-Updates "true";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::ForceHash "SHA256";
"""
# NVIDIA's own repository holds many branches beside each other, and apt would take the newest. By version
# alone, as a branch's packages differ, and nothing else has a version like 580.126.20
BRANCH = """\
Package: /^/
Pin: version {branch}.*
Pin-Priority: 1000
"""
# two vendors' packages of a branch have the same names, and fit together with their own alone. The first
# entry that fits a version counts
NOT_FROM = """\
Package: /nvidia.*-{branch}/
Pin: release o={origin}
Pin-Priority: -1

"""


class AptClosure:
    def __init__(self, cache: Cache, metadata: AptMetadata, fetcher: Fetcher) -> None:
        self.cache = cache
        self.metadata = metadata
        self.fetcher = fetcher

    def resolve(
        self,
        platform: Platform,
        repositories: Sequence[RepositorySpec],
        wanted: Wanted,
    ) -> Closure:
        """Fetch the repositories' metadata and resolve the platform's package groups and those wanted."""
        require("apt-get", package="apt")
        resolved = tuple(
            self.metadata.resolve(repository, architecture=platform.architecture)
            for repository in repositories
        )
        key = _closure_key(platform, resolved, wanted)
        noted = self.cache.note(key)
        if not noted:
            noted = self._resolve(platform, resolved, wanted)
            self.cache.write_note(key, noted)
        found = {name: tuple(Package(**one) for one in group) for name, group in noted["groups"].items()}
        return Closure(resolved, found, noted["kernel_images"])

    def _resolve(
        self,
        platform: Platform,
        resolved: Sequence[ResolvedRepository],
        wanted: Wanted,
    ) -> dict[str, Any]:
        # not in the cache: a source list cannot name a key whose path has a blank
        with tempfile.TemporaryDirectory(prefix="graphistry-airgap-") as workspace:
            root = _AptRoot.create(Path(workspace), platform.architecture, resolved, self.cache)
            root.prefer(wanted.driver_branch, wanted.not_from)
            root.install_base()
            found = {}
            preferred = {name: roots for name, roots in platform.preferred.items() if root.holds(roots)}
            for name, roots in sorted((platform.groups | preferred | wanted.groups).items()):
                file = [str(wanted.files[name].source)] if name in wanted.files else []
                found[name] = root.closure([*roots, *file])
            images = {}
            for kernel, packages in sorted(wanted.kernels.items()):
                groups, images[kernel] = root.of_kernel(kernel, packages)
                found |= groups
        return {
            "groups": {name: [asdict(package) for package in group] for name, group in found.items()},
            "kernel_images": images,
        }

    def fetch(self, package: Package, repository: RepositorySpec) -> tuple[str, ...]:
        """Bring one package's file into the cache; it carries no signature of its own."""
        uri = f"{repository.uri}/{quote(package.filename)}"
        self.fetcher.pinned(uri, sha256=package.sha256, size=package.size)
        return ()


def _closure_key(
    platform: Platform,
    resolved: Sequence[ResolvedRepository],
    wanted: Wanted,
) -> str:
    """Equal for equal metadata, order of repositories, wanted groups, apt and its settings."""
    repositories = [
        [
            one.spec.name,
            one.spec.suite,
            one.spec.components,
            one.keyring.sha256,
            [b.sha256 for b in one.metadata],
        ]
        for one in resolved
    ]
    apt = run(["apt-get", "--version"]).stdout.partition("\n")[0]
    files = {group: file.sha256 for group, file in wanted.files.items()}
    kernels = {kernel: asdict(roots) for kernel, roots in wanted.kernels.items()}
    groups = [platform.groups, platform.preferred, wanted.groups, wanted.driver_branch, wanted.not_from]
    inputs = [platform.name, platform.architecture, groups, files, kernels, repositories, apt, CONFIGURATION]
    return f"closure {sha256_hex(canonical_json(inputs))}"


@dataclass(frozen=True)
class _AptRoot:
    root: Path
    mirrors: tuple[Path, ...]

    @classmethod
    def create(
        cls, root: Path, architecture: str, repositories: Sequence[ResolvedRepository], cache: Cache
    ) -> _AptRoot:
        for folder in ("etc/apt.conf.d", "etc/preferences.d", "etc/sources.list.d", "lists/partial"):
            (root / folder).mkdir(parents=True)
        (root / "cache/archives/partial").mkdir(parents=True)
        (root / "status").touch()
        (root / "apt.conf").write_text(CONFIGURATION.format(root=root, architecture=architecture))
        lines, mirrors = [], []
        for repository in repositories:
            name, suite = repository.spec.name, repository.spec.suite
            mirrors.append(root / "mirror" / name)
            _write_mirror(mirrors[-1], repository, cache)
            key = root / f"{name}.gpg"
            shutil.copyfile(_held(cache, repository.keyring.sha256), key)
            options = f"arch={architecture} signed-by={key} check-valid-until=no"
            components = " ".join(repository.spec.components)
            lines.append(f"deb [{options}] copy:{quote(str(mirrors[-1]))} {suite} {components}\n")
        (root / "etc/sources.list").write_text("".join(lines))
        made = cls(root, tuple(mirrors))
        made.update()
        return made

    def update(self) -> None:
        outcome = self._apt("apt-get", "update", "--error-on=any")
        if not outcome.ok:
            raise InputError(
                f"{self._words(outcome)}\napt does not accept the repositories' metadata",
                code="repository-metadata",
                hint="check suite, components and signed_by of the repositories in the spec",
            )

    def prefer(self, branch: str, not_from: Sequence[str]) -> None:
        """Take a driver of this branch, if any repository has one, and none of these vendors'."""
        if branch:
            text = "".join(NOT_FROM.format(branch=branch, origin=origin) for origin in not_from)
            (self.root / "etc/preferences.d/driver").write_text(text + BRANCH.format(branch=branch))

    def install_base(self) -> None:
        """Write a dpkg status in which the platform's required packages and their closure are installed."""
        required = sorted({name for mirror in self.mirrors for name in apt_index.required_names(mirror)})
        if not required:
            raise InputError(
                "no repository of the spec holds the platform's required packages",
                code="platform-base-missing",
                hint="add the distribution's own main repository to the spec",
            )
        self._set_status(self.closure(required))

    def holds(self, names: Sequence[str]) -> bool:
        """Whether the repositories have every one of these packages."""
        return all(name in self._apt("apt-cache", "pkgnames", name).stdout.split() for name in names)

    def of_kernel(self, kernel: str, roots: KernelRoots) -> tuple[dict[str, list[Package]], str]:
        """Closures over base and kernel image, by group, and that image's version.

        Of ready-made modules those that are there; headers, where anything is left to build.
        """
        wanted = {group: names for group, names in roots.prebuilt.items() if self.holds(names[-1:])}
        left = roots.builds or not wanted or len(wanted) < len(roots.prebuilt)
        listed = {
            group: names for group, names in roots.groups.items() if left or group != headers_group(kernel)
        }
        self._require_kernel(kernel, [*(name for names in listed.values() for name in names), roots.image])
        wanted |= listed
        base = (self.root / "status").read_text(encoding="utf-8")
        try:
            image = self.closure([roots.image])
            self._set_status(image, over=base)
            version = next(package.version for package in image if package.name == roots.image)
            return {group: self.closure(names) for group, names in wanted.items()}, version
        finally:
            (self.root / "status").write_text(base, encoding="utf-8")

    def _require_kernel(self, kernel: str, names: Sequence[str]) -> None:
        """Old kernels leave the repositories; say which ones of the same flavour are still there."""
        absent = [name for name in names if not self.holds([name])]
        if not absent:
            return
        prefix = absent[0].removesuffix(kernel)
        there = self._apt("apt-cache", "pkgnames", prefix).stdout.split()
        known = [name.removeprefix(prefix) for name in there if name.startswith(prefix)]
        nearest = [f"{prefix}{name}" for name in nearest_kernels(kernel, known)]
        raise InputError(
            f"no repository of the spec holds {' and '.join(absent)}",
            code="kernel-unavailable",
            hint=f"nearest of this flavour: {', '.join(nearest) or 'none'}; bring the hosts to such a "
            "kernel, or name a repository that still holds theirs",
            details={"kernel": kernel, "missing": absent, "nearest": nearest},
        )

    def _set_status(self, packages: Sequence[Package], *, over: str = "") -> None:
        """Write a dpkg status in which these packages are installed."""
        exact = [f"{package.name}={package.version}" for package in packages]
        shown = self._apt("apt-cache", "show", *exact)
        installed = "".join(
            f"{stanza.strip()}\nStatus: install ok installed\n\n"
            for stanza in shown.stdout.split("\n\n")
            if stanza.strip()
        )
        (self.root / "status").write_text(over + installed, encoding="utf-8")

    def closure(self, roots: Sequence[str]) -> list[Package]:
        """The packages that installing `roots` over the current status would bring, sorted."""
        outcome = self._apt("apt-get", "install", "--print-uris", "--yes", *roots)
        if not outcome.ok:
            raise InputError(
                f"{self._words(outcome)}\n{_named(roots)} cannot be resolved",
                code="package-unresolvable",
                hint="add the repository that holds what is missing to the spec",
                details={"packages": list(roots)},
            )
        found = [
            self._package(match) for line in outcome.stdout.splitlines() if (match := PRINTED.match(line))
        ]
        return sorted(found, key=lambda package: package.name)

    def _package(self, match: re.Match[str]) -> Package:
        path = Path(unquote(match["uri"].removeprefix("copy:"))).relative_to(self.root / "mirror")
        repository, *inside = path.parts
        try:
            name, version, rest = unquote(match["file"]).split("_")
            return Package(
                # what no bundle.json may hold
                name=values.like(values.NAME, name),
                version=values.like(values.VERSION, version),
                architecture=values.like(values.NAME, rest.removesuffix(".deb")),
                repository=repository,
                filename=path_inside("/".join(inside)),
                size=int(match["size"]),
                sha256=match["sha256"],
            )
        except ValueError as error:
            raise InputError(
                f"repository {repository} describes {match['file']!r:.80} unusably: {error}",
                code="repository-metadata",
                hint="name another mirror of this repository in the spec",
            ) from None

    def _apt(self, program: str, *arguments: str) -> Outcome:
        return run([program, *arguments], env={"APT_CONFIG": str(self.root / "apt.conf")})

    def _words(self, outcome: Outcome) -> str:
        """apt's errors, and the dependencies that it lists on stdout."""
        unmet = outcome.stdout.partition("unmet dependencies:")[2].split("\n")
        said = [line.rstrip() for line in [*unmet, *outcome.stderr.splitlines()] if line.strip()]
        return "\n".join(said).replace(f"{self.root}/mirror/", "")


def _named(roots: Sequence[str]) -> str:
    return ", ".join(roots) if len(roots) < 10 else "the platform's required packages"


def _write_mirror(mirror: Path, repository: ResolvedRepository, cache: Cache) -> None:
    for blob in repository.metadata:
        target = mirror / blob.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_held(cache, blob.sha256), target)


def _held(cache: Cache, sha256: str) -> Path:
    path = cache.find(sha256)
    assert path is not None  # noqa: S101 (resolving has put it there)
    return path
