"""Judgements about vGPU guests: one finding for each thing that is wrong, none for a guest in order."""

import pytest

from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.finding import ERROR, INFO, WARNING
from graphistry_airgap.target.preflight.judges import (
    gpu as findings_gpu,
    vgpu as findings_vgpu,
    vgpu_licence as findings_vgpu_licence,
)

KERNEL = "6.12.117+deb13-amd64"
NOW = 1_800_000_000
GUEST = {
    "version": "580.126.20",
    "gridd": True,
    "module": True,
    "headers": True,
    "tools": ["gcc"],
    "whole": True,
    "packaged": False,
    "begun": False,
}
NOTHING = {**GUEST, "version": "", "gridd": False, "module": False, "tools": ["gcc", "make"]}
TOKEN = {
    "origin": "site",
    "path": "/etc/client.tok",
    "exists": True,
    "error": "",
    "mode": "0600",
    "owner": 0,
    "expires": NOW + 1000,
    "valid_from": NOW - 1000,
    "servers": ["dls.example"],
}
FOUND = {
    "guest": "vgpu",
    "gpus": [{"index": 0, "name": "GRID T4-8Q", "virtualization": "vgpu", "licence": "unlicensed"}],
    "answered": True,
    "host_driver": {"version": "580.105.08", "branch": "r580_00"},
    "kernel": KERNEL,
    "driver": GUEST,
    "token": TOKEN,
    "others": [],
    "in_place": False,
    "servers": [],
    "now": NOW,
}
DESIRED = {
    "purpose": "server",
    "platform": "debian-13",
    "feature_type": "auto",
    "server": {},
    "token_file": "/etc/client.tok",
    "licence_timeout": 120,
    "driver": {"path": "vgpu/debian-13/x.run", "kind": "run", "version": "580.126.20", "sha256": "0"},
    "token": {},
    "headers": {},
    "tools": [],
    "release": "v2.50.1",
    "cuda": "12",
    "waive_range": False,
    "knowledge": load_knowledge(),
}
NONE_THERE = {"driver": NOTHING}
JUDGES = (findings_vgpu.guest, findings_vgpu.profiles, findings_vgpu.driver, findings_vgpu_licence.licence)


def judged(found=None, desired=None, purpose="server", gpu=None):
    profile = {"vgpu": {**FOUND, **(found or {})}}
    asked = {} if desired is False else {**DESIRED, **(desired or {}), "purpose": purpose}
    requirements = {"vgpu": asked, "gpu": gpu or {}, "purpose": purpose, "platform": "debian-13"}
    return [(one.severity, one.code) for judge in JUDGES for one in judge(profile, requirements)]


def token(**changed):
    return {"token": {**TOKEN, **changed}}


def test_an_unlicensed_guest_in_order_has_no_findings():
    assert judged() == []


@pytest.mark.parametrize(
    ("found", "desired", "finding"),
    [
        ({"guest": "none"}, {}, (ERROR, "vgpu-not-a-guest")),
        ({"guest": "pass-through"}, {}, (ERROR, "vgpu-not-a-guest")),
        ({"guest": "vgpu-host"}, {}, (ERROR, "vgpu-not-a-guest")),
        ({"guest": "no-gpu"}, {}, (ERROR, "vgpu-not-a-guest")),
        ({"guest": "unknown"}, {}, (ERROR, "vgpu-not-a-guest")),
        (NONE_THERE, {"driver": {}}, (ERROR, "vgpu-driver-missing")),
        ({"driver": {**GUEST, "gridd": False}}, {}, (ERROR, "vgpu-other-driver")),
        ({"driver": {**NOTHING, "headers": False}}, {}, (ERROR, "vgpu-headers-missing")),
        ({"driver": {**NOTHING, "tools": ["gcc"]}}, {}, (ERROR, "vgpu-build-tools-missing")),
        ({"host_driver": {}}, {}, (INFO, "vgpu-pair-unknown")),
        ({"host_driver": {"version": "550.54.16"}}, {}, (ERROR, "vgpu-pair")),
        ({"host_driver": {"version": "590.10"}}, {}, (WARNING, "vgpu-pair")),
        (token(origin=""), {}, (ERROR, "vgpu-no-licence-source")),
        (token(exists=False), {}, (ERROR, "vgpu-token-missing")),
        (token(mode="0640"), {}, (ERROR, "vgpu-token-exposed")),
        (token(owner=1000), {}, (ERROR, "vgpu-token-exposed")),
        (token(error="it is empty"), {}, (ERROR, "vgpu-token-unreadable")),
        (token(expires=NOW), {}, (ERROR, "vgpu-token-expired")),
        (token(valid_from=NOW + 61), {}, (ERROR, "vgpu-token-not-yet-valid")),
        ({}, {"server": {"address": "other.example"}}, (ERROR, "vgpu-token-server")),
        ({"others": ["old.tok"]}, {}, (WARNING, "vgpu-other-tokens")),
        (
            {"in_place": True, **token(origin="")},
            {"server": {"address": "licence.example"}},
            (WARNING, "vgpu-other-tokens"),
        ),
    ],
)
def test_each_thing_that_is_wrong_is_one_finding(found, desired, finding):
    assert judged(found, desired) == [finding]


