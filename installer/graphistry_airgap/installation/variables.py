"""From site file and bundle to what the roles and the post-install tests are given.

No secret is among these values: runs write them to disk.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.driver import DOCKER, KINDS, prebuilt_group
from graphistry_airgap.core import places
from graphistry_airgap.knowledge.platforms import PLATFORMS

if TYPE_CHECKING:
    from graphistry_airgap.bundle.manifest import Bundle, Package, Platform
    from graphistry_airgap.installation.receipt import Provenance
    from graphistry_airgap.installation.site_file import Site
    from graphistry_airgap.target.envfile.schema import Schema

PORTS = (80, 443)
# groups of a platform's packages, and what a site file waives by name
DRIVER = "driver"
HEADERS = "headers-"
OF_DOCKER = f"{DOCKER}-"
DRIVER_RANGE = "driver-range"


def playbook_variables(
    site: Site,
    bundle: Bundle,
    provenance: Provenance,
    gpu: dict[str, Any] | None = None,
    driver: dict[str, Any] | None = None,
    *,
    local: bool = True,
) -> dict[str, Any]:
    """Extra variables of a run, by role prefix; `gpu` and `driver` are what the `desired_` functions made.

    `local` is whether the host is the tool's own machine, on whose interpreter it runs.
    """
    platform = bundle.platforms[provenance.platform]
    raw = bundle.raw
    repositories = raw["platforms"][platform.name]["repositories"]
    release_directory = f"{site.root}/releases/{bundle.release.version}"
    system = platform.package_system
    package_state = f"{places.STATE}/{system}"
    package_config = f"{package_state}/{system}.conf"
    pools = [asdict(pool) for pool in site.docker.address_pools]
    return {
        "airgap_bundle": provenance.path,
        "preflight_bundle": provenance.path,
        "preflight_package_system": system,
        "preflight_repositories": repositories,
        "preflight_digests": _digests(raw, repositories),
        "preflight_platform": platform.name,
        "preflight_architecture": platform.architecture,
        "preflight_packages": [*_union(platform), *_of_kernels(platform, OF_DOCKER)],
        "preflight_ports": [] if site.is_template else list(PORTS),
        "preflight_assumed": raw["platforms"][platform.name].get("assumed", []),
        "preflight_images": raw["images"],
        "preflight_data_root": site.docker.data_root,
        "preflight_image_store": site.docker.image_store,
        "preflight_root": site.root,
        "preflight_address_pools": pools,
        "preflight_administrator_file": site.administrator_file or "",
        "preflight_waive": list(site.waive),
        "preflight_purpose": site.purpose,
        "preflight_allow_restart": site.docker.allow_restart,
        "preflight_release_version": bundle.release.version,
        "preflight_bundle_created": bundle.created,
        "preflight_release_source": f"{provenance.path}/{bundle.release.path}",
        "preflight_release_files": release_files(bundle),
        "preflight_hardening_allow": list(site.hardening_allow),
        "preflight_pythons": PLATFORMS[platform.name].pythons(own=local),
        "preflight_gpu": gpu or {},
        "preflight_driver": driver or {},
        "offline_repo_bundle": provenance.path,
        "offline_repo_package_system": system,
        "offline_repo_repositories": repositories,
        "offline_repo_digests": _digests(raw, repositories),
        "offline_repo_state": package_state,
        "offline_repo_packages": _group(platform, "python"),
        "nvidia_driver_desired": driver or {},
        "nvidia_driver_package_config": package_config,
        "nvidia_vgpu_package_config": package_config,
        "hardening_exceptions_allow": list(site.hardening_allow),
        "docker_engine_packages": [*_group(platform, DOCKER), *_of_kernels(platform, OF_DOCKER)],
        "docker_engine_package_config": package_config,
        "docker_engine_data_root": site.docker.data_root,
        "docker_engine_address_pools": pools,
        "docker_engine_image_store": site.docker.image_store,
        "docker_engine_allow_restart": site.docker.allow_restart,
        "docker_engine_product_root": site.root,
        "nvidia_container_toolkit_packages": _group(platform, "toolkit"),
        "nvidia_container_toolkit_package_config": package_config,
        "nvidia_container_toolkit_cdi": not site.is_template,
        "container_images_layout": f"{provenance.path}/images",
        "container_images_images": raw["images"],
        "graphistry_release_source": f"{provenance.path}/{bundle.release.path}",
        "graphistry_release_files": release_files(bundle),
        "graphistry_release_directories": raw["release"].get("empty_directories", []),
        "graphistry_release_version": bundle.release.version,
        "graphistry_release_root": site.root,
        "graphistry_config_directory": f"{release_directory}/data/config",
        "graphistry_config_settings": {"AIR_GAPPED": "1"},
        "graphistry_config_secrets": not site.is_template,
        "graphistry_config_gpu": gpu or {},
        "graphistry_tls_mode": site.tls.mode,
        "graphistry_tls_hostname": site.tls.hostname or "",
        "graphistry_tls_directory": release_directory,
        "graphistry_services_directory": f"{site.root}/current",
        "graphistry_services_administrator_file": site.administrator_file or "",
        "graphistry_services_waive_administrator": "administrator" in site.waive,
        "graphistry_services_timeout": site.services_timeout,
    }


def desired_gpus(
    site: Site, bundle: Bundle, knowledge: dict[str, Any], last: dict[str, Any] | None
) -> dict[str, Any]:
    """What the target needs for planning its GPUs; empty when the site wants no plan.

    `last` is the receipt of the run before, whose GPUs should still be there.  Presets are for
    planning elsewhere and stay behind.
    """
    if site.is_template or not site.gpu.wanted:
        return {}
    planned = ((last or {}).get("gpu") or {}).get("gpus", [])
    return {
        "indices": site.gpu.indices,
        "workers": site.gpu.workers,
        "allow_mig": site.gpu.allow_mig,
        "release": bundle.release.version,
        "cuda": bundle.release.cuda,
        "knowledge": {name: knowledge[name] for name in ("releases", "architectures")},
        "known": [{key: gpu.get(key, "") for key in ("uuid", "name")} for gpu in planned if gpu.get("uuid")],
    }


def desired_driver(
    site: Site, bundle: Bundle, platform: Platform, knowledge: dict[str, Any]
) -> dict[str, Any]:
    """What the target needs for deciding about NVIDIA's driver, which it does there: the running kernel,
    the GPUs and the driver that a host has already are known nowhere else."""
    return {
        "install": site.driver.install,
        "modules": site.driver.modules,
        "replace": site.driver.replace,
        "waive_range": DRIVER_RANGE in site.waive,
        "release": bundle.release.version,
        "cuda": bundle.release.cuda,
        "platform": platform.name,
        "package_system": platform.package_system,
        "purpose": site.purpose,
        "reboot": site.reboot,
        "vgpu": site.vgpu is not None,
        "bundle": bundle.raw["platforms"][platform.name].get("driver") or {},
        "packages": {
            "programs": _group(platform, DRIVER),
            "open": _group(platform, f"{DRIVER}-open"),
            "proprietary": _group(platform, f"{DRIVER}-proprietary"),
            "headers": headers_of_kernels(platform),
            "prebuilt": {kind: _ready_made(platform, kind) for kind in KINDS},
        },
        "knowledge": {name: knowledge[name] for name in ("releases", "architectures", "drivers")},
    }


def check_facts(site: Site, bundle: Bundle, provenance: Provenance) -> dict[str, Any]:
    """What the post-install tests compare the host with."""
    platform = bundle.platforms[provenance.platform]
    return {
        "purpose": site.purpose,
        "python": PLATFORMS[provenance.platform].modules_python,
        "root": site.root,
        "waived": list(site.waive),
        "tls": asdict(site.tls),
        "release_directory": f"{site.root}/releases/{bundle.release.version}",
        "release_files": {path: entry["sha256"] for path, entry in release_files(bundle).items()},
        "package_system": platform.package_system,
        "packages": _union(platform),
        "images": [
            {
                "name": image.name,
                "config": image.config,
                "size": sum(layer.unpacked_size for layer in image.layers),
            }
            for image in bundle.images
        ],
        "cuda": bundle.release.cuda,
        "gpu": site.gpu.wanted and not site.is_template,
        "vgpu": site.vgpu is not None,
    }


def release_files(bundle: Bundle) -> dict[str, dict[str, str]]:
    """Path below the release to {sha256, mode?}."""
    prefix = f"{bundle.release.path}/"
    return {
        path.removeprefix(prefix): {key: entry[key] for key in ("sha256", "mode") if key in entry}
        for path, entry in bundle.raw["files"].items()
        if path.startswith(prefix)
    }


def _digests(raw: dict[str, Any], repositories: list[dict[str, Any]]) -> dict[str, str]:
    """Of keys and, where the package manager needs it told, of everything below a repository.

    An unlisted key gets a digest that nothing has, so that it is refused.
    """
    paths = {key for one in repositories for key in (one["signed_by"], *one.get("package_keys", ()))}
    places = tuple(f"{one['path']}/" for one in repositories if "package_keys" in one)
    paths |= {path for path in raw["files"] if path.startswith(places)}
    return {path: raw["files"].get(path, {}).get("sha256", "not listed") for path in sorted(paths)}


def _group(platform: Platform, name: str) -> list[dict[str, str]]:
    return [_wanted(package) for package in platform.packages.get(name, ())]


def _ready_made(platform: Platform, kind: str) -> dict[str, list[dict[str, str]]]:
    """Kernel to the packages with modules of that kind for it."""
    start = prebuilt_group(kind, "")
    return {
        group.removeprefix(start): _group(platform, group)
        for group in sorted(platform.packages)
        if group.startswith(start)
    }


def _wanted(package: Package) -> dict[str, str]:
    return {"name": package.name, "version": package.version, "architecture": package.architecture}


def headers_of_kernels(platform: Platform) -> dict[str, list[dict[str, str]]]:
    """Kernel to the packages of its headers."""
    found: dict[str, list[dict[str, str]]] = {}
    for item in _of_kernels(platform, HEADERS):
        found.setdefault(item["kernel"], []).append(item)
    return found


def _of_kernels(platform: Platform, prefix: str) -> list[dict[str, str]]:
    """Packages of groups that are named so and by a kernel, for hosts that run the `kernel` of each."""
    return [
        {**_wanted(package), "kernel": group.removeprefix(prefix)}
        for group, members in sorted(platform.packages.items())
        if group.startswith(prefix)
        for package in members
    ]


def _union(platform: Platform) -> list[dict[str, str]]:
    """What every host gets: which packages of a driver or a kernel are wanted is decided there."""
    packages = {
        package.name: _wanted(package)
        for group, members in platform.packages.items()
        if not (group == DRIVER or group.startswith((f"{DRIVER}-", OF_DOCKER, HEADERS)))
        for package in members
    }
    return [packages[name] for name in sorted(packages)]


def target_variables(schema: Schema) -> dict[str, Any]:
    """What a target needs of the schema: all that judges, nothing that only explains."""
    explains = ("description", "source", "section")
    variables = {
        name: {key: value for key, value in entry.items() if key not in explains}
        for name, entry in schema.variables.items()
    }
    judging = {key: schema.raw[key] for key in ("scopes", "renamed", "rules")} | {"variables": variables}
    return {"preflight_env_schema": judging, "graphistry_services_readers": schema.readers()}
