"""The container toolkit on a host that is in use: nothing of the site's is lost, nothing running stops.

The toolkit is the lab's stand-in, and so are the GPUs: what a passed rung says here is that the right things
were asked.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.hosts.prepared_host import RECEIPT
from lab.stand_ins import nvidia_smi
from tests.kit.fakes import smi_answers
from tests.kit.hosts.demo_hosts import asked_alone, install, tool

if TYPE_CHECKING:
    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

DAEMON_JSON = "/etc/docker/daemon.json"
SPEC = "/etc/cdi/nvidia.yaml"
# Docker's files must lie in the host's own volume
SITE_KEYS = {
    "data-root": "/var/lib/docker/site",
    "bip": "172.31.7.1/24",
    "log-opts": {"max-size": "7m", "labels": "a<b"},
    "registry-mirrors": ["https://mirror.example.invalid/"],
}
FOREIGN = "somebody-elses"
NO_NVML = "failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND"
GPUS = (smi_answers.gpu(0), smi_answers.gpu(1))
DRIVER, NEWER_DRIVER = "595.58.03", "595.71.05"


@pytest.fixture(scope="module")
def host(sealed_host):
    started = sealed_host("toolkit")
    started.put(json.dumps(SITE_KEYS).encode(), DAEMON_JSON)
    return started


@pytest.fixture(scope="module")
def installed(host):
    return succeed(host)


@pytest.fixture(scope="module")
def foreign(host, installed):
    """A container of somebody else's, with what tells whether it was stopped."""
    host.require(
        ["docker", "run", "-d", "--name", FOREIGN, "--network", "none", image(host), "sleep", "9999"]
    )
    return life(host)


@pytest.fixture(scope="module")
def with_gpus(host, foreign):
    nvidia_smi.place(host, capture=smi_answers.answer(*GPUS, driver=DRIVER))
    return succeed(host)


def succeed(host: SealedHost) -> dict[str, Any]:
    rc, envelope = install(host, timeout=1200)
    assert rc == 0, json.dumps(envelope, indent=1)
    return envelope["data"]


def image(host: SealedHost) -> str:
    names = host.require(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]).split()
    return next(name for name in names if name.startswith("redis:"))


def life(host: SealedHost) -> str:
    return host.require(["docker", "inspect", "-f", "{{.State.Pid}} {{.State.StartedAt}}", FOREIGN])


def daemon_json(host: SealedHost) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.read(DAEMON_JSON))
    return found


def run_container(host: SealedHost, *options: str, program: tuple[str, ...] = ("true",)):
    command = ["docker", "run", "--rm", "--network", "none", *options, "--entrypoint", program[0]]
    return host.exec([*command, image(host), *program[1:]], timeout=120)


def outcomes(data: dict[str, Any]) -> dict[int, str]:
    return {row["rung"]: row["outcome"] for row in data["gpu_rungs"]}


def test_every_key_of_the_site_is_kept(host, installed):
    found = daemon_json(host)
    assert {key: found.get(key) for key in SITE_KEYS} == SITE_KEYS
    assert found["default-runtime"] == "nvidia"
    running = json.loads(host.require(["docker", "info", "--format", "{{json .}}"]))
    assert running["DefaultRuntime"] == "nvidia"
    assert running["DockerRootDir"] == SITE_KEYS["data-root"]


def test_without_a_gpu_the_first_rung_passes_and_the_others_say_why_not(host, installed):
    rows = installed["gpu_rungs"]
    assert outcomes(installed) == {1: "passed", **dict.fromkeys(range(2, 9), "skipped")}
    assert {row["reason"] for row in rows[1:]} == {"there is no NVIDIA GPU on the PCI bus"}
    assert json.loads(host.read(RECEIPT))["gpu_rungs"] == rows
    assert host.exec(["test", "-e", SPEC]).rc != 0


def test_containers_on_a_host_without_driver(host, installed):
    assert run_container(host).rc == 0
    refused = run_container(host, "--env", "NVIDIA_VISIBLE_DEVICES=all")
    assert (refused.rc, NO_NVML in refused.stderr) == (125, True)
    refused = run_container(host, "--gpus=all")
    assert (refused.rc, NO_NVML in refused.stderr) == (125, True)


def test_containers_still_start_after_a_daemon_reload(host, installed):
    host.require(["systemctl", "daemon-reload"])
    assert run_container(host).rc == 0


def test_a_lost_runtime_comes_back_and_no_foreign_container_stops(host, installed, foreign):
    ours = ("default-runtime", "runtimes")
    left = {key: value for key, value in daemon_json(host).items() if key not in ours}
    host.put(json.dumps(left).encode(), DAEMON_JSON)
    host.require(["systemctl", "reload", "docker"])
    data = succeed(host)
    assert data["changed"] == 1
    assert {key: daemon_json(host).get(key) for key in SITE_KEYS} == SITE_KEYS
    assert host.require(["docker", "info", "--format", "{{.DefaultRuntime}}"]).strip() == "nvidia"
    assert life(host) == foreign


def test_with_gpus_each_rung_that_can_be_climbed_is(host, with_gpus):
    assert outcomes(with_gpus) == {**dict.fromkeys((1, 2, 3, 4, 5, 7), "passed"), 6: "skipped", 8: "skipped"}
    reasons = {row["rung"]: row["reason"] for row in with_gpus["gpu_rungs"]}
    assert reasons[8] == "the image has no cudf"
    assert json.loads(host.read(RECEIPT))["gpu_rungs"] == with_gpus["gpu_rungs"]


