"""Notes about what in a bundle is not free to pass on; they point to the terms and do not replace them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graphistry_airgap.connected.packages.apt_release import Package
    from graphistry_airgap.connected.packages.closure import Closure
    from graphistry_airgap.connected.vgpu.vgpu import Vgpu

# components in which Debian and Ubuntu keep what is not free, as their pools are laid out
_NON_FREE = ("non-free", "non-free-firmware", "restricted", "multiverse")
_PACKAGES = (
    "non-free: NVIDIA's licence, or the one of whoever holds the rights, applies; it allows passing on under "
    "conditions only. Read what each package says: /usr/share/doc/<package>/copyright, or `rpm -qip FILE`."
)
# of NVIDIA's own repositories these are free: Apache-2.0, and MIT or GPL
_FREE = ("container", "open")
_GUEST_DRIVER = (
    "non-free: NVIDIA's licence applies and needs a vGPU entitlement; for the holder's own machines only."
)
_TOKEN = "a secret: whoever can read the bundle can take licences from the licence server that it names."  # noqa: S105


def licence_notes(closures: Mapping[str, Closure], vgpus: Mapping[str, Vgpu]) -> list[dict[str, Any]]:
    """One note for each platform's non-free packages, guest driver and token."""
    return [*_of_packages(closures), *_of_files(vgpus)]


def _of_packages(closures: Mapping[str, Closure]) -> Iterator[dict[str, Any]]:
    for platform, closure in sorted(closures.items()):
        if names := [package.name for package in closure.packages if _is_non_free(package)]:
            yield {"name": f"non-free packages for {platform}", "packages": names, "note": _PACKAGES}


def _of_files(vgpus: Mapping[str, Vgpu]) -> Iterator[dict[str, Any]]:
    for platform, vgpu in sorted(vgpus.items()):
        entry = vgpu.entry(platform)
        if "driver" in entry:
            path = entry["driver"]["path"]
            yield {"name": f"vGPU guest driver for {platform}", "path": path, "note": _GUEST_DRIVER}
        if "token" in entry:
            path = entry["token"]["path"]
            yield {"name": f"vGPU licence token for {platform}", "path": path, "note": _TOKEN}


def _is_non_free(package: Package) -> bool:
    folder, *parts = package.filename.split("/")
    if folder == "pool":  # pool/<component>/…, in Debian's security archive pool/updates/<component>/…
        return any(part in _NON_FREE for part in parts[:2])
    return "nvidia" in package.name and not any(word in package.name for word in _FREE)
