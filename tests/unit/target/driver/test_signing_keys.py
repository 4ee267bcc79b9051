"""DKMS's key pair lies elsewhere on Ubuntu, and both halves are found there, too."""

import pytest

from graphistry_airgap.target.driver import signing
from graphistry_airgap.target.host.machine import Host

DEBIAN, UBUNTU = "/var/lib/dkms/mok.pub", "/var/lib/shim-signed/mok/MOK.der"


@pytest.fixture
def host(tmp_path):
    return Host(None, tmp_path)


def lay(host, name):
    host.path(name).parent.mkdir(parents=True, exist_ok=True)
    host.path(name).touch()


def test_the_way_out_names_the_certificate_that_is_there(host):
    assert f"--import {DEBIAN})" in signing.enrol(host)
    lay(host, UBUNTU)
    assert f"--import {UBUNTU})" in signing.enrol(host)
    lay(host, DEBIAN)
    assert f"--import {DEBIAN})" in signing.enrol(host)


@pytest.mark.parametrize("certificate", [DEBIAN, UBUNTU])
def test_clones_would_share_either_private_half(host, certificate):
    lay(host, certificate)
    assert not signing.has_private_key(host)
    lay(host, signing.KEYS[certificate])
    assert signing.has_private_key(host)