def test_docker_learned_gpus_without_stopping_a_foreign_container(host, with_gpus, foreign):
    assert life(host) == foreign
    assert run_container(host, "--gpus=all", program=("nvidia-smi", "-L")).stdout.count("UUID") == len(GPUS)


def test_the_cdi_specification_names_gpus_and_driver(host, with_gpus):
    text = host.read(SPEC).decode()
    assert [uuid for uuid in map(smi_answers.UUID.format, range(len(GPUS))) if uuid not in text] == []
    assert DRIVER in text


def test_a_second_installation_changes_nothing(host, with_gpus):
    before = host.read(RECEIPT)
    data = succeed(host)
    assert (data["changed"], outcomes(data)) == (0, outcomes(with_gpus))
    assert asked_alone({"data": data})
    reasons = {row["rung"]: row["reason"] for row in data["gpu_rungs"]}
    assert "same boot, driver, GPUs and images" in reasons[7]
    assert host.read(RECEIPT) == before


def test_containers_keep_the_gpus_after_a_daemon_reload(host, with_gpus):
    host.require(["systemctl", "daemon-reload"])
    seen = run_container(
        host, "--env", "NVIDIA_VISIBLE_DEVICES=all", program=("nvidia-smi", "-L")
    ).stdout.count("UUID")
    assert seen == len(GPUS)


def test_another_driver_makes_the_specification_anew(host, with_gpus):
    nvidia_smi.place(host, capture=smi_answers.answer(*GPUS, driver=NEWER_DRIVER))
    assert succeed(host)["changed"] == 1
    text = host.read(SPEC).decode()
    assert (DRIVER in text, NEWER_DRIVER in text) == (False, True)


def test_verify_fails_at_the_rung_that_broke(host, with_gpus):
    """A runtime that hides the GPUs: the host's own driver answers, the container sees none."""
    program = "/usr/bin/nvidia-container-runtime"
    kept = host.read(program)
    host.put(b'#!/bin/sh\nexec runc "$@"\n', program, mode=0o755)
    try:
        rc, envelope = tool(host, "verify")
    finally:
        host.put(kept, program, mode=0o755)
    assert rc == 1
    failed = {row["rung"] for row in envelope["data"]["rungs"] if row["outcome"] == "failed"}
    assert failed == {3, 4, 5, 7}
    assert all("nvidia-smi" in error["message"] for error in envelope["errors"])


def test_a_specification_goes_with_its_driver(host, with_gpus):
    nvidia_smi.place(host, capture=smi_answers.answer(*GPUS, driver=NEWER_DRIVER), fault="no-driver")
    data = succeed(host)
    assert host.exec(["test", "-e", SPEC]).rc != 0
    assert outcomes(data) == {1: "passed", **dict.fromkeys(range(2, 9), "skipped")}


@pytest.fixture
def kernels(host, installed):
    """Modules for the running kernel, and a newer kernel without any; files of these names, and no more."""
    running = host.require(["cat", "/proc/sys/kernel/osrelease"]).strip()
    newer = "99.1.0-1-amd64"
    for module in ("nvidia", "nvidia-modeset", "nvidia-uvm"):
        host.put(b"", f"/lib/modules/{running}/updates/dkms/{module}.ko")
    host.put(b"", f"/lib/modules/{newer}/kernel/modules")
    yield running, newer
    host.require(["rm", "-rf", f"/lib/modules/{running}/updates", f"/lib/modules/{newer}"])


def test_a_newer_kernel_without_modules_is_named_before_it_boots(host, kernels):
    running, newer = kernels
    rc, envelope = tool(host, "status")
    assert (rc, envelope["data"]["kernels"]["next"]) == (0, newer)
    said = "\n".join(envelope["messages"])
    assert f"the host boots {newer} next" in said
    assert f"platforms.debian-13.driver.kernels: [{newer}]" in said
    rc, envelope = tool(host, "preflight")
    found = {finding["code"]: finding for finding in envelope["data"]["findings"]}
    assert rc == 0
    assert running in found["next-kernel-without-driver"]["hint"]


def test_a_running_kernel_without_modules_fails_where_a_driver_was_installed(host, kernels):
    running, _ = kernels
    kept = host.read(RECEIPT)
    with_driver = json.loads(kept) | {"driver": {"action": "install"}}
    host.put(json.dumps(with_driver).encode(), RECEIPT, mode=0o600)
    host.require(["rm", "-rf", f"/lib/modules/{running}/updates"])
    rc, envelope = tool(host, "status")
    host.put(kept, RECEIPT, mode=0o600)
    assert (rc, [error["code"] for error in envelope["errors"]]) == (1, ["kernel-without-driver"])
    assert running in envelope["errors"][0]["message"]


def test_preflight_says_why_gpu_containers_cannot_start(host, installed):
    _, envelope = tool(host, "preflight")
    found = {finding["code"]: finding["message"] for finding in envelope["data"]["findings"]}
    assert "no NVIDIA GPU on the PCI bus" in found["gpu-containers-cannot-start"]


def test_nothing_tried_to_leave(host, with_gpus):
    assert host.egress().packets == ()
