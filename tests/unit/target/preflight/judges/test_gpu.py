"""Every GPU finding of preflight is triggered once; a site that wants no GPU is asked nothing."""

import re
import shutil
import subprocess

import pytest

from graphistry_airgap.content import content_root
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.finding import in_order
from graphistry_airgap.target.gpu import smi as gpu_smi
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.judges import gpu as findings_gpu
from graphistry_airgap.target.preflight.probes import gpu as probe_gpu
from tests.kit.fakes import smi_answers

ALLOWED = {"allow_mig": True}
GOOD = "595.58.03"
DESIRED = {
    "indices": "",
    "workers": "",
    "allow_mig": False,
    "release": "v2.50.1",
    "cuda": "12",
    "knowledge": load_knowledge(),
    "known": [],
}
ON_THE_BUS = ({"address": "0000:01:00.0", "device": "0x1eb8"},)


def profile(*gpus, driver=GOOD, state="", pci=ON_THE_BUS, allocator="", by_hand=None):
    answer = gpu_smi.parse(smi_answers.answer(*gpus, driver=driver))
    if state:
        answer = gpu_smi.Answer(state, "what it said")
    return {
        "resources": {"cpus": 16, "memory": 64 * 10**9},
        "gpu": {
            "pci": list(pci),
            "answer": answer.as_dict(),
            "custom_env": "/var/graphistry/current/data/config/custom.env",
            "allocator": allocator,
            "by_hand": by_hand or {},
        },
    }


def findings(given, **desired):
    requirements = {"gpu": {**DESIRED, **desired}}
    judges = (findings_gpu.gpus, findings_gpu.gone, findings_gpu.allocator, findings_gpu.order)
    return in_order(finding for judge in judges for finding in judge(given, requirements))


def known(*numbers):
    return [{"uuid": smi_answers.UUID.format(number), "name": "Tesla T4"} for number in numbers]


T4, T4_1, VGPU = smi_answers.gpu(), smi_answers.gpu(1), smi_answers.vgpu()
CUT = smi_answers.gpu(mig=("19968 MiB",))
V100 = smi_answers.gpu(name="Tesla V100", architecture="Volta", device="1DB110DE")
A5000 = smi_answers.gpu(1, name="NVIDIA RTX A5000", architecture="Ampere", device="223110DE")
BROKEN = smi_answers.gpu(recovery="Reset")
CASES = {
    "gpu-missing": ("error", profile(state=gpu_smi.ABSENT, pci=()), {}),
    "gpu-driver-missing": ("error", profile(state=gpu_smi.ABSENT), {}),
    "gpu-driver-silent": ("error", profile(state=gpu_smi.NO_DRIVER), {}),
    "gpu-driver-hangs": ("error", profile(state=gpu_smi.HANGS), {}),
    "gpu-driver-unreadable": ("error", profile(state=gpu_smi.UNREADABLE), {}),
    "gpu-driver-too-old": ("error", profile(T4, driver="515.105.01"), {}),
    "gpu-driver-known-bad": ("error", profile(T4, driver="580.65.06"), {"release": "2.45.7", "cuda": "12.8"}),
    "gpu-driver-too-new": ("error", profile(V100), {}),
    "gpu-driver-unknown": ("error", profile(T4, driver="N/A"), {}),
    "gpu-broken": ("error", profile(BROKEN), {}),
    "gpu-left-out": ("warning", profile(BROKEN, T4_1), {}),
    "gpu-mig-several": ("error", profile(CUT, smi_answers.gpu(1, mig=("9728 MiB",))), ALLOWED),
    "gpu-driver-forward-compatible-only": ("warning", profile(T4, driver="570.124.04"), {}),
    "gpu-release-unknown": ("warning", profile(T4), {"cuda": "99"}),
    "gpu-too-old": ("error", profile(smi_answers.gpu(architecture="Pascal")), {}),
    "gpu-memory-too-small": ("error", profile(smi_answers.gpu(memory="1024 MiB")), {}),
    "gpu-mig": ("error", profile(CUT), {}),
    "gpu-mig-empty": ("error", profile(smi_answers.gpu(mig=())), {"allow_mig": True}),
    "vgpu-unlicensed": ("error", profile(smi_answers.vgpu(licence="Unlicensed (Restricted)")), {}),
    "vgpu-profile-without-cuda": ("error", profile(smi_answers.vgpu(profile="T4-8A")), {}),
    "vgpu-mig-backed": ("error", profile(smi_answers.vgpu(profile="A100-1-5C")), {}),
    "gpu-not-there": ("error", profile(T4), {"indices": "1"}),
    "gpu-ids-invalid": ("error", profile(T4), {"indices": "0,0"}),
    "gpu-gone": ("error", profile(T4), {"known": known(0, 1)}),
    "gpu-replaced": ("warning", profile(T4_1), {"known": known(0)}),
    "gpu-order": ("error", profile(T4, A5000, by_hand={"CUDA_VISIBLE_DEVICES": "0"}), {}),
    "gpu-uuid-unknown": (
        "error",
        profile(CUT, smi_answers.gpu(1, uuid="N/A")),
        {"indices": "1"},
    ),
    "vgpu-allocator": ("error", profile(VGPU, allocator="managed"), {}),
}

