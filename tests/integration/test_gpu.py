"""A vGPU guest: what cannot work is refused before any change, the rest reaches the services themselves.

There is no GPU: nvidia-smi is the lab's stand-in, which replays answers that were written for these tests.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from lab.hosts.prepared_host import RECEIPT, SITE_FILE, site_file
from lab.stand_ins import nvidia_smi
from tests.kit.fakes import smi_answers
from tests.kit.hosts.demo_hosts import asked_alone, install, snapshot, tool

if TYPE_CHECKING:
    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

CUSTOM_ENV = "/var/graphistry/releases/v2.50.1/data/config/custom.env"
LICENSED = smi_answers.answer(smi_answers.vgpu(), driver=smi_answers.VGPU_DRIVER)
FOR_A_VGPU = {
    "CUDA_VISIBLE_DEVICES": "0",
    "STREAMGL_CUDA_VISIBLE_DEVICES": "0",
    "FORGE_NUM_WORKERS": "2",
    "STREAMGL_NUM_WORKERS": "2",
    "DASK_NUM_WORKERS": "1",
    "RMM_ALLOCATOR": "default",
    "FEP_GPU_WATCHER_ENABLED": "1",
    "FEP_GPU_WATCHER_WARN_THRESHOLD": "70%",
    "FEP_GPU_WATCHER_IDLE_THRESHOLD": "60%",
    "FEP_GPU_WATCHER_KILL_THRESHOLD": "90%",
    "FEP_GPU_WATCHER_EMERGENCY_THRESHOLD": "95%",
}
# the services that RAPIDS' allocator is for; those with a page that shows their environment, and its port
PAGES = {
    "forge-etl-python": 8080,
    "streamgl-gpu": 8080,
    "notebook": 8888,
    "graph-app-kit-public": 8501,
    "graph-app-kit-private": 8501,
}
WITHOUT_PAGE = ("dask-cuda-worker",)
FETCH = (
    "import sys, urllib.request; "
    "opener = urllib.request.build_opener(urllib.request.ProxyHandler({})); "
    "sys.stdout.write(opener.open(sys.argv[1], timeout=60).read().decode())"
)


@pytest.fixture(scope="module")
def host(sealed_host):
    return sealed_host("gpu", site=site_file() + "gpu: auto\n")


@pytest.fixture(scope="module")
def refused(host):
    """What the first installation said, and what it changed."""
    answer = smi_answers.answer(
        smi_answers.vgpu(licence="Unlicensed (Restricted)"), driver=smi_answers.VGPU_DRIVER
    )
    nvidia_smi.place(host, capture=answer)
    before = snapshot(host)
    rc, envelope = install(host)
    return rc, envelope, before, snapshot(host)


@pytest.fixture(scope="module")
def installed(host, refused):
    nvidia_smi.place(host, capture=LICENSED)
    rc, envelope = install(host)
    assert rc == 0, json.dumps(envelope, indent=1)
    return envelope


def codes(envelope: dict[str, Any]) -> list[str]:
    return [error["code"] for error in envelope["errors"]]


def environment(host: SealedHost, service: str) -> dict[str, str]:
    """What the service itself says; where it has no page, what its first process was started with."""
    if service in PAGES:
        address = f"http://{service}:{PAGES[service]}/__env"
        command = ["docker", "exec", "graphistry-nexus-1", "python3", "-I", "-c", FETCH, address]
        found: dict[str, str] = json.loads(host.require(command, timeout=120))["environment"]
        return found
    text = host.require(["docker", "exec", f"graphistry-{service}-1", "cat", "/proc/1/environ"])
    return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)


def test_an_unlicensed_guest_is_refused_with_3_before_any_change(refused):
    rc, envelope, before, after = refused
    assert rc == 3
    assert codes(envelope) == ["vgpu-unlicensed"]
    assert "nvidia-gridd" in envelope["errors"][0]["hint"]
    # install.sh has put Python there, which the tool itself needs
    assert after["docker"] == before["docker"]
    assert after["releases"] == before["releases"]


@pytest.mark.parametrize(
    ("answered", "code", "words"),
    [
        ((smi_answers.vgpu(profile="T4-8A"), ""), "vgpu-profile-without-cuda", "Q or C profile"),
        ((smi_answers.vgpu(), "no-driver"), "gpu-missing", "gpu: none"),
        ((smi_answers.vgpu(), "truncated"), "gpu-driver-unreadable", "nvidia-smi -q -x"),
        ((smi_answers.vgpu(), "empty"), "gpu-driver-unreadable", "nvidia-smi -q -x"),
    ],
)
def test_what_cannot_work_is_refused_by_preflight(host, refused, answered, code, words):
    capture, fault = answered
    answer = smi_answers.answer(capture, driver=smi_answers.VGPU_DRIVER)
    nvidia_smi.place(host, capture=answer, fault=fault)
    rc, envelope = tool(host, "preflight", "--bundle", "/media/bundle")
    assert (rc, codes(envelope)) == (3, [code])
    assert words in envelope["errors"][0]["hint"]


def test_an_nvidia_smi_that_hangs_is_ended_and_reported(host, refused):
    nvidia_smi.place(host, capture=LICENSED, fault="hang")
    begun = time.monotonic()
    rc, envelope = tool(host, "preflight", "--bundle", "/media/bundle")
    assert (rc, codes(envelope)) == (3, ["gpu-driver-hangs"])
    assert time.monotonic() - begun < 240
    assert host.exec(["pgrep", "-f", "sleep 3600"]).rc != 0


def test_the_settings_are_in_the_services_own_environment(host, installed):
    for service in (*PAGES, *WITHOUT_PAGE):
        assert environment(host, service)["RMM_ALLOCATOR"] == "default", service
    forge = environment(host, "forge-etl-python")
    assert {name: forge.get(name) for name in FOR_A_VGPU} == FOR_A_VGPU


def test_the_settings_stand_in_the_installer_s_block(host, installed):
    text = host.read(CUSTOM_ENV).decode()
    block = text.partition("# BEGIN graphistry-airgap")[2].partition("# END graphistry-airgap")[0]
    lines = [line.split("=", 1) for line in block.splitlines() if "=" in line and not line.startswith("#")]
    values = {name: value.strip("'\"") for name, value in lines}
    assert {name: values.get(name) for name in FOR_A_VGPU} == FOR_A_VGPU


def test_the_receipt_keeps_the_plan_with_its_reasons(host, installed):
    plan = json.loads(host.read(RECEIPT))["gpu"]
    assert plan["env"] == FOR_A_VGPU
    assert plan["reasons"].keys() == plan["env"].keys()
    assert plan["gpus"][0]["profile"] == "T4-8Q"
    assert plan["gpus"][0]["uuid"] == smi_answers.UUID.format(0)


def test_the_tool_on_the_host_plans_the_same(host, installed):
    rc, envelope = tool(host, "gpu", "plan")
    assert (rc, envelope["data"]["env"]) == (0, FOR_A_VGPU)


def test_a_second_installation_changes_nothing(host, installed):
    before = host.read(RECEIPT)
    rc, envelope = install(host)
    assert (rc, envelope["data"]["changed"]) == (0, 0)
    assert asked_alone(envelope)
    assert host.read(RECEIPT) == before


def test_managed_by_hand_is_a_finding_and_not_overwritten(host, installed):
    original = host.read(CUSTOM_ENV)
    by_hand = original + b"RMM_ALLOCATOR=managed  # mine\n"
    host.put(by_hand, CUSTOM_ENV, mode=0o600)
    rc, envelope = install(host)
    assert (rc, codes(envelope)) == (3, ["vgpu-allocator"])
    assert envelope["errors"][0]["path"] == CUSTOM_ENV
    assert "RMM_ALLOCATOR=default" in envelope["errors"][0]["hint"]
    assert host.read(CUSTOM_ENV) == by_hand
    assert environment(host, "forge-etl-python")["RMM_ALLOCATOR"] == "default"
    host.put(original, CUSTOM_ENV, mode=0o600)


def test_a_lost_gpu_is_a_finding_until_the_site_says_which_are_left(host, installed):
    receipt = json.loads(host.read(RECEIPT))
    receipt["gpu"]["gpus"].append({"index": 1, "name": "GRID T4-8Q", "uuid": smi_answers.UUID.format(1)})
    kept = host.read(RECEIPT)
    host.put(json.dumps(receipt).encode(), RECEIPT, mode=0o600)
    rc, envelope = tool(host, "preflight")
    assert (rc, codes(envelope)) == (3, ["gpu-gone"])
    host.put((site_file() + "gpu: {indices: 0}\n").encode(), SITE_FILE)
    rc, envelope = tool(host, "preflight")
    assert rc == 0, json.dumps(envelope, indent=1)
    assert "gpu-replaced" in [finding["code"] for finding in envelope["data"]["findings"]]
    host.put((site_file() + "gpu: auto\n").encode(), SITE_FILE)
    host.put(kept, RECEIPT, mode=0o600)


def test_without_gpus_wanted_the_settings_leave_the_block(host, installed):
    host.put(site_file().encode(), SITE_FILE)
    rc, envelope = install(host)
    assert rc == 0, json.dumps(envelope, indent=1)
    left = [name for name in FOR_A_VGPU if f"\n{name}=".encode() in host.read(CUSTOM_ENV)]
    assert left == []
    running = host.require(["sh", "-c", "cd /var/graphistry/current && ./graphistry config"])
    assert "RMM_ALLOCATOR: default" not in running


def test_nothing_tried_to_leave(host, installed):
    assert host.egress().packets == ()
