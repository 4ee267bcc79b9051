"""The CycloneDX document: valid by the library's strict schema, equal for equal content, nested, counted."""

import json
from importlib import util

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from graphistry_airgap.bundle.contents import sbom_lines, summarize_sbom
from graphistry_airgap.bundle.descriptions import Kind
from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.describe.cyclonedx_sbom import CycloneDx
from graphistry_airgap.connected.describe.sbom import Component, Sbom
from graphistry_airgap.core.errors import BundleError, HostEnvironmentError

DIGEST = "a" * 64
INSIDE = tuple(
    Component(
        Kind.CONTENT,
        f"image/demo:1#dpkg/{name}:amd64@1",
        name,
        "1",
        f"pkg:deb/debian/{name}@1?arch=amd64&distro=debian-13",
        licences=licences,
        database="dpkg",
    )
    for name, licences in (("bash", ("GPL-3.0-or-later",)), ("perl", ("GPL-1.0-or-later OR Artistic-1.0",)))
)
SBOM = Sbom(
    "0123456789abcdef0123456789abcdef",
    "2026-11-20T08:00:00Z",
    (
        Component(
            Kind.IMAGE,
            "image/demo:1",
            "demo:1",
            f"sha256:{DIGEST}",
            f"pkg:oci/demo@sha256:{DIGEST}",
            DIGEST,
            path="images/blobs/sha256/x",
            problems=("var/lib/rpm/Packages: not read",),
            contents=INSIDE,
        ),
        Component(
            Kind.PACKAGE,
            "package/debian-13/libc6:amd64@2.41",
            "libc6",
            "2.41",
            "pkg:deb/debian/libc6@2.41?arch=amd64&distro=debian-13",
            DIGEST,
            ("LGPL-2.1-or-later", "MIT AND BSD-3-Clause", "Sun's own"),
        ),
        Component(Kind.RELEASE, "release", "graphistry", "v2", "pkg:generic/graphistry@v2"),
    ),
)


@pytest.fixture
def writer(tmp_path):
    return CycloneDx(Cache(tmp_path / "cache"))


def test_document_is_valid_and_says_what_it_counts(writer):
    raw = writer.render(SBOM)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(raw.decode()) is None
    document = json.loads(raw)
    assert document["serialNumber"] == "urn:uuid:01234567-89ab-cdef-0123-456789abcdef"
    assert document["metadata"]["timestamp"] == "2026-11-20T08:00:00+00:00"
    stated = {one["name"]: one["value"] for one in document["metadata"]["component"]["properties"]}
    assert stated["graphistry-airgap:count:image-content"] == "2"
    assert stated["graphistry-airgap:count:image-content:dpkg"] == "2"
    assert stated["graphistry-airgap:count:package"] == "1"
    assert "each entry of the package databases" in stated["graphistry-airgap:counted"]
    assert stated["graphistry-airgap:unread:1"] == "demo:1: var/lib/rpm/Packages: not read"


def test_contents_are_inside_their_image_and_in_the_graph(writer):
    document = json.loads(writer.render(SBOM))
    image = next(one for one in document["components"] if one["type"] == "container")
    assert [one["name"] for one in image["components"]] == ["bash", "perl"]
    graph = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    assert graph["bundle"] == ["image/demo:1", "package/debian-13/libc6:amd64@2.41", "release"]
    assert graph["image/demo:1"] == [one.ref for one in INSIDE]
    assert graph[INSIDE[0].ref] == []


def test_licences_are_identifiers_expressions_or_names(writer):
    document = json.loads(writer.render(SBOM))
    by_name = {one["name"]: one for one in document["components"]}
    image, package = by_name["demo:1"], by_name["libc6"]
    assert image["components"][0]["licenses"] == [
        {"license": {"acknowledgement": "declared", "id": "GPL-3.0-or-later"}}
    ]
    assert image["components"][1]["licenses"][0]["expression"] == "GPL-1.0-or-later OR Artistic-1.0"
    named = [one["license"].get("id") or one["license"]["name"] for one in package["licenses"]]
    assert sorted(named) == ["LGPL-2.1-or-later", "MIT AND BSD-3-Clause", "Sun's own"]


def test_equal_content_gives_equal_bytes_and_is_written_once(writer, tmp_path, monkeypatch):
    first = writer.render(SBOM)
    assert CycloneDx(Cache(tmp_path / "other")).render(SBOM) == first
    monkeypatch.setattr("graphistry_airgap.connected.describe.cyclonedx_document.render_document", None)
    assert writer.render(SBOM) == first


def test_without_the_library(writer, monkeypatch):
    monkeypatch.setattr(util, "find_spec", lambda _: None)
    with pytest.raises(HostEnvironmentError, match="cyclonedx-python-lib") as caught:
        writer.tools()
    assert caught.value.exit_code == 5
    assert "graphistry-airgap[build]" in caught.value.hint


def test_the_summary_counts_for_itself(writer):
    summary = summarize_sbom(writer.render(SBOM))
    assert summary["components"] == {
        "release": 1,
        "package": 1,
        "wheel": 0,
        "interpreter": 0,
        "file": 0,
        "image": 1,
        "image-content": 2,
    }
    assert summary["databases"] == {"dpkg": 2}
    assert (summary["licences"]["stated"], summary["licences"]["of"]) == (3, 5)
    assert summary["unread"] == ["demo:1: var/lib/rpm/Packages: not read"]
    lines = sbom_lines(summary)
    assert lines[0] == "contents: 1 release, 1 package, 1 image with 2 packages inside (dpkg 2)"
    assert lines[1] == "not listed: demo:1: var/lib/rpm/Packages: not read"


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"components": [3]}', b'{"components": [{"properties": [{}]}]}']
)
def test_a_damaged_document_is_a_bundle_error(raw):
    with pytest.raises(BundleError) as caught:
        summarize_sbom(raw)
    assert caught.value.details["path"] == "sbom.cdx.json"
