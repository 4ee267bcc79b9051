"""What a vGPU site wants of its guest driver and licence, as the target is told; no secret is among it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.driver import GUEST
from graphistry_airgap.installation.variables import DRIVER_RANGE, headers_of_kernels

if TYPE_CHECKING:
    from graphistry_airgap.bundle.manifest import Bundle, Platform
    from graphistry_airgap.installation.receipt import Provenance
    from graphistry_airgap.installation.site_file import Site


def vgpu_variables(
    site: Site, bundle: Bundle, provenance: Provenance, knowledge: dict[str, Any]
) -> dict[str, Any]:
    """Extra variables of a run; where the site file has no `vgpu` the role does nothing."""
    desired = _desired(site, bundle, bundle.platforms[provenance.platform], knowledge)
    return {"preflight_vgpu": desired, "nvidia_vgpu_desired": desired, "nvidia_vgpu_bundle": provenance.path}


def _desired(site: Site, bundle: Bundle, platform: Platform, knowledge: dict[str, Any]) -> dict[str, Any]:
    if site.vgpu is None:
        return {}
    carried = bundle.raw["platforms"][platform.name].get("vgpu") or {}
    return {
        "purpose": site.purpose,
        "platform": platform.name,
        "package_system": platform.package_system,
        "feature_type": site.vgpu.feature_type,
        "server": asdict(site.vgpu.server) if site.vgpu.server else {},
        "token_file": site.vgpu.token_file or "",
        "licence_timeout": site.vgpu.licence_timeout,
        "driver": _listed(carried.get("driver"), bundle),
        "token": _listed(carried.get("token"), bundle),
        "headers": headers_of_kernels(platform),
        "tools": _packages(platform, GUEST),
        "release": bundle.release.version,
        "cuda": bundle.release.cuda,
        "waive_range": DRIVER_RANGE in site.waive,
        "knowledge": {"releases": knowledge["releases"]},
    }


def _listed(entry: dict[str, Any] | None, bundle: Bundle) -> dict[str, Any]:
    """A file that the bundle does not list gets a digest that nothing has, so that it is refused."""
    if not entry:
        return {}
    listed = bundle.files.get(entry["path"])
    return {**entry, "sha256": listed.sha256 if listed else "not listed"}


def _packages(platform: Platform, group: str) -> list[dict[str, str]]:
    return [{"name": p.name, "version": p.version} for p in platform.packages.get(group, ())]
