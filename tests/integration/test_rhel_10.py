"""A sealed host that identifies as Rocky 10 (a stand-in): the platform's own Python 3.12, no module streams.

Real are dnf, rpm and the repositories; a CPython 3.12 is the platform's Python, and the host says that it
runs a kernel of EL 10, of which the bundle has what Docker needs.  The programs beneath are Debian's, and the
kernel below has xt_addrtype.
"""

from __future__ import annotations

import json
import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles.rpm import RPM_10
from lab.hosts.prepared_host import RECEIPT
from lab.hosts.rpm_host import KERNEL_10, RPM_10_IMAGE
from tests.kit.bundles.bundle_steps import try_bundle
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.hosts.demo_hosts import demo_host, install
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

PLATFORM = "rhel-10"
# all that an installer could change of dnf's and of the platform's Python
THEIRS = (
    "find /etc/dnf /etc/yum.repos.d /usr/bin/python3.12 /usr/lib/python3.12 -not -name '*.pyc'"
    " -not -name __pycache__ -not -path /usr/lib/python3.12 -type f -printf '%p %T@ %s %m\\n' | LC_ALL=C sort"
)
KERNELS = "rpm -qa 'kernel*' | LC_ALL=C sort"
OS_RELEASE = "/etc/os-release"
# what Alma's preview says of itself
KITTEN = b'NAME="AlmaLinux Kitten"\nID="almalinux"\nVERSION_ID="10"\nPRETTY_NAME="AlmaLinux Kitten 10"\n'
OLD_PROCESSOR = b"processor\t: 0\nflags\t\t: fpu sse2 cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3\n"


def sh(host: SealedHost, script: str) -> str:
    return host.require(["sh", "-c", script], timeout=120)


def over(host: SealedHost, data: bytes, name: str) -> None:
    """Let a file of /proc say something else."""
    copy = f"/etc/airgap-lab-{name.rpartition('/')[2]}"
    host.put(data, copy)
    host.require(["mount", "--bind", copy, name])


def codes(envelope: dict[str, Any]) -> list[str]:
    return [error["code"] for error in envelope["errors"]]


def run_kernel_of_10(host: SealedHost) -> None:
    over(host, f"{KERNEL_10}\n".encode(), "/proc/sys/kernel/osrelease")


@pytest.fixture(scope="module")
def platform_bundle() -> Path:
    return made_bundle(RPM_10, "`python -m lab.bundles.rpm`")


@pytest.fixture(scope="module")
def host(platform_bundle):
    with demo_host(
        "rhel-10", bundle=platform_bundle, keyring=RPM_10 / "trusted.gpg", image=RPM_10_IMAGE
    ) as made:
        run_kernel_of_10(made)
        yield made


@pytest.fixture(scope="module")
def before(host) -> dict[str, str]:
    return {"theirs": sh(host, THEIRS), "kernels": sh(host, KERNELS)}


@pytest.fixture(scope="module")
def installed(host, before) -> dict[str, Any]:
    return install_as_row(PLATFORM, host)


def test_the_bundle_resolves_is_built_again_and_verifies(platform_bundle):
    scratch = RPM_10.parent / "tests" / "rhel-10"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try_bundle(
        PLATFORM,
        RPM_10 / "rhel.bundle.yml",
        platform_bundle,
        RPM_10 / "trusted.gpg",
        scratch,
        stand_in=True,
        # dnf runs on it, so there is no EL 10 without
        of_base=["python"],
    )
    shutil.rmtree(scratch)


def test_the_branch_is_the_wanted_one_and_a_kernel_brings_what_docker_needs(platform_bundle):
    platform = json.loads((platform_bundle / "bundle.json").read_bytes())["platforms"][PLATFORM]
    groups = {group: {one["name"] for one in found} for group, found in platform["packages"].items()}
    # the repository has 590, too, under the same names
    assert platform["driver"]["version"] == "580.95.05"
    assert groups[f"docker-{KERNEL_10}"] == {"kernel-modules", "kernel-modules-extra"}
    assert {"kernel-devel", "kernel-devel-matched"} < groups[f"headers-{KERNEL_10}"]
    assert groups["python"] == set()
    assert "kernel-core" not in set().union(*groups.values())


def test_the_host_has_what_it_stands_in_for(host, before):
    version = "import sys; print(sys.version_info[:2])"
    assert sh(host, f'/usr/bin/python3 -c "{version}"; readlink /usr/bin/python3') == "(3, 12)\npython3.12\n"
    assert sh(host, "command -v docker dpkg || echo none; ls /etc/dnf/modules.d") == "none\n"
    assert before["kernels"] == f"kernel-core-{KERNEL_10}\n"


def test_alma_s_preview_is_none_of_it(host, before):
    own = host.read(OS_RELEASE)
    host.put(KITTEN, OS_RELEASE)
    rc, envelope = install(host)
    host.put(own, OS_RELEASE)
    assert (rc, codes(envelope)) == (3, ["wrong-platform"])
    assert "AlmaLinux Kitten 10" in envelope["errors"][0]["message"]
    assert sh(host, "ls /opt") == ""


def test_a_processor_without_the_baseline_is_refused_with_what_it_lacks(host, before):
    over(host, OLD_PROCESSOR, "/proc/cpuinfo")
    rc, envelope = install(host)
    host.require(["umount", "/proc/cpuinfo"])
    assert (rc, codes(envelope)) == (3, ["processor-too-old"])
    assert "avx2" in envelope["errors"][0]["message"]
    assert sh(host, "command -v docker || echo none") == "none\n"


def test_modules_and_tool_run_on_the_platform_s_python(host, installed):
    assert json.loads(host.read(RECEIPT))["bundle"]["platform"] == PLATFORM
    assert sh(host, "readlink -f /opt/graphistry-airgap/runtimes/*/bin/python3") == "/usr/bin/python3.12\n"


def test_what_docker_needs_of_the_running_kernel_is_there_and_no_other_kernel(host, installed, before):
    extra = [f"{name}-{KERNEL_10}" for name in ("kernel-core", "kernel-modules", "kernel-modules-extra")]
    assert sh(host, KERNELS).split() == extra


def test_the_platform_s_python_and_dnf_s_settings_are_left_alone(host, before, installed):
    assert sh(host, THEIRS) == before["theirs"]
    assert "/usr/bin/python3.12" in before["theirs"]


def test_the_second_installation_changes_nothing(host, installed):
    install_again_as_row(PLATFORM, host)


def test_status_and_verify_agree(host, installed):
    require_agreement(host)


def test_nothing_tried_to_leave(host, installed):
    require_silence(host)


@pytest.mark.long
def test_it_comes_back_after_a_restart(host, installed):
    restart_as_row(PLATFORM, host, then=partial(run_kernel_of_10, host))
