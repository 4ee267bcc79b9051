"""Preflight about the driver, together with what it says of the GPUs: no contradiction, nothing twice."""

import re

import pytest

from graphistry_airgap.content import TARGET, content_root
from graphistry_airgap.target.finding import in_order
from graphistry_airgap.target.gpu import smi as gpu_smi
from graphistry_airgap.target.preflight.judges import (
    disk as findings_disk,
    driver as findings_driver,
    gpu as findings_gpu,
    packages as findings_packages,
)
from graphistry_airgap.target.preflight.probes import driver as probe_driver
from tests.kit.fakes import driver_facts, smi_answers
from tests.kit.fakes.driver_facts import KERNEL, facts, gpu, kernel, package

GPUS = {
    "indices": "",
    "workers": "",
    "allow_mig": False,
    "release": "v2.50.1",
    "cuda": "12",
    "knowledge": driver_facts.KNOWLEDGE,
    "known": [],
}
ABSENT = gpu_smi.Answer(gpu_smi.ABSENT, "nvidia-smi is not installed")


def answering(version, **more):
    return gpu_smi.parse(smi_answers.answer(smi_answers.gpu(**more), driver=version))


def profile(*gpus, answer=ABSENT, installed=(), **found):
    return {
        "driver": facts(*gpus, **found),
        "gpu": {
            "pci": [{key: one[key] for key in ("address", "device")} for one in gpus],
            "answer": answer.as_dict(),
            "custom_env": "",
            "allocator": "",
        },
        "resources": {"cpus": 16, "memory": 64 * 10**9},
        "transaction": {"installed": list(installed)},
        "packages": {"wanted": []},
    }


def findings(given, wants_gpus=True, indices="", **desired):
    requirements = {
        "gpu": {**GPUS, "indices": indices} if wants_gpus else {},
        "driver": driver_facts.desired(**desired),
        "purpose": "server",
    }
    judges = (findings_driver.driver, findings_driver.kernel, findings_gpu.gpus)
    return in_order(finding for judge in judges for finding in judge(given, requirements))


def codes(given, severity="error", **more):
    return [item.code for item in findings(given, **more) if item.severity == severity]


def loaded(version):
    return {
        "loaded": version,
        "loaded_variant": "proprietary",
        "kernels": [kernel(modules=version, variant="proprietary")],
        "packages": [package("nvidia-kernel-dkms", version)],
    }


def test_no_driver_is_no_error_when_this_run_installs_one():
    given = profile(gpu())
    assert codes(given) == []
    assert "driver-install" in codes(given, severity="info")


def test_no_driver_is_one_when_nobody_brings_it():
    assert codes(profile(gpu()), version="") == ["gpu-driver-missing"]
    assert codes(profile(gpu()), install="never") == ["gpu-driver-missing"]


def test_a_refused_installation_says_why_and_nothing_else():
    given = profile(gpu(), kernels=[kernel(headers="absent")])
    assert codes(given, kernels=["6.1.0-other"]) == ["driver-headers-missing"]


@pytest.mark.parametrize("state", [gpu_smi.HANGS, gpu_smi.UNREADABLE])
def test_a_driver_that_is_there_and_ill_stays_an_error(state):
    given = profile(gpu(), answer=gpu_smi.Answer(state, "what it said"), **loaded("580.126.20"))
    assert codes(given) == [f"gpu-driver-{state}"]


def test_before_a_driver_answers_the_bus_tells_the_generation():
    assert codes(profile(gpu("Pascal"))) == ["gpu-driver-missing", "gpu-too-old"]
    assert codes(profile(gpu("Pascal"), gpu("Turing", 1))) == ["gpu-too-old"]


def test_before_a_driver_answers_gpus_can_be_named_by_number_and_uuids_are_believed():
    given = profile(gpu())
    assert codes(given, indices="1") == ["gpu-not-there"]
    assert codes(given, indices="GPU-8e3b1c00-0000-0000-0000-000000000000") == []
    assert codes(given, indices="0,0") == ["gpu-ids-invalid"]


def test_a_driver_out_of_range_is_said_once():
    given = profile(gpu(), answer=answering("550.163.01"), **loaded("550.163.01"))
    found = [item for item in findings(given) if item.severity == "error"]
    assert [item.code for item in found] == ["gpu-driver-too-old"]
    assert "replace: true" in found[0].hint
    assert "waive: [driver-range]" in found[0].hint
    assert codes(given, wants_gpus=False) == ["driver-out-of-range"]


def test_what_is_waived_only_warns():
    given = profile(gpu(), answer=answering("550.163.01"), **loaded("550.163.01"))
    assert codes(given, waive_range=True) == []
    assert "gpu-driver-too-old" in codes(given, severity="warning", waive_range=True)


def test_what_is_replaced_is_not_judged():
    given = profile(gpu(), answer=answering("550.163.01"), **loaded("550.163.01"))
    assert codes(given, replace=True) == []


def test_the_bundle_s_own_driver_out_of_range_is_refused_and_can_be_waived():
    given = profile(gpu())
    own = {"version": "550.163.01", "modules": ["proprietary"]}
    assert "driver-bundle-out-of-range" in codes(given, **own)
    assert codes(given, **own, waive_range=True) == []
    again = profile(gpu(), answer=answering("550.163.01"), **loaded("550.163.01"))
    assert codes(again, **own, waive_range=True) == []


