"""A platform that packages no Python for the tool: the bundle brings one, listed like all else."""

import hashlib
import json

import pytest

from graphistry_airgap.connected.release.source import release_digest
from tests.kit.bundles.apt_repository import AptRepository
from tests.kit.bundles.build_site import BuildSite
from tests.kit.bundles.interpreter_archives import archive
from tests.kit.strict_schemas import strict

pytestmark = pytest.mark.subprocesses

SPEC = """\
schema: 1
release: {{path: release, sha256: {digest}}}
platforms:
  ubuntu-22.04:
    interpreter: {{path: python.tar.gz, sha256: "{python}", version: "3.12.12"}}
    repositories:
      - {{name: jammy, uri: "file:jammy", suite: stable, components: [main], signed_by: jammy/key.gpg}}
"""
TOOLKIT = "nvidia-container-toolkit"
ARCHIVE = "runtime/ubuntu-22.04/interpreter.tar.gz"


@pytest.fixture
def built(tmp_path, keys):
    site = BuildSite(tmp_path / "site", keys)
    jammy = AptRepository(site.path / "jammy", keys)
    jammy.add("base-files", "12ubuntu4", depends="libc6", required=True)
    for name in (
        "libc6",
        "python3",
        "docker.io",
        "docker-compose-v2",
        "iptables",
        "nvidia-container-toolkit",
    ):
        jammy.add(name, "1-1")
    jammy.publish()
    python = archive(site.path / "python.tar.gz")
    pin = hashlib.sha256(python.read_bytes()).hexdigest()
    spec = SPEC.format(digest=release_digest(site.release), python=pin)
    (site.path / "demo.bundle.yml").write_text(spec, encoding="utf-8")
    return site.build(), site.path / "out", pin


def test_it_is_listed_locked_and_described(built):
    result, out, pin = built
    assert f"{pin}  {ARCHIVE}\n" in (out / "SHA256SUMS").read_text()
    document = json.loads((out / "bundle.json").read_bytes())
    strict("bundle-v1").validate(document)
    own = {"path": ARCHIVE, "version": "3.12.12", "openssl": ["3.0.15"]}
    assert document["platforms"]["ubuntu-22.04"]["interpreter"] == own
    lock = json.loads((out / "lock.json").read_bytes())
    strict("lock-v1").validate(lock)
    (item,) = [one for one in lock["items"] if one["kind"] == "interpreter"]
    assert (item["version"], item["sha256"], item["origin"]) == ("3.12.12", pin, "python.tar.gz")
    assert "interpreter 3.12\n" in (out / "runtime/ubuntu-22.04/bootstrap").read_text()
    assert result.data["components"]["interpreter"] == 2
    (told,) = [line for line in result.messages if "cpython" in line]
    assert told.startswith("Not listed in sbom.cdx.json")


def test_the_bill_of_materials_has_it_with_its_openssl_and_what_is_not_known(built):
    _, out, pin = built
    found = {
        one["bom-ref"]: one
        for one in json.loads((out / "sbom.cdx.json").read_bytes())["components"]
        if one["bom-ref"].startswith("interpreter/")
    }
    python = found["interpreter/ubuntu-22.04"]
    assert (python["name"], python["version"], python["hashes"][0]["content"]) == ("cpython", "3.12.12", pin)
    assert python["licenses"][0]["license"]["id"] == "PSF-2.0"
    unread = [row["value"] for row in python["properties"] if row["name"].endswith(":unread")]
    assert unread == ["what else it was built with, because its archive has no list of that"]
    openssl = found["interpreter/ubuntu-22.04/openssl@3.0.15"]
    assert (openssl["purl"], openssl["licenses"][0]["license"]["id"]) == (
        "pkg:generic/openssl@3.0.15",
        "Apache-2.0",
    )
