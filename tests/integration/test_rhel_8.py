"""A sealed host that identifies as Rocky 8 (a stand-in): no /usr/bin/python3, modules, glibc 2.28.

Real are dnf, rpm and the repositories with their module streams; a CPython 3.6 is the platform's own Python,
a CPython 3.12 the one that the bundle brings.  The programs beneath are Debian's.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from graphistry_airgap.knowledge.platforms import PLATFORMS
from lab.bundles.rpm import RPM_8
from lab.hosts.prepared_host import RECEIPT
from lab.hosts.rpm_host import RPM_8_IMAGE
from tests.kit.bundles.bundle_steps import try_bundle
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.hosts.demo_hosts import demo_host
from tests.kit.hosts.platform_hosts import (
    install_again_as_row,
    install_as_row,
    require_agreement,
    require_silence,
    restart_as_row,
)

if TYPE_CHECKING:
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

PLATFORM = "rhel-8"
PLATFORM_PYTHON = "/usr/libexec/platform-python"
# all that an installer could change of dnf's and of the platform's Python
THEIRS = (
    "find /etc/dnf /etc/yum.repos.d /usr/libexec/platform-python /usr/lib/airgap-lab-python3.6"
    " -printf '%p %T@ %s %m\\n'"
    " | LC_ALL=C sort"
)


def sh(host: SealedHost, script: str) -> str:
    return host.require(["sh", "-c", script], timeout=120)


@pytest.fixture(scope="module")
def platform_bundle() -> Path:
    return made_bundle(RPM_8, "`python -m lab.bundles.rpm`")


@pytest.fixture(scope="module")
def host(platform_bundle):
    with demo_host(
        "rhel-8", bundle=platform_bundle, keyring=RPM_8 / "trusted.gpg", image=RPM_8_IMAGE
    ) as made:
        yield made


@pytest.fixture(scope="module")
def theirs(host) -> str:
    return sh(host, THEIRS)


@pytest.fixture(scope="module")
def installed(host, theirs) -> dict[str, Any]:
    return install_as_row(PLATFORM, host)


def test_the_bundle_resolves_is_built_again_and_verifies(platform_bundle):
    scratch = RPM_8.parent / "tests" / "rhel-8"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try_bundle(
        PLATFORM, RPM_8 / "rhel.bundle.yml", platform_bundle, RPM_8 / "trusted.gpg", scratch, stand_in=True
    )
    shutil.rmtree(scratch)


def test_the_default_stream_of_a_module_is_taken_and_wheels_load_on_an_old_libc(platform_bundle):
    platform = json.loads((platform_bundle / "bundle.json").read_bytes())["platforms"][PLATFORM]
    versions = {package["name"]: package["version"] for package in platform["packages"]["docker"]}
    assert versions["container-selinux"] == "2:2.229.0-2.module+el8.10.0"
    assert "libcgroup" in versions
    # containerd.io conflicts with the runc that the same stream has
    assert "runc" not in versions
    wheels = [path.name for path in (platform_bundle / "runtime" / PLATFORM).glob("*.whl")]
    assert wheels
    assert [name for name in wheels if not PLATFORMS[PLATFORM].loads(name)] == []


def test_the_host_has_what_it_stands_in_for(host, theirs):
    assert sh(host, f"{PLATFORM_PYTHON} -c 'import sys; print(sys.version_info[:2])'") == "(3, 6)\n"
    assert sh(host, "command -v python3 python3.12 docker dpkg || echo none") == "none\n"


def test_modules_and_tool_run_on_the_python_of_the_bundle(host, installed):
    assert sh(host, "ls -1 /opt/graphistry-airgap/runtimes/*/lib") == "python3.12\n"
    assert json.loads(host.read(RECEIPT))["bundle"]["platform"] == PLATFORM
    assert host.exec(["test", "-e", "/usr/bin/python3"]).rc != 0


def test_the_platform_s_python_and_dnf_s_settings_are_left_alone(host, theirs, installed):
    assert sh(host, THEIRS) == theirs
    assert PLATFORM_PYTHON in theirs


def test_the_second_installation_changes_nothing(host, installed):
    install_again_as_row(PLATFORM, host)


def test_status_and_verify_agree(host, installed):
    require_agreement(host)


def test_nothing_tried_to_leave(host, installed):
    require_silence(host)


@pytest.mark.long
def test_it_comes_back_after_a_restart(host, installed):
    restart_as_row(PLATFORM, host)
