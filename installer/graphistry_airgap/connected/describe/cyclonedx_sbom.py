"""Writes bills of materials; asks for the library of the CycloneDX project before anything is fetched.

Only `bundle build` needs that library: it is an extra of this package and never goes to a host.
"""

from __future__ import annotations

from importlib import metadata, util
from typing import TYPE_CHECKING

from graphistry_airgap.bundle.descriptions import COUNTED
from graphistry_airgap.core.canonical import canonical_json, sha256_hex
from graphistry_airgap.core.errors import HostEnvironmentError
from graphistry_airgap.version import __version__

if TYPE_CHECKING:
    from graphistry_airgap.connected.adapters.cache import Cache
    from graphistry_airgap.connected.describe.sbom import Sbom

LIBRARY = "cyclonedx-python-lib"
# what was written by an older writer is written again; raise it with every change to the document
WRITER = 1


class CycloneDx:
    def __init__(self, cache: Cache) -> None:
        self.cache = cache

    def tools(self) -> dict[str, str]:
        """Name and version of the library."""
        if util.find_spec("cyclonedx") is None:
            raise HostEnvironmentError(
                f"a bundle is built with a list of its contents, which needs the Python package {LIBRARY}",
                code="program-missing",
                hint="install what building needs, too: pip install 'graphistry-airgap[build]'",
                details={"program": LIBRARY, "found": "not installed", "needed": LIBRARY},
            )
        return {LIBRARY: metadata.version(LIBRARY)}

    def render(self, sbom: Sbom) -> bytes:
        """The document; one that was written before comes from the cache."""
        tools = self.tools()
        inputs = [WRITER, __version__, tools, COUNTED, repr(sbom)]
        key = f"sbom {sha256_hex(canonical_json(inputs))}"
        noted = self.cache.note(key)
        if noted and (path := self.cache.find(noted)):
            return path.read_bytes()
        # imported here, for the rest of the tool works without the library
        from graphistry_airgap.connected.describe.cyclonedx_document import render_document  # noqa: PLC0415

        data = render_document(sbom, tools)
        self.cache.write_note(key, self.cache.store(data))
        return data
