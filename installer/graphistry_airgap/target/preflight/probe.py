"""The host profile: every fact that a judgement needs, as one JSON-able mapping.

Probing and judging are apart, so that a profile carried from another machine can
be judged as well, and so that each judgement is tested without a machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..docker.images.state import CONTAINERD_CONFIG, configured_containerd_root
from ..driver import next_boot as kernel_boot
from ..gpu import pci as gpu_pci
from ..host import resources as probe_host
from ..packages import systems as package_systems
from .probes import (
    daemon as probe_daemon,
    docker as probe_docker,
    driver as probe_driver,
    engines as probe_engines,
    env as probe_env,
    firewall as probe_firewall,
    gpu as probe_gpu,
    hardening as probe_hardening,
    installation as probe_installation,
    network as probe_network,
    packages as probe_packages,
    places as probe_places,
    site as probe_site,
    storage as probe_storage,
    toolkit as probe_toolkit,
    vgpu as probe_vgpu,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..host.machine import Host
    from ..packages.model import PackageSystem

SCHEMA = 1


def probe(host: Host, requirements: Mapping[str, Any]) -> dict[str, Any]:
    system = probe_host.system(host)
    manager = package_systems.of(requirements["package_system"], host)
    settings = probe_docker.settings(host, [item["name"] for item in requirements["packages"]])
    engine = probe_docker.engine(host, requirements["images"])
    data_root = engine.get("data_root") or settings["data_root"] or requirements["data_root"]
    for container in engine["containers"]:
        container["directory"] = probe_installation.as_site_names(
            host, requirements["root"], container["directory"]
        )
    containerd_root = str(configured_containerd_root(host.path(str(CONTAINERD_CONFIG))))
    paths = ["/", "/usr", "/opt", "/var/lib", containerd_root, data_root, requirements["root"]]
    places = probe_places.places(
        host, [*paths, "/etc", "/var/lib/dpkg"], requirements["bundle"], requirements["package_system"]
    )
    storage = probe_storage.storage(host, data_root, places["mounts"][data_root], system["kernel"])
    driver = probe_driver.driver(host, requirements)
    ports = probe_env.ports(host, requirements)
    pci, gpu = gpu_pci.devices(host), probe_gpu.gpu(host, requirements)
    profile = {
        "schema": SCHEMA,
        "system": system,
        "resources": probe_host.resources(host),
        "disks": probe_host.disks(host, paths),
        "places": places,
        "gpus": pci,
        "gpu": gpu,
        "vgpu": probe_vgpu.vgpu(host, requirements, pci, gpu),
        "driver": driver,
        "toolkit": probe_toolkit.toolkit(host),
        "boot": kernel_boot.probe(host, driver.get("kernels", [])),
        "hardening": probe_host.hardening(host),
        "hardened": probe_hardening.hardening(host),
        "clock": probe_host.clock(),
        "ports": ports,
        "listening": probe_network.listening(host, set(ports)),
        "routes": probe_network.routes(host),
        "name_servers": probe_network.name_servers(host),
        "addresses": probe_network.addresses(host),
        "firewall": probe_firewall.firewall(host),
        "release_networks": probe_network.release_networks(host, requirements["release_source"]),
        "docker": {
            "settings": settings,
            "engine": engine,
            "data_root": data_root,
            "containerd_root": containerd_root,
            "classic_images": probe_docker.holds_classic_images(host, data_root),
            "snap": probe_docker.has_snap(host),
            "written_pools": probe_docker.written_pools(host),
            "daemon": probe_daemon.daemon(host, requirements, engine),
            "storage": storage,
        },
        "engines": probe_engines.engines(host, manager, data_root, running=engine["running"]),
        "packages": probe_packages.packages(
            manager, probe_driver.packages(driver, requirements, system["kernel"]), requirements["assumed"]
        ),
        "env_files": probe_env.env_files(host, requirements),
        "administrator": probe_site.administrator(host, requirements["administrator_file"]),
        "releases": probe_site.releases(
            host, requirements["root"], requirements["release_version"], requirements["release_files"]
        ),
        "installation": probe_installation.installation(
            host,
            requirements["root"],
            requirements["release_files"],
            (data_root, requirements["data_root"]),
            [network["name"] for network in engine["bridges"]],
        ),
    }
    return {**profile, "transaction": _transaction(manager, requirements, profile)}


def _transaction(
    manager: PackageSystem, requirements: Mapping[str, Any], profile: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The simulated installation; None when there is nothing to install or nothing to install from."""
    system = profile["system"]
    due = [item for item in profile["packages"]["wanted"] if item["state"] in ("absent", "older")]
    fits = system["platform"] == requirements["platform"]
    if not due or not fits or not requirements["repositories"]:
        return None
    return manager.simulate(
        bundle=requirements["bundle"],
        repositories=requirements["repositories"],
        digests=requirements["digests"],
        packages=due,
    )
