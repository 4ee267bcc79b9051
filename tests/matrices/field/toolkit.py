"""NVIDIA's container toolkit on hosts whose driver came late, went, or does not go with its libraries.

On hosts the toolkit and nvidia-smi are the lab's stand-ins; Docker, systemd and what they refuse are real.
Without a host the words are those of the real toolkit 1.17.9, 1.18.2 and 1.20.0, and of a real NVML 550
without its module.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.checks.climb import climb
from graphistry_airgap.target.docker import cdi as cdi_spec, cdi_refresh
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.judges import cdi as findings_cdi
from graphistry_airgap.target.preflight.probes import toolkit as probe_toolkit
from lab.hosts.prepared_host import INSTALL, MEDIUM, RECEIPT, site_file
from lab.stand_ins import nvidia_smi
from tests.kit.fakes import smi_answers
from tests.kit.faults.host_faults import content, living_state, site, wait_until
from tests.kit.hosts.demo_hosts import install, tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lab.hosts.sealed_host import SealedHost

CONFIG = "/etc/nvidia-container-runtime/config.toml"
OURS, REFRESHED = "/etc/cdi/nvidia.yaml", "/var/run/cdi/nvidia.yaml"
DROP_IN = "/etc/systemd/system/nvidia-cdi-refresh.service.d/lab.conf"
# a slow host would try on and on: the limit counts attempts within ten seconds
ATTEMPTS_END = b"[Unit]\nStartLimitIntervalSec=600\n"
NVIDIA_MODULE = b"updates/dkms/nvidia.ko:\n"
KEPT = "/var/lib/graphistry-airgap/replaced/etc/nvidia-container-runtime"
UNITS = ("nvidia-cdi-refresh.service", "nvidia-cdi-refresh.path")
PACKAGES = (
    "nvidia-container-toolkit",
    "nvidia-container-toolkit-base",
    "libnvidia-container-tools",
    "libnvidia-container1",
)
NEIGHBOUR = ("docker", "run", "-d", "--name", "somebody-elses", "--network", "none", "--entrypoint", "sleep")
GPUS = (smi_answers.gpu(0), smi_answers.gpu(1))
DRIVER = "595.58.03"
GPU_ON_BUS = {"vendor": "0x10de", "device": "0x1eb8", "class": "0x030200"}
IMAGES = [
    {"name": "redis:6.2.7", "size": 100, "config": "sha256:1"},
    {"name": "graphistry/graphistry-forge-base:v2.50.1-12", "size": 8000, "config": "sha256:2"},
    {"name": "graphistry/etl-server-python:v2.50.1-12", "size": 9000, "config": "sha256:3"},
]
LIVE_RESTORE_OFF = (
    "import json; p = '/etc/docker/daemon.json'; d = json.load(open(p)); d['live-restore'] = False;"
    " json.dump(d, open(p, 'w'))"
)


def _nvidia_smi(host: SealedHost, driver: str, fault: str = "") -> None:
    nvidia_smi.place(host, capture=smi_answers.answer(*GPUS, driver=driver), fault=fault)


@contextmanager
def _as_it_was(host: SealedHost) -> Iterator[None]:
    """A row's driver, and what the toolkit made of it, are gone afterwards."""
    try:
        yield
    finally:
        host.require(["rm", "-rf", "/usr/bin/nvidia-smi", nvidia_smi.FOLDER, OURS, REFRESHED])
        host.require(["systemctl", "stop", *UNITS])
        host.require(["systemctl", "reset-failed", *UNITS])
        host.require(["systemctl", "start", UNITS[1]])


def _installed_again(host: SealedHost) -> dict[str, Any]:
    status, document = install(host)
    told = [*document["data"]["findings"], *document["errors"]]
    return {
        "exit": status,
        "codes": sorted({one["code"] for one in told}),
        "text": "\n".join(f"{one['message']}; {one.get('hint', '')}" for one in told),
        "changed": document["data"]["changed"],
        "failed": [row["rung"] for row in document["data"]["gpu_rungs"] if row["outcome"] == "failed"],
    }


def refresh(host: SealedHost, *, driver_comes: bool) -> dict[str, Any]:
    """The toolkit's units fail before a driver answers, as before a reboot; then comes the next run."""
    kernel = host.require(["cat", "/proc/sys/kernel/osrelease"]).strip()
    modules = f"/lib/modules/{kernel}/modules.dep"
    with _as_it_was(host), content(host, DROP_IN, ATTEMPTS_END), content(host, modules, NVIDIA_MODULE):
        host.require(["systemctl", "daemon-reload"])
        _nvidia_smi(host, DRIVER, "no-driver")
        host.exec(["systemctl", "start", UNITS[0]])
        wait_until(host, f"systemctl is-failed --quiet {UNITS[0]}")
        host.put(NVIDIA_MODULE, modules)
        wait_until(host, f"systemctl is-failed --quiet {UNITS[1]}")
        if driver_comes:
            _nvidia_smi(host, DRIVER)
        first = _installed_again(host)
        states = [host.exec(["systemctl", "is-active", unit]).stdout.strip() for unit in UNITS]
        again = _installed_again(host)["changed"] if driver_comes else 0
        return {**first, "units": states, "again": again}


def specification(host: SealedHost, *, made_by: str, driver: str = DRIVER, fault: str = "") -> dict[str, Any]:
    """The toolkit's own file is of the driver `made_by`; now the host has another one, or none."""
    with _as_it_was(host):
        _nvidia_smi(host, made_by)
        host.require(["nvidia-ctk", "cdi", "generate", f"--output={REFRESHED}"])
        _nvidia_smi(host, driver, fault)
        seen = _installed_again(host)
        there = {"ours": OURS, "refreshed": REFRESHED}
        data = {name: host.exec(["test", "-e", path]).rc == 0 for name, path in there.items()}
    return {**seen, "data": data}


