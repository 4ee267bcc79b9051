"""What a vGPU site and its bundle tell the target: paths with digests, headers, tools, never a secret."""

import pytest

from graphistry_airgap.bundle.manifest import Bundle, File, Package, Platform, Release
from graphistry_airgap.installation.receipt import Provenance
from graphistry_airgap.installation.site_file import Site
from graphistry_airgap.installation.vgpu_variables import vgpu_variables
from graphistry_airgap.knowledge.knowledge import load_knowledge

DRIVER = "vgpu/debian-13/nvidia-linux-grid.deb"
TOKEN = "vgpu/debian-13/client_configuration_token.tok"
CARRIED = {"driver": {"path": DRIVER, "kind": "deb", "version": "580.126.20"}, "token": {"path": TOKEN}}


def told(vgpu, carried=None):
    groups = {"driver-vgpu": (Package("dkms", "3.2.2", "all"),), "headers-6.12": (Package("h", "1", "all"),)}
    platform = Platform("debian-13", "amd64", (), groups, "runtime")
    bundle = Bundle(
        id="0",
        created="2026-11-21T00:00:00Z",
        release=Release("v2.50.1", "12", "release"),
        platforms={"debian-13": platform},
        images=(),
        licences=(),
        files={DRIVER: File(1, "d" * 64)},
        raw={"platforms": {"debian-13": {"vgpu": carried} if carried else {}}},
    )
    document = {"schema": 1, "purpose": "server", **({} if vgpu is None else {"vgpu": vgpu})}
    provenance = Provenance("/media/bundle", "0", "", "", "", (), False, "", "debian-13", ())
    return vgpu_variables(Site.from_document(document), bundle, provenance, load_knowledge())


def test_other_sites_are_told_nothing():
    assert told(None, CARRIED)["nvidia_vgpu_desired"] == {}
    assert told(None, CARRIED)["preflight_vgpu"] == {}


def test_the_bundle_s_files_come_with_their_digests():
    desired = told({}, CARRIED)["nvidia_vgpu_desired"]
    assert desired["driver"] == {**CARRIED["driver"], "sha256": "d" * 64}
    assert desired["token"] == {"path": TOKEN, "sha256": "not listed"}
    assert desired["tools"] == [{"name": "dkms", "version": "3.2.2"}]
    assert list(desired["headers"]) == ["6.12"]


@pytest.mark.parametrize(
    ("given", "server"),
    [
        ({}, {}),
        (
            {"server": {"address": "a"}},
            {"address": "a", "port": 7070, "backup_address": None, "backup_port": 7070},
        ),
    ],
)
def test_preflight_and_role_are_told_the_same(given, server):
    found = told(given)
    assert found["preflight_vgpu"] is found["nvidia_vgpu_desired"]
    assert found["nvidia_vgpu_desired"]["server"] == server
    assert found["nvidia_vgpu_desired"]["driver"] == {}
    assert found["nvidia_vgpu_bundle"] == "/media/bundle"
