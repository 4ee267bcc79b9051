"""Several platforms in one bundle: a part for each, images once for all, in what every Docker reads."""

import json

import pytest

from graphistry_airgap.bundle.manifest import parse_bundle
from graphistry_airgap.connected.release.source import release_digest
from tests.kit.bundles.apt_repository import AptRepository
from tests.kit.bundles.build_site import BuildSite

pytestmark = pytest.mark.subprocesses

SPEC = """\
schema: 1
release: {{path: release, sha256: {digest}}}
platforms:
  debian-13:
    repositories:
      - {{name: debian, uri: "file:debian", suite: stable, components: [main], signed_by: debian/key.gpg}}
  debian-12:
    repositories:
      - {{name: debian, uri: "file:older", suite: stable, components: [main], signed_by: older/key.gpg}}
"""


@pytest.fixture
def site(tmp_path, keys):
    return BuildSite(tmp_path / "site", keys)


def build_both(site, keys, docker):
    older = AptRepository(site.path / "older", keys)
    older.add("base-files", "12", depends="libc6", required=True)
    older.add("libc6", "2.36-9")
    older.add("python3", "3.11.2-1", depends="libc6")
    older.add("python3-apt", "2.6.0", depends="python3")
    for name, version in docker.items():
        older.add(name, version, depends="libc6")
    older.add("nvidia-container-toolkit", "1.18.0-1", depends="libc6")
    older.publish()
    (site.path / "demo.bundle.yml").write_text(SPEC.format(digest=release_digest(site.release)))
    site.build()
    return json.loads((site.path / "out/bundle.json").read_bytes())


def test_each_platform_has_its_own_part_and_no_other(site, keys):
    old = {"docker.io": "20.10.24", "docker-compose-plugin": "2.26.1", "iptables": "1.8.9"}
    document = build_both(site, keys, old)
    parts = parse_bundle((site.path / "out/bundle.json").read_bytes()).platforms
    assert sorted(parts) == ["debian-12", "debian-13"]
    for name, platform in document["platforms"].items():
        assert platform["runtime"] == f"runtime/{name}"
        assert {row["path"] for row in platform["repositories"]} == {f"packages/{name}/debian"}
    docker = {
        name: {package["name"]: package["version"] for package in platform["packages"]["docker"]}
        for name, platform in document["platforms"].items()
    }
    assert docker["debian-12"] == old
    assert docker["debian-13"]["docker.io"] == "26.1.5"
    held = {path.rpartition("/")[2] for path in document["files"] if path.endswith(".deb")}
    assert {"docker.io_20.10.24_amd64.deb", "docker.io_26.1.5_amd64.deb"} <= held


@pytest.mark.parametrize(
    ("docker", "magic"),
    [
        ({"docker.io": "20.10.24", "docker-compose-plugin": "2.26.1", "iptables": "1"}, b"\x1f\x8b"),
        (
            {
                "docker-ce": "5:28.5.1-1~debian.12~bookworm",
                "docker-ce-cli": "5:28.5.1-1~debian.12~bookworm",
                "containerd.io": "1.7.28-1",
                "docker-compose-plugin": "2.40.0-1",
            },
            b"\x28\xb5\x2f\xfd",
        ),
    ],
)
def test_layers_are_in_what_the_oldest_docker_of_the_bundle_reads(site, keys, docker, magic):
    document = build_both(site, keys, docker)
    layers = {layer["digest"].removeprefix("sha256:") for i in document["images"] for layer in i["layers"]}
    blobs = site.path / "out/images/blobs/sha256"
    assert {(blobs / name).read_bytes()[: len(magic)] for name in layers} == {magic}