def libraries(host: SealedHost) -> dict[str, Any]:
    """nvidia-smi answers, and the toolkit does not find the driver's libraries."""
    with _as_it_was(host):
        _nvidia_smi(host, DRIVER, "no-nvml")
        return _installed_again(host)


def foreign(host: SealedHost) -> dict[str, Any]:
    """A specification of somebody else's where no driver answers: in which places it is told."""
    with _as_it_was(host):
        host.put(b"cdiVersion: 0.5.0\nkind: nvidia.com/gpu\n", OURS)
        done = host.exec([*INSTALL], timeout=1500)
        kept = host.exec(["test", "-e", OURS]).rc == 0
    logged = host.require(["sh", "-c", "cat $(ls -t /var/lib/graphistry-airgap/log/* | head -1)"])
    places = {"screen": done.stdout + done.stderr, "log": logged, "receipt": host.read(RECEIPT).decode()}
    words = f"{OURS} describes GPUs, this installer did not make it, and no driver answers"
    flat = {name: " ".join(text.split()) for name, text in places.items()}
    return {
        "exit": done.rc,
        "data": {name: words in text for name, text in flat.items()},
        "text": flat["screen"],
        "kept": kept,
    }


def reinstalled(host: SealedHost, *, config: str = "", live_restore: bool = True) -> dict[str, Any]:
    """The toolkit's packages come anew, beside a site's config.toml, or under a Docker that must not stop."""
    if not live_restore:
        host.require(["python3", "-c", LIVE_RESTORE_OFF])
        host.require(["systemctl", "restart", "docker"])
        host.require([*NEIGHBOUR, "redis:6.2.7", "9999"])
    since = host.require(["systemctl", "show", "-P", "ActiveEnterTimestamp", "docker"])
    host.require(["dpkg", "--purge", *PACKAGES])
    if config:
        host.put(config.encode(), CONFIG)
    seen = _installed_again(host)
    copies = host.exec(["sh", "-c", f"cat {KEPT}/config.toml.*"])
    return {
        **seen,
        "kept": bool(config) and config in copies.stdout,
        "restarted": host.require(["systemctl", "show", "-P", "ActiveEnterTimestamp", "docker"]) != since,
    }


def preflight(host: SealedHost, config: str) -> dict[str, Any]:
    """A site that wants GPUs used, and its own config.toml of the toolkit."""
    with content(host, CONFIG, config.encode()), site(host, site_file() + "gpu: auto\n"):
        before = living_state(host)
        status, document = tool(host, "preflight", "--bundle", MEDIUM)
        after = living_state(host)
    told = [*document["data"].get("findings", []), *document["errors"]]
    return {
        "exit": status,
        "codes": sorted({one["code"] for one in told}),
        "text": "\n".join(f"{one['message']}; {one.get('hint', '')}" for one in told),
        "unchanged": before == after or sorted(before ^ after),
    }


def climbed(
    smi: Sequence[Any] = (), container: Sequence[Any] = (0, ""), *, wanted: bool = False
) -> dict[str, Any]:
    """The ladder where nvidia-smi says this (else it answers), and each container that wants a GPU that."""
    status, said = smi or (0, smi_answers.answer(*GPUS).decode())

    def run(argv: Sequence[str]) -> tuple[int, str, str]:
        if "docker" not in argv:
            return (status, said, "") if "nvidia-smi" in argv else (0, "", "")
        if "inspect" in argv or "true" in argv:
            return 0, "null", ""
        return container[0], "", container[1]

    with tempfile.TemporaryDirectory() as folder:
        device = Path(folder, "sys/bus/pci/devices/0000:01:00.0")
        device.mkdir(parents=True)
        for name, value in GPU_ON_BUS.items():
            (device / name).write_text(value)
        facts = {"images": IMAGES, "cuda": "12", "gpu": wanted, "release_directory": folder}
        rows = climb(Host(lambda argv, _: run(argv), Path(folder)), facts)
    failed = {rung: row for rung, row in rows.items() if row.state == "failed"}
    return {
        "failed": list(failed),
        "skipped": [rung for rung, row in rows.items() if row.state == "skipped"],
        "text": "\n".join(f"{row.reason}; {row.hint}" for row in rows.values()),
        "reason": next((row.reason for row in failed.values()), ""),
    }


def mode(config: str) -> dict[str, Any]:
    return {"mode": probe_toolkit.mode(config)}


def generated(said: str) -> dict[str, Any]:
    """The finding about a `cdi generate` that failed."""
    finding = findings_cdi.generate_failed(said, 1)
    return {"codes": [finding.code], "text": finding.message, "found": finding.found}


def units(service: str, path: str) -> dict[str, Any]:
    """Which of the toolkit's units count as failed, by what systemd calls their state."""
    states = dict(zip(UNITS, (service, path), strict=True))
    return {"failing": cdi_refresh.failing(lambda argv, _: (0, f"{states[argv[-1]]}\n", ""))}


def left(present: str, *, ours: bool, reason: str = "no driver answers") -> dict[str, Any]:
    """What becomes of a specification where there is nothing to describe."""
    decision = cdi_spec.decide(present, ours=ours, made="", reason=reason)
    return {"data": {"action": decision.action, "stale": decision.stale}}


RUNS: dict[str, Callable[..., dict[str, Any]]] = {
    "refresh": refresh,
    "specification": specification,
    "libraries": libraries,
    "foreign": foreign,
    "reinstalled": reinstalled,
    "preflight": preflight,
    "climbed": climbed,
    "mode": mode,
    "generated": generated,
    "units": units,
    "left": left,
}
