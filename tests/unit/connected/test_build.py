"""The whole build with its real adapters: local repositories, a small release, no Python index."""

import errno
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
from functools import partial

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from graphistry_airgap.bundle import checksums
from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.checksums import parse_sums
from graphistry_airgap.bundle.inspection import inspect_bundle
from graphistry_airgap.bundle.manifest import parse_bundle
from graphistry_airgap.bundle.trust.adapters.check import check_signature
from graphistry_airgap.core.errors import BundleError, HostEnvironmentError, InputError, StageError
from tests.kit.bundles.build_site import BuildSite, refused
from tests.kit.bundles.docker_archives import SavedImage, layer_tar, old_form
from tests.kit.bundles.mini_bundle import flip_byte
from tests.kit.strict_schemas import strict

pytestmark = pytest.mark.subprocesses


@pytest.fixture
def site(tmp_path, keys):
    return BuildSite(tmp_path / "site", keys)


def test_no_bundle_is_built_that_no_verification_would_take(site, monkeypatch):
    site.build()
    listed = len(parse_sums(site.sums()))
    shutil.rmtree(site.path / "out")
    monkeypatch.setattr(checksums, "MOST_FILES", listed + 99)
    error = refused(site)
    assert error.code == "too-many-files"
    assert f"{listed} files" in error.message
    monkeypatch.setattr(checksums, "MOST_FILES", listed + 100)
    site.build()


def test_bundle_is_complete_listed_and_described(site):
    result = site.build()
    out = site.path / "out"
    present = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    listed = parse_sums(site.sums())
    assert present == {*listed, "SHA256SUMS"}
    for path, digest in listed.items():
        assert hashlib.sha256((out / path).read_bytes()).hexdigest() == digest
    document = json.loads((out / "bundle.json").read_bytes())
    strict("bundle-v1").validate(document)
    strict("lock-v1").validate(json.loads((out / "lock.json").read_bytes()))
    bundle = parse_bundle((out / "bundle.json").read_bytes())
    assert set(bundle.files) == set(listed) - {"bundle.json"}
    assert {path for path, file in document["files"].items() if "mode" in file} == {"release/graphistry"}
    assert bundle.id == hashlib.sha256((out / "lock.json").read_bytes()).hexdigest()[:32] == result.data["id"]
    assert bundle.created == "2026-11-20T08:00:00Z"
    assert [image.name for image in bundle.images] == [
        "graphistry/caddy:v2.50.1-universal",
        "graphistry/graphistry-nexus:v2.50.1-12",
    ]
    assert "release/containers.tar.gz" not in listed
    assert "packages/debian-13/debian/pool/main/docker.io_26.1.5_amd64.deb" in listed
    assert not [path for path in listed if "base-files" in path]