@pytest.mark.parametrize(
    ("found", "desired"),
    [
        (NONE_THERE, {}),
        ({"driver": {**NOTHING, "headers": False}}, {"headers": {KERNEL: []}}),
        ({"driver": {**NOTHING, "tools": []}}, {"tools": [{"name": "gcc"}, {"name": "make"}]}),
        ({"driver": GUEST}, {"driver": {}}),
        (token(origin="bundle", mode="0644"), {}),
        (token(origin=""), {"server": {"address": "licence.example"}}),
        (token(expires=0, valid_from=0, servers=[]), {"server": {"address": "other.example"}}),
        (token(servers=["DLS.example"]), {"server": {"address": "dls.example."}}),
        (token(valid_from=NOW + 59), {}),
        ({"in_place": True}, {}),
        ({"others": ["a.tok"], **token(origin="host", path="/etc/nvidia/ClientConfigToken/a.tok")}, {}),
    ],
)
def test_what_is_right_is_let_pass(found, desired):
    assert judged(found, desired) == []


@pytest.mark.parametrize(
    ("version", "waived", "finding"),
    [
        ("550.163.01", False, [(ERROR, "vgpu-driver-too-old")]),
        ("550.163.01", True, [(WARNING, "vgpu-driver-too-old")]),
    ],
)
def test_a_guest_driver_out_of_the_release_s_range_needs_a_waiver(version, waived, finding):
    desired = {"driver": {**DESIRED["driver"], "version": version}, "waive_range": waived}
    assert judged({**NONE_THERE, "host_driver": {"version": version}}, desired) == finding


@pytest.mark.parametrize(
    ("name", "code"),
    [("GRID T4-8A", "vgpu-profile-without-cuda"), ("NVIDIA A100-1-5CME", "vgpu-mig-backed")],
)
def test_a_profile_that_cannot_compute_is_refused_where_no_plan_does_it(name, code):
    gpus = [{"index": 0, "name": name, "virtualization": "vgpu", "licence": "unlicensed"}]
    assert judged({"gpus": gpus}) == [(ERROR, code)]
    assert judged({"gpus": gpus}, gpu={"indices": ""}) == []


@pytest.mark.parametrize(("driver", "codes"), [(NOTHING, ["vgpu-secure-boot"]), (GUEST, [])])
def test_secure_boot_matters_where_a_module_is_built(driver, codes):
    profile = {"vgpu": {**FOUND, "driver": driver}, "hardening": {"secure_boot": True}}
    requirements = {"vgpu": DESIRED, "gpu": {}, "purpose": "server", "platform": "debian-13"}
    assert [one.code for one in findings_vgpu.driver(profile, requirements)] == codes


def test_a_guest_that_nobody_asked_about_is_a_warning():
    assert judged(desired=False) == [(WARNING, "vgpu-not-in-site")]
    assert judged({"guest": "no-gpu"}, desired=False) == []
    assert judged({"guest": "pass-through"}, desired=False) == []


def test_a_template_needs_no_gpu_and_no_licence():
    nothing = {"guest": "no-gpu", **token(origin="", exists=False)}
    assert judged(nothing, {"token_file": ""}, purpose="template") == []
    assert judged({**nothing, **NONE_THERE}, {"driver": {}}, purpose="template") == [
        (WARNING, "vgpu-driver-missing")
    ]


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (token(), "vgpu-token-in-template"),
        ({"in_place": True, **token(origin="host")}, "vgpu-token-in-template"),
        ({"others": ["a.tok"], **token(origin="")}, "vgpu-token-in-template"),
        ({"servers": ["licence.example"], **token(origin="", exists=False)}, "vgpu-server-in-template"),
    ],
)
def test_what_each_clone_would_inherit_is_refused(found, code):
    assert {
        one for _, one in judged({"guest": "no-gpu", **token(exists=False), **found}, purpose="template")
    } == {code}


def test_the_bundle_s_token_is_no_leftover():
    found = {"guest": "no-gpu", **token(origin="bundle")}
    assert judged(found, {"token_file": ""}, purpose="template") == []


def gpu_errors(vgpu, state="answered", found=None):
    """What the judge of GPUs says against a guest, which that of vGPU guests is responsible for."""
    answer = {"state": state, "detail": "", "driver": "580.126.20", "gpus": FOUND["gpus"], "attached": 1}
    gpu = {"pci": [{"address": "0000:02:00.0", "device": "0x1eb8"}], "answer": answer}
    gpu |= {"allocator": "", "custom_env": ""}
    profile = {"vgpu": {**FOUND, **(found or {})}, "gpu": gpu, "driver": {}}
    profile |= {"resources": {"cpus": 8, "memory": 64 << 30}}
    desired = {"indices": "", "workers": "", "allow_mig": False, "release": "v2.50.1", "cuda": "12"}
    desired |= {"knowledge": load_knowledge(), "known": []}
    requirements = {"vgpu": vgpu, "gpu": desired, "purpose": "server", "driver": {}}
    return [one.code for one in findings_gpu.gpus(profile, requirements) if one.severity == ERROR]


def test_the_gpu_judge_waits_for_a_licence_that_this_run_gets():
    assert gpu_errors(DESIRED) == []
    assert gpu_errors({}) == ["vgpu-unlicensed"]


@pytest.mark.parametrize("state", ["absent", "no-driver"])
def test_the_gpu_judge_waits_for_a_driver_that_this_run_installs_or_loads(state):
    assert gpu_errors(DESIRED, state, NONE_THERE) == []
    assert gpu_errors(DESIRED, state) == []
    assert gpu_errors({}, state) != []


def test_an_nvidia_smi_that_hangs_is_no_driver_to_come():
    assert gpu_errors(DESIRED, "hangs") == ["gpu-driver-hangs"]
