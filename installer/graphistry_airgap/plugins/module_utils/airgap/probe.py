"""The host profile: every fact that a judgement needs, as one JSON-able mapping.

Probing and judging are apart, so that a profile carried from another machine can
be judged as well, and so that each judgement is tested without a machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import (
    gpu_pci,
    kernel_boot,
    package_systems,
    probe_docker,
    probe_driver,
    probe_env,
    probe_gpu,
    probe_hardening,
    probe_host,
    probe_network,
    probe_packages,
    probe_site,
    probe_vgpu,
)
from .image_state import CONTAINERD_CONFIG, configured_containerd_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .packages import PackageSystem
    from .probe_root import Host

SCHEMA = 1


def probe(host: Host, requirements: Mapping[str, Any]) -> dict[str, Any]:
    system = probe_host.system(host)
    manager = package_systems.of(requirements["package_system"], host)
    settings = probe_docker.settings(host)
    engine = probe_docker.engine(host, requirements["images"])
    data_root = engine.get("data_root") or settings["data_root"] or requirements["data_root"]
    containerd_root = str(configured_containerd_root(host.path(str(CONTAINERD_CONFIG))))
    places = ["/", "/usr", "/opt", "/var/lib", containerd_root, data_root, requirements["root"]]
    driver = probe_driver.driver(host, requirements)
    pci, gpu = gpu_pci.devices(host), probe_gpu.gpu(host, requirements)
    profile = {
        "schema": SCHEMA,
        "system": system,
        "resources": probe_host.resources(host),
        "disks": probe_host.disks(host, places),
        "gpus": pci,
        "gpu": gpu,
        "vgpu": probe_vgpu.vgpu(host, requirements, pci, gpu),
        "driver": driver,
        "boot": kernel_boot.probe(host, driver.get("kernels", [])),
        "hardening": probe_host.hardening(host),
        "hardened": probe_hardening.hardening(host),
        "clock": probe_host.clock(),
        "listening": probe_network.listening(host, set(requirements["ports"])),
        "routes": probe_network.routes(host),
        "docker": {
            "settings": settings,
            "engine": engine,
            "data_root": data_root,
            "containerd_root": containerd_root,
            "classic_images": probe_docker.holds_classic_images(host, data_root),
            "snap": probe_docker.has_snap(host),
        },
        "packages": probe_packages.packages(
            manager, probe_driver.packages(driver, requirements), requirements["assumed"]
        ),
        "env_files": probe_env.env_files(host, requirements),
        "administrator": probe_site.administrator(host, requirements["administrator_file"]),
        "releases": probe_site.releases(
            host, requirements["root"], requirements["release_version"], requirements["release_files"]
        ),
    }
    return {**profile, "transaction": _transaction(manager, requirements, profile)}


def _transaction(
    manager: PackageSystem, requirements: Mapping[str, Any], profile: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The simulated installation; None when there is nothing to install or nothing to install from."""
    system = profile["system"]
    due = [item for item in profile["packages"]["wanted"] if item["standing"] in ("absent", "older")]
    fits = system["platform"] == requirements["platform"]
    if not due or not fits or not requirements["repositories"]:
        return None
    return manager.simulate(
        bundle=requirements["bundle"],
        repositories=requirements["repositories"],
        digests=requirements["digests"],
        packages=due,
    )