def test_bill_of_materials_lists_what_is_there(site):
    counted = site.build().data["components"]
    raw = (site.path / "out/sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(raw) is None
    document = json.loads(raw)
    out = site.path / "out"
    hashes = {one["hashes"][0]["content"] for one in document["components"] if "hashes" in one}
    packages = {hashlib.sha256(path.read_bytes()).hexdigest() for path in out.rglob("*.deb")}
    wheels = {hashlib.sha256(path.read_bytes()).hexdigest() for path in out.rglob("*.whl")}
    images = {
        one["digest"].removeprefix("sha256:")
        for one in json.loads((out / "images/index.json").read_bytes())["manifests"]
    }
    assert hashes == packages | wheels | images
    assert counted["package"] == len(packages) == len(list(out.rglob("*.deb")))
    assert (counted["wheel"], counted["image"], counted["release"]) == (len(wheels), 2, 1)


def test_provenance_is_a_statement_about_every_other_file(site):
    site.build()
    out = site.path / "out"
    statement = json.loads((out / "provenance.json").read_bytes())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    subject = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    listed = parse_sums(site.sums())
    assert subject == {path: listed[path] for path in listed.keys() - {"provenance.json", "bundle.json"}}
    definition = statement["predicate"]["buildDefinition"]
    spec = (site.path / "demo.bundle.yml").read_bytes()
    assert definition["externalParameters"] == {
        "spec": {"name": "demo.bundle.yml", "digest": {"sha256": hashlib.sha256(spec).hexdigest()}},
        "trustedOnFirstUse": [],
    }
    (repository,) = definition["internalParameters"]["repositories"]
    assert (repository["date"], repository["expiredAllowed"]) == ("2026-11-20T08:00:00Z", False)
    items = {one["name"]: one for one in definition["resolvedDependencies"]}
    python = items["package/debian-13/python3:amd64"]
    assert python["uri"] == "file:debian/pool/main/python3_3.13.5-1_amd64.deb"
    assert python["annotations"]["signed_by"] == repository["signedBy"]
    lock = json.loads((out / "lock.json").read_bytes())
    assert len(items) == len(lock["items"])
    tools = statement["predicate"]["runDetails"]["builder"]["version"]
    assert tools.keys() == {"graphistry-airgap", "Python", "apt", "zstd", "cyclonedx-python-lib"}


def test_inspect_tells_contents_and_origin(site):
    built, out = site.build().data, site.path / "out"
    look = partial(inspect_bundle, out, open_directory=BundleDirectory, check_signature=check_signature)
    result = look()
    count = built["components"]["package"]
    assert (
        f"contents: 1 release, {count} packages, 1 wheel, 2 images with 0 packages inside" in result.messages
    )
    (repository,) = result.data["provenance"]["repositories"]
    (origin,) = [line for line in result.messages if line.startswith("from ")]
    assert origin == f"from file:debian as of 2026-11-20T08:00:00Z, signed by {repository['signedBy'][0]}"
    flip_byte(out / "sbom.cdx.json")
    with pytest.raises(BundleError, match=r"sbom\.cdx\.json is not the file that was signed"):
        look()


def test_trust_on_first_use_stands_in_the_provenance(site):
    spec = (site.path / "demo.bundle.yml").read_text()
    (site.path / "demo.bundle.yml").write_text(re.sub(", sha256: [0-9a-f]{64}", "", spec))
    site.build(trust_on_first_use=True)
    statement = json.loads((site.path / "out/provenance.json").read_bytes())
    given = statement["predicate"]["buildDefinition"]["externalParameters"]
    assert given["trustedOnFirstUse"] == ["release/graphistry"]


def test_the_record_says_when_and_lies_outside(site):
    result = site.build()
    path = site.path / "out.record.json"
    assert result.data["record"] == str(path)
    record = json.loads(path.read_bytes())
    assert record["bundle"] == result.data["id"]
    assert record["sums_sha256"] == hashlib.sha256(site.sums().encode()).hexdigest()
    assert record["started"] <= record["finished"]
    fetched = {one["name"]: one["fetched"] for one in record["items"]}
    assert record["started"] <= fetched["package/debian-13/python3:amd64"] <= record["finished"]


def test_without_the_library_nothing_is_fetched(site, monkeypatch):
    monkeypatch.setattr("graphistry_airgap.connected.describe.cyclonedx_sbom.util.find_spec", lambda _: None)
    with pytest.raises(HostEnvironmentError) as caught:
        site.build()
    assert caught.value.code == "program-missing"
    assert not list((site.path / "cache/blobs").iterdir())
    assert not (site.path / "out").exists()


def test_nothing_of_this_machine_is_in_the_bundle(site):
    site.build()
    for path in (site.path / "out").rglob("*"):
        if path.is_file():
            assert os.fsencode(site.path) not in path.read_bytes(), path


def test_same_lock_gives_the_same_checksums_from_any_cache_and_offline(site):
    site.build()
    first = site.sums()
    site.build(offline=True)
    assert site.sums() == first
    site.build("other", cache="cache2")
    assert site.sums("other") == first


def test_warm_cache_needs_neither_repositories_nor_compression(site, monkeypatch):
    site.build()
    (site.path / "debian/dists").rename(site.path / "debian/gone")
    monkeypatch.setattr("graphistry_airgap.connected.images.docker_archive._ArchivePass", None)
    site.build(offline=True)


def test_cold_cache_offline(site):
    assert refused(site, offline=True).code == "cache-cold"


def test_signature_is_over_the_checksums(site, keys, monkeypatch):
    monkeypatch.setenv("GNUPGHOME", str(keys.home))
    result = site.build(sign_key=keys.fingerprint("signer"))
    assert result.data["signed_by"] == keys.fingerprint("signer")
    (site.path / "ring.gpg").write_bytes(keys.public("signer"))
    out = site.path / "out"
    command = ["gpgv", "--keyring", site.path / "ring.gpg", out / "SHA256SUMS.asc", out / "SHA256SUMS"]
    subprocess.run(command, check=True, capture_output=True)


def test_missing_key_stops_before_any_work(site, keys, monkeypatch):
    monkeypatch.setenv("GNUPGHOME", str(keys.home))
    error = refused(site, sign_key="0" * 40)
    assert error.code == "sign-key-missing"
    assert not list((site.path / "cache/blobs").iterdir())


def test_image_that_compose_names_and_the_archive_lacks(site):
    only = SavedImage(("graphistry/caddy:v2.50.1-universal",), (layer_tar("a", b"a"),))
    (site.release / "containers.tar.gz").write_bytes(gzip.compress(old_form(only), mtime=0))
    site.pin()
    error = refused(site)
    assert error.code == "image-missing"
    assert error.details["missing"] == ["graphistry/graphistry-nexus:v2.50.1-12"]
    assert "graphistry/graphistry-nexus:v2.50.1-12" in error.message


def test_release_without_version(site):
    (site.release / "VERSION").unlink()
    site.pin()
    assert refused(site).code == "release-incomplete"


def test_package_that_is_not_what_the_index_says(site):
    (site.path / "debian/pool/main/iptables_1.8.11-2_amd64.deb").write_bytes(b"stolen")
    with pytest.raises(Exception, match="iptables"):
        site.build()
    assert not (site.path / "out").exists()


def test_damaged_cache_is_noticed(site):
    site.build()
    shutil.rmtree(site.path / "out")
    blob = next((site.path / "cache/blobs").rglob("*/*"))
    for blob in (site.path / "cache/blobs").glob("*/*"):
        if blob.read_bytes() == b"iptables 1.8.11-2":
            blob.write_bytes(b"iptables 1.8.11-X")
    with pytest.raises(Exception, match="was expected") as caught:
        site.build(offline=True)
    assert caught.value.code == "source-changed"
    assert not (site.path / "out").exists()


def test_full_disk_is_an_error_with_a_hint_and_no_half_bundle(site, monkeypatch):
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(StageError, match="No space left") as caught:
        site.build()
    assert "free space" in caught.value.hint
    assert not list(site.path.glob("*out*"))


def full_disk(_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_something_else_in_the_place_of_the_bundle(site):
    (site.path / "out").write_text("mine")
    with pytest.raises(InputError) as caught:
        site.build()
    assert caught.value.code == "output-exists"
    assert (site.path / "out").read_text() == "mine"
