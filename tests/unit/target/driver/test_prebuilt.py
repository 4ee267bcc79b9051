"""Ready-made modules: for which kernels of a host, and what keeps or brings another way."""

import pytest

from graphistry_airgap.target.driver import kernels as driver_kernels, plan as driver_plan, prebuilt
from graphistry_airgap.target.host.machine import Host
from tests.kit.fakes import driver_facts
from tests.kit.fakes.driver_facts import gpu, kernel, package

T4 = gpu("Turing")
RUNNING, OTHER, ABSENT = "6.8.0-45-generic", "6.8.0-1017-aws", "6.8.0-31-generic"
VERSION = "580.126.20"
MODULES = {
    name: [{"name": f"linux-modules-nvidia-580-server-open-{name}", "version": "1"}]
    for name in (RUNNING, OTHER)
}
DKMS = "nvidia-dkms-580-server-open"


def desired(**more):
    entry, groups = driver_facts.bundle(VERSION, ("open",), ())
    groups |= {"open": [{"name": DKMS, "version": VERSION}], "prebuilt": {"open": MODULES, "proprietary": {}}}
    bundle = {**entry, "origin": "Ubuntu", "prebuilt": {"open": list(MODULES)}}
    return (
        driver_facts.desired(VERSION, platform="ubuntu-24.04") | {"bundle": bundle, "packages": groups} | more
    )


def facts(*others, running=RUNNING, headers="absent", **more):
    kernels = [kernel(running, headers=headers), *(kernel(one, running=False) for one in others)]
    given = {"kernel": running, "kernels": kernels, "images": dict.fromkeys((running, *others), "1"), **more}
    return driver_facts.facts(T4, **given)


def make(*others, wanted=None, **more):
    return driver_plan.make(facts(*others, **more), wanted or desired())


def names(plan):
    return {one["name"] for one in plan.packages}


def test_every_kernel_of_the_host_that_the_bundle_has_modules_for():
    plan = make(OTHER, ABSENT)
    assert (plan.prebuilt, plan.refusals) == ((RUNNING, OTHER), ())
    assert {f"linux-modules-nvidia-580-server-open-{name}" for name in (RUNNING, OTHER)} < names(plan)
    assert DKMS not in names(plan)
    told = plan.as_dict()
    assert told["prebuilt"] == [RUNNING, OTHER]
    assert "dkms" not in told
    assert "headers" not in told
    assert f"ready-made, for {RUNNING}, {OTHER}" in " ".join(plan.reasons)


def test_a_kernel_that_no_package_brought_gets_none():
    """Its modules' package would bring the distribution's kernel."""
    assert make(OTHER, images={RUNNING: "1"}).prebuilt == (RUNNING,)


def test_a_driver_that_dkms_built_stays_with_it():
    there = {"modules": VERSION, "variant": "open"}
    built = {
        "kernels": [kernel(RUNNING, **there)],
        "loaded": VERSION,
        "loaded_variant": "open",
        "packages": [package(DKMS, VERSION)],
    }
    plan = make(**built)
    assert (plan.action, plan.prebuilt, plan.dkms) == ("install", (), "nvidia")
    assert DKMS in names(plan)
    assert prebuilt.MISSING not in [note.code for note in plan.warnings]
    # without headers nothing can be built again
    assert make(**{**built, "kernels": [kernel(RUNNING, headers="absent", **there)]}).prebuilt == (RUNNING,)


def test_another_kernel_that_is_there_is_named():
    refused = make(OTHER, running=ABSENT)
    assert [note.code for note in refused.refusals] == ["driver-headers-missing"]
    (note,) = refused.refusals
    assert f"ready-made modules for {OTHER}, {RUNNING}" in note.message
    assert f"boot {OTHER}, which is installed, or build the bundle with" in note.hint


def test_modules_that_are_built_though_others_are_ready_made_are_told_with_both_ways_out():
    plan = make(OTHER, running=ABSENT, headers="whole")
    (note,) = (note for note in plan.warnings if note.code == prebuilt.MISSING)
    assert plan.dkms == "nvidia"
    assert f"none for the running kernel {ABSENT}" in note.message
    assert note.found == f"{OTHER}, {RUNNING}"
    assert f"boot {OTHER}, which is installed, or" in note.hint
    assert f'kernels: ["{ABSENT}"]' in note.hint


def test_secure_boot_with_dkms_alone_is_told_of_the_kernels_that_need_no_key():
    signing = driver_facts.signing("Secure Boot", shim=False)
    plan = make(OTHER, running=ABSENT, headers="whole", signing=signing)
    assert [note.code for note in plan.refusals] == ["driver-signing-impossible"]
    assert prebuilt.MISSING in [note.code for note in plan.warnings]


def test_a_bundle_of_a_vendor_without_such_modules_says_nothing_of_them():
    bundle, groups = driver_facts.bundle(VERSION, ("open",), ())
    wanted = desired(bundle={**bundle, "origin": "NVIDIA"}, packages=groups)
    plan = make(headers="whole", wanted=wanted)
    assert (plan.prebuilt, plan.dkms) == ((), "nvidia")
    assert prebuilt.MISSING not in [note.code for note in plan.warnings]


@pytest.mark.parametrize(
    ("kernel", "flavour"),
    [
        ("6.8.0-45-generic", "generic"),
        ("6.8.0-1017-aws", "aws"),
        ("6.8.0-45-lowlatency", "lowlatency"),
        ("6.8.0-1014-nvidia-lowlatency", "nvidia-lowlatency"),
        ("6.12.117+deb13-cloud-amd64", ""),
        ("6.8.0", ""),
        ("", ""),
    ],
)
def test_flavours(kernel, flavour):
    assert prebuilt.flavour(kernel) == flavour


class Disk:
    """Modules of one kernel as packages leave them; the first word of a file is its version."""

    def __init__(self, root, version=VERSION):
        self.root, self.folder = root, root / "lib/modules" / RUNNING
        place = self.folder / "kernel/nvidia-580srv-open"
        place.mkdir(parents=True)
        for name in ("nvidia", "nvidia-modeset", "nvidia-uvm", "nvidia-drm"):
            (place / f"{name}.ko").write_text(version)
        (self.folder / "modules.dep").write_text("kernel/nvidia-580srv-open/nvidia.ko:\n")

    def run(self, argv, _environment):
        if "modinfo" not in argv:
            return 1, "", ""
        with open(argv[-1], encoding="utf-8") as file:  # noqa: PTH123 (as a program would)
            return 0, f"version: {file.read()}\n", ""

    def fault(self):
        return driver_kernels.fault(Host(run=self.run, root=self.root), RUNNING, VERSION)


def test_what_lies_among_a_kernel_s_modules_decides(tmp_path):
    assert Disk(tmp_path / "whole").fault() == ""
    assert "version 580.95.05" in Disk(tmp_path / "other", "580.95.05").fault()
    unread = Disk(tmp_path / "unread", "")
    assert "version unknown" in unread.fault()
    lost = Disk(tmp_path / "lost")
    (lost.folder / "kernel/nvidia-580srv-open/nvidia-uvm.ko").unlink()
    assert lost.fault() == "not all of them are there"
    unlisted = Disk(tmp_path / "unlisted")
    (unlisted.folder / "modules.dep").write_text("")
    assert "index" in unlisted.fault()
