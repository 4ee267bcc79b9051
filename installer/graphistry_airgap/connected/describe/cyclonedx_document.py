"""A bill of materials as CycloneDX 1.6 JSON.

The document depends on its content alone: its serial number is the bundle's id, its date the bundle's, and
the order is fixed by the references.  Needs the library of the CycloneDX project.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component as CycloneComponent, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import DisjunctiveLicense, LicenseAcknowledgement, LicenseExpression
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from graphistry_airgap.bundle.descriptions import COUNTED, PREFIX, Kind
from graphistry_airgap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graphistry_airgap.connected.describe.sbom import Component, Sbom

TYPES = {
    Kind.RELEASE: ComponentType.APPLICATION,
    Kind.IMAGE: ComponentType.CONTAINER,
    Kind.FILE: ComponentType.FILE,
}
_LICENCES = LicenseFactory()


def render_document(sbom: Sbom, tools: Mapping[str, str]) -> bytes:
    """Raw bytes of the file, ending in a newline."""
    root = CycloneComponent(
        name="graphistry-airgap bundle",
        type=ComponentType.APPLICATION,
        version=sbom.bundle_id,
        bom_ref="bundle",
        properties=list(_statements(sbom)),
    )
    components = [_component(one) for one in sbom.components]
    bom = Bom(
        components=components,
        dependencies=list(_dependencies(root, components)),
        serial_number=UUID(hex=sbom.bundle_id),
        metadata=BomMetaData(
            component=root,
            timestamp=datetime.fromisoformat(sbom.created),
            tools=ToolRepository(components=list(_tools(tools))),
        ),
    )
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    return f"{text}\n".encode()


def _dependencies(root: CycloneComponent, components: list[CycloneComponent]) -> Iterator[Dependency]:
    """The bundle needs its components, an image what is inside it."""
    yield Dependency(root.bom_ref, [Dependency(one.bom_ref) for one in components])
    for component in components:
        yield Dependency(component.bom_ref, [Dependency(one.bom_ref) for one in component.components])
        yield from (Dependency(one.bom_ref) for one in component.components)


def _statements(sbom: Sbom) -> Iterator[Property]:
    for name, count in sbom.counts().items():
        yield Property(name=f"{PREFIX}count:{name}", value=str(count))
    yield Property(name=f"{PREFIX}counted", value=COUNTED)
    for number, problem in enumerate(sbom.unread, 1):
        yield Property(name=f"{PREFIX}unread:{number}", value=problem)


def _tools(tools: Mapping[str, str]) -> Iterator[CycloneComponent]:
    for name, version in {"graphistry-airgap": __version__, **tools}.items():
        yield CycloneComponent(name=name, version=version, type=ComponentType.APPLICATION)


def _component(one: Component) -> CycloneComponent:
    return CycloneComponent(
        name=one.name,
        type=TYPES.get(one.kind, ComponentType.LIBRARY),
        version=one.version,
        bom_ref=one.ref,
        purl=PackageURL.from_string(one.purl) if one.purl else None,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one.sha256)] if one.sha256 else [],
        licenses=_licences(one.licences),
        properties=list(_properties(one)),
        components=[_component(inside) for inside in one.contents],
    )


def _properties(one: Component) -> Iterator[Property]:
    yield Property(name=f"{PREFIX}kind", value=one.kind)
    if one.database:
        yield Property(name=f"{PREFIX}database", value=one.database)
    if one.path:
        yield Property(name=f"{PREFIX}path", value=one.path)
    for problem in one.problems:
        yield Property(name=f"{PREFIX}unread", value=problem)


@lru_cache
def _licence(name: str) -> DisjunctiveLicense | LicenseExpression:
    return _LICENCES.make_from_string(name, license_acknowledgement=LicenseAcknowledgement.DECLARED)


def _licences(names: tuple[str, ...]) -> list[DisjunctiveLicense | LicenseExpression]:
    """An expression can only stand alone; beside others it is a name."""
    made = [_licence(name) for name in names]
    if len(made) == 1:
        return made
    return [
        DisjunctiveLicense(name=one.value, acknowledgement=one.acknowledgement)
        if isinstance(one, LicenseExpression)
        else one
        for one in made
    ]
