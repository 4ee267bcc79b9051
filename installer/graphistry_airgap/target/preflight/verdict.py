"""The judgement: a host profile against what one installation needs.

Pure and complete: each judge looks at one subject, and all of them are asked, so
that an operator sees everything that is wrong at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..finding import Finding, in_order
from .judges import (
    containers as findings_containers,
    daemon as findings_daemon,
    disk as findings_disk,
    docker as findings_docker,
    driver as findings_driver,
    engines as findings_engines,
    env as findings_env,
    firewall as findings_firewall,
    gpu as findings_gpu,
    hardening as findings_hardening,
    host as findings_host,
    inodes as findings_inodes,
    kernel as findings_kernel,
    network as findings_network,
    packages as findings_packages,
    places as findings_places,
    release as findings_release,
    site as findings_site,
    storage as findings_storage,
    vgpu as findings_vgpu,
    vgpu_licence as findings_vgpu_licence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_JUDGES = (
    findings_host.platform,
    findings_host.dgx,
    findings_host.processor,
    findings_host.resources,
    findings_host.clock,
    findings_host.pythons,
    findings_host.hardening,
    findings_hardening.forwarding,
    findings_hardening.fapolicyd,
    findings_hardening.limits,
    findings_hardening.interpreter,
    findings_disk.disks,
    findings_inodes.inodes,
    findings_places.writable,
    findings_places.executable,
    findings_places.lasting,
    findings_storage.storage,
    findings_engines.programs,
    findings_engines.units,
    findings_engines.compose,
    findings_engines.dormant,
    findings_daemon.refused,
    findings_daemon.settings,
    findings_daemon.optional,
    findings_docker.daemon_settings,
    findings_docker.other_engines,
    findings_docker.image_store,
    findings_docker.restart,
    findings_network.pools,
    findings_network.room,
    findings_network.routes,
    findings_network.bridge,
    findings_network.published,
    findings_network.ports,
    findings_firewall.nftables,
    findings_firewall.legacy,
    findings_firewall.firewalld,
    findings_firewall.ufw,
    findings_packages.database,
    findings_packages.versions,
    findings_packages.assumed,
    findings_packages.transaction,
    findings_driver.driver,
    findings_driver.life,
    findings_driver.kernel,
    findings_kernel.for_docker,
    findings_kernel.next_boot,
    findings_containers.gpu_containers,
    findings_containers.toolkit,
    findings_containers.resolvers,
    findings_gpu.gpus,
    findings_gpu.gone,
    findings_gpu.allocator,
    findings_gpu.order,
    findings_vgpu.guest,
    findings_vgpu.profiles,
    findings_vgpu.driver,
    findings_vgpu_licence.licence,
    findings_env.env_files,
    findings_site.purpose,
    findings_site.administrator,
    findings_site.releases,
    findings_release.other_release,
    findings_release.releases_beside,
    findings_release.foreign_installation,
    findings_release.project_name,
    findings_release.image_names,
)


def judge(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> list[Finding]:
    return in_order(finding for judge_one in _JUDGES for finding in judge_one(profile, requirements))
