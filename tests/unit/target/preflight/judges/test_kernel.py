"""Modules that Docker needs of the running kernel, and what the processor must know, on EL 10."""

import pytest

from graphistry_airgap.target.host.identities import IDENTITIES
from graphistry_airgap.target.preflight.judges import host as findings_host, kernel as findings_kernel
from tests.kit.fakes.good_host import PROFILE, REQUIREMENTS, RUNNING, changed

KERNEL = "6.12.0-55.9.1.el10_0.x86_64"
EXTRA = {"name": "kernel-modules-extra", "version": "6.12.0-55.9.1.el10_0", "kernel": KERNEL}


def found(there, *, state="", kernel=KERNEL, **more):
    """What is said of xt_addrtype; `state` of the bundle's package for that kernel, if it has one."""
    wanted = [{**EXTRA, "state": state}] if state else []
    profile = changed(
        PROFILE,
        {
            "system": {"kernel": kernel, "platform": "rhel-10", "modules": {"xt_addrtype": there}},
            "packages.wanted": wanted,
            **more,
        },
    )
    requirements = {**REQUIREMENTS, "platform": "rhel-10", "packages": [EXTRA]}
    return list(findings_kernel.for_docker(profile, requirements))


def test_a_kernel_that_the_bundle_is_not_made_for_is_refused_with_docker_s_own_words():
    (finding,) = found(False, kernel="6.12.0-124.8.1.el10_1.x86_64")
    assert (finding.severity, finding.code) == ("error", "docker-module-missing")
    assert "Extension addrtype revision 0 not supported, missing kernel module?" in finding.message
    assert f"brings what has it for {KERNEL}" in finding.message
    assert 'platforms.rhel-10.kernels: ["6.12.0-124.8.1.el10_1.x86_64"]' in finding.hint


@pytest.mark.parametrize(
    ("there", "state", "codes"),
    [
        (True, "", []),
        (True, "absent", []),
        (False, "absent", []),
        (None, "absent", []),
        # the package is there, and the module is not in it
        (False, "equal", ["docker-module-missing"]),
        (None, "", ["docker-module-unknown"]),
    ],
)
def test_what_comes_with_the_bundle_is_not_missed(there, state, codes):
    assert [one.code for one in found(there, state=state)] == codes


@pytest.mark.parametrize(
    "more",
    [
        {"docker.settings.network": {"iptables": False}},
        {"docker.settings.firewall_backend": "nftables"},
        {"docker.engine": RUNNING},
    ],
)
def test_a_docker_that_runs_or_makes_no_such_rules_needs_no_module(more):
    assert found(False, **more) == []


def processor(flags, platform="rhel-10"):
    profile = changed(PROFILE, {"resources.processor": flags})
    return list(findings_host.processor(profile, {**REQUIREMENTS, "platform": platform}))


def test_a_processor_is_told_the_flags_that_it_lacks():
    known = IDENTITIES["rhel-10"]["processor"]
    assert processor(known) == []
    (finding,) = processor([flag for flag in known if flag not in ("avx2", "bmi2")])
    assert (finding.severity, finding.code) == ("error", "processor-too-old")
    assert finding.found == "no avx2, bmi2"
    assert processor([], "rhel-9") == []


def test_a_preview_is_refused_by_its_name():
    release = {
        "platform": "almalinux-10",
        "name": "AlmaLinux Kitten 10",
        "preview": "AlmaLinux Kitten, a preview",
    }
    profile = changed(PROFILE, {"system": release})
    (finding,) = findings_host.platform(profile, {**REQUIREMENTS, "platform": "rhel-10"})
    assert finding.code == "platform-unsupported"
    assert "it is AlmaLinux Kitten, a preview" in finding.message
