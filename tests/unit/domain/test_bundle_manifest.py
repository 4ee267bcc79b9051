"""bundle.json: read as values, refused when it is newer or misshapen."""

import copy
import json

import pytest
from mini_bundle import MiniBundle

from graphistry_airgap.domain.bootstrap import render_bootstrap
from graphistry_airgap.domain.bundle import parse_bundle
from graphistry_airgap.domain.errors import BundleError


@pytest.fixture
def document(tmp_path):
    bundle = MiniBundle(tmp_path)
    bundle.write()
    return json.loads((tmp_path / "bundle.json").read_text())


def parse(document):
    return parse_bundle(json.dumps(document).encode())


def test_a_manifest_becomes_values(document):
    bundle = parse(document)
    platform = bundle.platforms["debian-13"]
    assert bundle.release.version == "v2.50.1"
    assert [package.name for package in platform.packages["python"]] == ["python3"]
    assert bundle.images[0].name == "graphistry/caddy:v2.50.1-universal"
    assert len(bundle.images[0].blobs()) == 4
    assert bundle.files["release/VERSION"].size == 8


def test_a_newer_schema_names_the_tool_that_reads_it(document):
    document.update(schema=2, tool={"minimum": "3.1.0", "reason": "delta bundles"})
    with pytest.raises(BundleError) as caught:
        parse(document)
    assert caught.value.code == "bundle-too-new"
    assert "3.1.0" in caught.value.hint
    assert "delta bundles" in caught.value.message
    assert caught.value.details["minimum_tool"] == "3.1.0"


def drop(path):
    def spoil(document):
        *parents, last = path
        for key in parents:
            document = document[key]
        del document[last]

    return spoil


def put(path, value):
    def spoil(document):
        *parents, last = path
        for key in parents:
            document = document[key]
        document[last] = value

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        drop(["schema"]),
        drop(["id"]),
        drop(["release", "version"]),
        drop(["platforms", "debian-13", "repositories", 0, "signed_by"]),
        put(["schema"], "1"),
        put(["schema"], 0),
        put(["release", "path"], "../../etc"),
        put(["release", "path"], "/etc"),
        put(["platforms", "debian-13", "runtime"], "runtime/../x"),
        put(["platforms"], []),
        put(["images", 0, "config"], "sha256:../../x"),
        put(["images", 0, "layers", 0, "size"], -1),
        put(["files", "install.sh"], "hex"),
        put(["files", "install.sh", "mode"], "4755"),
        put(["files", "../x"], {"size": 1, "sha256": "0"}),
        put(["release", "version"], "../../../etc"),
        put(["release", "version"], "v1 {{ x }}"),
        put(["release", "empty_directories"], ["data/../../../etc"]),
        put(["release", "empty_directories"], None),
        put(["platforms", "debian-13", "repositories", 0, "signed_by"], "packages/none.gpg"),
        put(["platforms", "debian-13", "repositories", 0, "suite"], "x main\ndeb [trusted=yes] file:/x"),
        put(["platforms", "debian-13", "repositories", 0, "components"], [""]),
        put(["platforms", "debian-13", "packages", "python", 0, "name"], "-oDPkg::Pre-Invoke::=id"),
        put(["platforms", "debian-13", "packages", "python", 0, "version"], "1 2"),
    ],
)
def test_a_misshapen_manifest_is_a_bundle_error(document, spoil):
    spoiled = copy.deepcopy(document)
    spoil(spoiled)
    with pytest.raises(BundleError) as caught:
        parse(spoiled)
    assert caught.value.code == "bundle-malformed"


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff\xfe", b"null", b"[" * 100_000])
def test_what_is_no_json_object_is_a_bundle_error(raw):
    with pytest.raises(BundleError):
        parse_bundle(raw)


def test_the_bootstrap_file_has_sources_and_exact_packages(document):
    text = render_bootstrap(document["platforms"]["debian-13"])
    assert text.splitlines() == [
        "source deb [arch=amd64 targets=Packages by-hash=no signed-by=@KEYS@/debian.gpg "
        "check-valid-until=no] copy:@BUNDLE@/packages/debian-13/debian trixie main",
        "package python3=3.13.5-1",
    ]
