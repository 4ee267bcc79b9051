"""The software bill of materials: what a bundle brings, and what is inside the images it brings.

Components here are plain values; an adapter writes them as CycloneDX.  Counts are of components, so that
whoever counts the document again must come to the same numbers.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphistry_airgap.bundle import layout
from graphistry_airgap.bundle.descriptions import Kind
from graphistry_airgap.bundle.manifest import blob_path
from graphistry_airgap.connected.describe import purl
from graphistry_airgap.connected.images import package_databases
from graphistry_airgap.connected.vgpu import vgpu

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from graphistry_airgap.bundle.images import Image
    from graphistry_airgap.connected.assembly import Content
    from graphistry_airgap.connected.images.contents import Contents
    from graphistry_airgap.connected.images.package_databases import Entry
    from graphistry_airgap.connected.runtime.interpreter import Interpreter
    from graphistry_airgap.knowledge.platforms import Platform


@dataclass(frozen=True)
class Component:
    """`ref` is its name inside the document; `path` where the bundle, or the image, has it."""

    kind: Kind
    ref: str
    name: str
    version: str
    purl: str = ""
    sha256: str = ""
    licences: tuple[str, ...] = ()
    path: str = ""
    database: str = ""
    problems: tuple[str, ...] = ()
    contents: tuple[Component, ...] = ()


@dataclass(frozen=True)
class Sbom:
    bundle_id: str
    created: str
    components: tuple[Component, ...]

    def counts(self) -> dict[str, int]:
        """Components by kind, and those inside images by database, too."""
        inside = [one for component in self.components for one in component.contents]
        kinds = Counter(str(one.kind) for one in (*self.components, *inside))
        found = {str(kind): kinds[kind] for kind in Kind}
        bases = Counter(one.database for one in inside)
        return found | {f"{Kind.CONTENT}:{name}": bases[name] for name in sorted(bases)}

    @property
    def unread(self) -> list[str]:
        """Package databases that are in images and could not be read."""
        return [
            f"{component.name}: {problem}" for component in self.components for problem in component.problems
        ]


def sbom_of(
    content: Content, contents: Mapping[str, Contents], licences: Mapping[str, Sequence[str]]
) -> Sbom:
    """`contents` by the config digest of an image, `licences` by the sha256 of a package or wheel."""
    lock = content.lock()
    components = _components(content, contents, licences)
    return Sbom(lock.bundle_id, lock.created, tuple(sorted(components, key=lambda one: one.ref)))


def _components(
    content: Content, contents: Mapping[str, Contents], licences: Mapping[str, Sequence[str]]
) -> Iterator[Component]:
    version = content.release.version
    yield Component(
        Kind.RELEASE,
        "release",
        "graphistry",
        version,
        purl.purl("generic", "", "graphistry", version),
        path=layout.RELEASE,
    )
    for platform in content.platforms:
        yield from _packages(content, platform, licences)
        for wheel in content.wheels[platform.name]:
            yield Component(
                Kind.WHEEL,
                f"wheel/{platform.name}/{wheel.name}",
                wheel.name,
                wheel.version,
                purl.purl("pypi", "", wheel.name, wheel.version),
                wheel.sha256,
                tuple(licences.get(wheel.sha256, ())),
                f"{layout.runtime(platform.name)}/{wheel.filename}",
            )
        if own := content.interpreters.get(platform.name):
            yield from _interpreter(own, platform)
        carried = content.vgpus.get(platform.name)
        if carried and carried.driver:
            file, path = carried.driver.file, vgpu.path(platform.name, carried.driver.file)
            version = carried.driver.version
            yield Component(Kind.FILE, f"file/{path}", file.name, version, sha256=file.sha256, path=path)
    for image in content.images:
        yield _image(image, contents[image.config])


def _interpreter(own: Interpreter, platform: Platform) -> Iterator[Component]:
    """OpenSSL stands beside it, as it is a matter of its own; the rest of what was linked in nobody lists."""
    ref, path = f"interpreter/{platform.name}", layout.interpreter(platform.name)
    problems = ["what else it was built with, because its archive has no list of that"]
    if not own.openssl:
        problems.append("its OpenSSL, because none of its files tells a version")
    yield Component(
        Kind.INTERPRETER,
        ref,
        "cpython",
        own.version,
        purl.purl("generic", "", "cpython", own.version),
        own.sha256,
        own.licences,
        path,
        problems=tuple(problems),
    )
    for version in own.openssl:
        # 3.0 came with another licence than what was before
        licences = () if version.startswith(("0.", "1.")) else ("Apache-2.0",)
        yield Component(
            Kind.INTERPRETER,
            f"{ref}/openssl@{version}",
            "openssl",
            version,
            purl.purl("generic", "", "openssl", version),
            licences=licences,
            path=path,
        )


def _packages(
    content: Content, platform: Platform, licences: Mapping[str, Sequence[str]]
) -> Iterator[Component]:
    distribution, _, release = platform.name.partition("-")
    written = purl.rpm if platform.package_system == "dnf" else purl.deb
    for package in content.closures[platform.name].packages:
        yield Component(
            Kind.PACKAGE,
            f"package/{platform.name}/{package.name}:{package.architecture}@{package.version}",
            package.name,
            package.version,
            written(distribution, release, package.name, package.version, package.architecture),
            package.sha256,
            tuple(licences.get(package.sha256, ())),
            f"{layout.repository(platform.name, package.repository)}/{package.filename}",
        )


def _image(image: Image, contents: Contents) -> Component:
    digest, ref = image.descriptor()["digest"], f"image/{image.name}"
    inside = tuple(_inside(ref, contents, database, entry) for database, entry in contents.entries)
    return Component(
        Kind.IMAGE,
        ref,
        image.name,
        digest,
        purl.oci(image.name, digest),
        digest.removeprefix("sha256:"),
        path=blob_path(digest),
        problems=contents.unread,
        contents=inside,
    )


def _inside(ref: str, contents: Contents, database: str, entry: Entry) -> Component:
    return Component(
        Kind.CONTENT,
        f"{ref}#{database}/{entry.place or f'{entry.name}:{entry.architecture}@{entry.version}'}",
        entry.name,
        entry.version,
        _purl_inside(contents, database, entry),
        licences=entry.licences,
        path=entry.place,
        database=database,
    )


def _purl_inside(contents: Contents, database: str, entry: Entry) -> str:
    distribution, release = contents.distribution or "unknown", contents.release
    name, version, architecture = entry.name, entry.version, entry.architecture
    if database == package_databases.DPKG:
        return purl.deb(distribution, release, name, version, architecture)
    if database == package_databases.RPM:
        return purl.rpm(distribution, release, name, version, architecture)
    if database == package_databases.APK:
        return purl.purl("apk", distribution, name, version, arch=architecture, distro=release)
    if database == package_databases.NODE:
        scope, _, short = name.rpartition("/")
        return purl.purl("npm", scope, short, version)
    return purl.purl(
        "pypi" if database == package_databases.PYTHON else "conda", "", name, version, **dict(entry.more)
    )
