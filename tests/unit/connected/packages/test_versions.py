"""Versions are compared by dpkg and rpm themselves."""

import shutil

import pytest

from graphistry_airgap.connected.packages.versions import not_older

pytestmark = pytest.mark.subprocesses
needs_rpm = pytest.mark.skipif(not shutil.which("rpm"), reason="there is no rpm")


@pytest.mark.parametrize(
    ("installed", "wanted", "expected"),
    [
        ("1.0-1", "1.0-1", True),
        ("1.0-10", "1.0-9", True),
        ("1.0-9", "1.0-10", False),
        ("1:0.5-1", "2.0-1", True),
        ("2.0-1", "1:0.5-1", False),
        ("0:1.0-1", "1.0-1", True),
        ("1.0~rc1-1", "1.0-1", False),
        ("1.0+dfsg-1", "1.0-1", True),
    ],
)
@pytest.mark.parametrize("system", ["apt", pytest.param("dnf", marks=needs_rpm)])
def test_the_order(system, installed, wanted, expected):
    assert not_older(system, installed, wanted) is expected


@needs_rpm
@pytest.mark.parametrize(
    ("installed", "wanted", "expected"),
    [
        ("5.14.0-427.el9_4", "5.14.0-427.el9", True),
        ("1.0^git1-1", "1.0-1", True),
        ("1.0-1", "1.0^git1-1", False),
    ],
)
def test_what_only_rpm_knows(installed, wanted, expected):
    assert not_older("dnf", installed, wanted) is expected


@pytest.mark.parametrize("system", ["apt", "dnf"])
@pytest.mark.parametrize("odd", ["", '1") os.exit(0', "-1", "1 2", "%{_topdir}"])
def test_what_is_no_version_satisfies_nothing(system, odd):
    assert not_older(system, odd, "1.0") is False
    assert not_older(system, "1.0", odd) is False