@pytest.mark.parametrize(
    "name", [f"linux-image-{KERNEL}", "linux-modules-6.8.0-31-generic", "kernel-core", "linux-image-amd64"]
)
def test_a_transaction_that_brings_a_kernel_is_refused(name):
    assert codes(profile(gpu(), installed=["dkms", name])) == ["driver-kernel-would-change"]


def test_what_is_wanted_by_name_is_of_the_running_kernel_and_moves_none():
    """Such as kernel-modules-extra of EL 10, of which dnf's table says no version."""
    given = profile(gpu(), installed=["kernel-modules", "kernel-modules-extra"])
    given["packages"] = {"wanted": [{"name": "kernel-modules-extra", "state": "absent"}]}
    (found,) = findings_driver.kernel(given, {})
    assert found.found == "kernel-modules"


def test_the_file_of_a_kernel_that_no_bundle_holds_is_not_missed():
    lost = {"path": "/media/bundle/x.deb", "reason": "the file is not there"}
    rows = [{"package": name, **lost} for name in (f"linux-image-{KERNEL}", "dkms")]
    given = {
        "transaction": {
            "index_error": "",
            "conflict": "",
            "removed": [],
            "pinned": [],
            "missing_files": rows,
            "refused_files": [],
            "without_sha256": [],
            "streams": [],
        }
    }
    found = findings_packages.transaction(
        {**given, "packages": {"wanted": [], "rivals": {}, "assumed": []}}, {"package_system": "apt"}
    )
    assert ["dkms" in item.message for item in found] == [True]


def test_precompiled_modules_are_no_kernel():
    given = profile(gpu(), installed=["dkms", f"linux-headers-{KERNEL}", "linux-modules-nvidia-580-generic"])
    assert codes(given) == []


def test_the_simulated_transaction_asks_for_the_driver_and_the_headers_too():
    given = facts(gpu(), kernels=[kernel(headers="absent")])
    base = [{"name": "docker.io", "version": "26.1.5"}]
    requirements = {"packages": base, "driver": driver_facts.desired()}
    names = [item["name"] for item in probe_driver.packages(given, requirements, KERNEL)]
    assert names == [
        "docker.io",
        "libcuda1",
        f"linux-headers-{KERNEL}",
        "nvidia-open-kernel-dkms",
        "nvidia-smi",
    ]
    of_others = [{"name": "kernel-modules-extra", "version": "1", "kernel": name} for name in ("5.1", "6.1")]
    nothing_more = {"packages": [*base, *of_others], "driver": {}}
    assert probe_driver.packages({}, nothing_more, KERNEL) == base
    assert probe_driver.packages({}, nothing_more, "6.1") == [*base, of_others[1]]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, {"the driver", "building the driver's modules"}),
        (loaded("580.126.20"), set()),
        (loaded("590.48.01"), set()),
    ],
)
def test_room_for_the_build_is_asked_for_where_one_is_due(found, expected):
    given = profile(gpu(), **found) | {
        "packages": {"wanted": []},
        "docker": {"engine": {"present": []}},
        "releases": {"installed": [""]},
    }
    requirements = {"driver": driver_facts.desired(), "images": [], "release_version": "", "root": "/x"}
    assert {item.purpose for item in findings_disk.demands(given, requirements)} == expected


def test_no_room_for_a_build_is_asked_for_where_modules_come_ready_made():
    given = profile(gpu()) | {
        "packages": {"wanted": []},
        "docker": {"engine": {"present": []}},
        "releases": {"installed": [""]},
    }
    wanted = driver_facts.desired()
    wanted["packages"]["prebuilt"] = {"open": {KERNEL: [{"name": "linux-modules-nvidia", "version": "1"}]}}
    requirements = {"driver": wanted, "images": [], "release_version": "", "root": "/x"}
    assert {item.purpose for item in findings_disk.demands(given, requirements)} == {"the driver"}


def test_the_guide_names_every_code():
    sources = "driver/choice driver/obstacles driver/plan driver/prebuilt preflight/judges/driver"
    written = "".join((TARGET / f"{name}.py").read_text(encoding="utf-8") for name in sources.split())
    known = set(re.findall(r'"(driver-[a-z-]+)"', written)) - {"driver-range"}
    role = (content_root() / "roles/preflight/README.md").read_text(encoding="utf-8")
    guide = (content_root() / "docs/guide/troubleshooting.md").read_text(encoding="utf-8")
    assert known - set(re.findall(r"`(driver-[a-z-]+)`", role)) == set()
    assert known - set(re.findall(r"`(driver-[a-z-]+)`", guide)) == {"driver-install"}


def life(given, now="2026-11-30T10:00:00Z", **desired):
    requirements = {"driver": driver_facts.desired(**desired)}
    return list(findings_driver.life({**given, "clock": {"now": now}}, requirements))


def test_the_branch_that_comes_is_judged_and_else_the_one_that_stays():
    (found,) = life(profile(gpu("Turing")), version="575.57.08")
    assert (found.severity, found.code) == ("warning", "driver-branch-over")
    assert "575" in found.message
    assert life(profile(gpu("Turing")), version="580.126.20") == []
    stays = profile(gpu("Turing"), packages=[package("nvidia-kernel-open-dkms", "575.57.08")])
    assert life(profile(gpu("Turing")), version="") == []
    assert [one.found for one in life(stays, version="580.126.20")] == ["driver 575.57.08"]


def test_a_branch_that_nobody_knows_here_is_said_to_be_unknown():
    (found,) = life(profile(gpu("Turing")), version="615.10.01")
    assert (found.severity, found.code) == ("info", "driver-branch-unknown")
