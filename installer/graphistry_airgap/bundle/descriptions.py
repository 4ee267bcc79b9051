"""Names and words of what describes a bundle: the bill of materials and the provenance."""

from __future__ import annotations

from enum import StrEnum

PROVENANCE = "provenance.json"

SBOM = "sbom.cdx.json"
PREFIX = "graphistry-airgap:"
COUNTED = (
    "release: 1; package: each package file below packages/; wheel: each wheel below runtime/; interpreter:"
    " each Python below runtime/, and the OpenSSL that is in it; file: each vGPU guest driver below vgpu/;"
    " image: each name in images/index.json; image-content: each entry of the package databases in an image's"
    " file system after all of its layers, counted in every image that has it (dpkg: installed packages; apk;"
    " rpm; python: dist-info and egg-info; node: node_modules; conda: conda-meta). A Python distribution that"
    " an OS package brought stands in both databases. What no database lists is not here."
)


class Kind(StrEnum):
    RELEASE = "release"
    PACKAGE = "package"
    WHEEL = "wheel"
    INTERPRETER = "interpreter"
    FILE = "file"
    IMAGE = "image"
    CONTENT = "image-content"