# what the same situation says as warnings
BESIDES = {
    "gpu-order": ["gpus-differ"],
    "gpu-uuid-unknown": ["gpu-mig-beside"],
    "gpu-mig-several": ["gpu-mig-first-instance", "gpu-mig-beside"],
}


@pytest.mark.parametrize("code", CASES)
def test_each_cause_gives_its_finding_alone(code):
    severity, given, desired = CASES[code]
    found = [item for item in findings(given, **desired) if item.code not in BESIDES.get(code, ())]
    assert [(item.severity, item.code) for item in found] == [(severity, code)]
    assert found[0].message
    assert found[0].found
    assert found[0].needed
    assert severity != "error" or found[0].hint


def test_the_role_documents_exactly_these_codes():
    text = (content_root() / "roles/preflight/README.md").read_text(encoding="utf-8")
    section = text.partition("wants GPUs used")[2]
    assert set(re.findall(r"`(v?gpu-[a-z-]+)`", section)) == set(CASES)


@pytest.mark.parametrize(
    ("gpus", "desired"),
    [
        ([T4], {}),
        ([T4, T4_1], {"known": known(0, 1)}),
        ([T4, T4_1], {"known": known(0)}),
        ([VGPU], {}),
        ([CUT], {"allow_mig": True, "workers": "1,1,1"}),
    ],
)
def test_a_machine_in_order_has_no_errors(gpus, desired):
    assert [item.code for item in findings(profile(*gpus), **desired) if item.severity == "error"] == []


def test_the_hint_of_an_unlicensed_guest_names_the_licence_client():
    assert "gridd" in findings(CASES["vgpu-unlicensed"][1])[0].hint
    assert "class Q or C" in findings(CASES["vgpu-profile-without-cuda"][1])[0].needed


def test_a_gpu_that_fell_off_the_bus_wants_a_reboot_and_no_driver():
    lost = profile()
    said = "Unable to determine the device handle for GPU 0000:01:00.0: GPU is lost.  Reboot the system"
    lost["gpu"]["answer"] = gpu_smi.Answer(gpu_smi.NO_DRIVER, said).as_dict()
    (found,) = findings(lost)
    assert (found.code, found.severity) == ("gpu-driver-silent", "error")
    assert said in found.message
    assert "reboot" in found.hint
    assert "install" not in found.hint


def test_without_a_bus_nvidia_smi_counts():
    assert findings(profile(T4, pci=())) == []


def test_named_gpus_that_are_left_make_a_lost_one_a_warning():
    found = findings(profile(T4), known=known(0, 1), indices="0")
    assert [item.code for item in found] == ["gpu-replaced"]


@pytest.mark.parametrize("value", ["default", ""])
def test_a_fitting_allocator_by_hand_is_no_finding(value):
    assert findings(profile(VGPU, allocator=value)) == []


def test_managed_by_hand_is_fine_on_bare_metal():
    assert findings(profile(T4, allocator="managed")) == []


def test_a_site_without_gpus_is_asked_nothing_about_lines_by_hand():
    given = profile(T4, A5000, by_hand={"CUDA_VISIBLE_DEVICES": "0"})
    assert [item.code for item in findings(given)] == ["gpu-order", "gpus-differ"]
    judges = (findings_gpu.gpus, findings_gpu.gone, findings_gpu.allocator, findings_gpu.order)
    assert [item for judge in judges for item in judge(given, {"gpu": {}})] == []


def test_several_refusals_come_at_once():
    bad = smi_answers.vgpu(profile="T4-8A", licence="Unlicensed")
    codes = {item.code for item in findings(profile(bad, driver="515.105.01"))}
    assert codes == {"vgpu-unlicensed", "vgpu-profile-without-cuda", "gpu-driver-too-old"}


# the probe


def requirements(**desired):
    return {"gpu": desired, "root": "/var/graphistry", "release_version": "v2.50.1"}


def test_nothing_is_asked_for_a_site_without_gpus(tmp_path):
    def run(argv, environment):
        raise AssertionError(argv)

    assert probe_gpu.gpu(Host(run=run, root=tmp_path), requirements()) == {}


@pytest.mark.subprocesses
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("RMM_ALLOCATOR=managed\n", "managed"),
        ("# BEGIN graphistry-airgap\nRMM_ALLOCATOR=default\n# END graphistry-airgap\n", ""),
        ("A='never closed\n", ""),
    ],
)
def test_the_operator_s_allocator_is_read_and_the_installer_s_is_not(tmp_path, text, value):
    path = tmp_path / "var/graphistry/releases/v2.50.1/data/config/custom.env"
    path.parent.mkdir(parents=True)
    path.write_text(text)

    def run(argv, environment):
        done = subprocess.run([shutil.which("false")], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    found = probe_gpu.gpu(Host(run=run, root=tmp_path), requirements(wanted=True))
    assert found["allocator"] == value
    assert found["custom_env"].endswith("releases/v2.50.1/data/config/custom.env")
