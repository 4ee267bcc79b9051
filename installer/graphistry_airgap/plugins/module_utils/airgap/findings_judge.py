"""The judgement: a host profile against what one installation needs.

Pure and complete: each judge looks at one subject, and all of them are asked, so
that an operator sees everything that is wrong at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import (
    findings_containers,
    findings_disk,
    findings_docker,
    findings_driver,
    findings_env,
    findings_gpu,
    findings_hardening,
    findings_host,
    findings_kernel,
    findings_packages,
    findings_site,
    findings_vgpu,
    findings_vgpu_licence,
)
from .findings import Finding, in_order

if TYPE_CHECKING:
    from collections.abc import Mapping

_JUDGES = (
    findings_host.platform,
    findings_host.resources,
    findings_host.clock,
    findings_host.hardening,
    findings_hardening.forwarding,
    findings_hardening.fapolicyd,
    findings_hardening.limits,
    findings_disk.disks,
    findings_docker.daemon_settings,
    findings_docker.other_engines,
    findings_docker.image_store,
    findings_docker.restart,
    findings_docker.routes,
    findings_docker.ports,
    findings_packages.database,
    findings_packages.versions,
    findings_packages.assumed,
    findings_packages.transaction,
    findings_driver.driver,
    findings_driver.kernel,
    findings_kernel.next_boot,
    findings_containers.gpu_containers,
    findings_containers.toolkit,
    findings_gpu.gpus,
    findings_gpu.gone,
    findings_gpu.allocator,
    findings_vgpu.guest,
    findings_vgpu.profiles,
    findings_vgpu.driver,
    findings_vgpu_licence.licence,
    findings_env.env_files,
    findings_site.purpose,
    findings_site.administrator,
    findings_site.releases,
)


def judge(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> list[Finding]:
    return in_order(finding for judge_one in _JUDGES for finding in judge_one(profile, requirements))
