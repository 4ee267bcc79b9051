"""The parts of bundle.json about NVIDIA's driver, a vGPU guest's files, and licences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

PROGRAMS = "driver"
GUEST = "driver-vgpu"
DOCKER = "docker"
KINDS = ("open", "proprietary")


@dataclass(frozen=True)
class GuestDriver:
    path: str
    kind: str
    version: str


@dataclass(frozen=True)
class Vgpu:
    """Files for guests with a vGPU; `token` is a path."""

    driver: GuestDriver | None
    token: str | None

    @property
    def paths(self) -> list[str]:
        return [path for path in (self.driver.path if self.driver else None, self.token) if path]

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> Vgpu:
        driver, token = entry.get("driver"), entry.get("token")
        return cls(
            driver=GuestDriver(driver["path"], driver["kind"], driver["version"]) if driver else None,
            token=token["path"] if token else None,
        )


@dataclass(frozen=True)
class Licence:
    """A note about what is not free to pass on, and the packages or the file that it is about."""

    name: str
    note: str
    concerns: tuple[str, ...]

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> Licence:
        concerns = [entry["path"]] if "path" in entry else entry["packages"]
        return cls(entry["name"], entry["note"], tuple(concerns))


@dataclass(frozen=True)
class Driver:
    """The driver as a bundle holds it.

    `kernel_images`: the kernels whose headers are there, and the image's version that they belong to.
    """

    branch: str
    version: str
    modules: tuple[str, ...]
    kernel_images: dict[str, str]

    def entry(self) -> dict[str, Any]:
        """What bundle.json says about it."""
        return {
            "branch": self.branch,
            "version": self.version,
            "modules": list(self.modules),
            "kernels": sorted(self.kernel_images),
            "kernel_images": dict(sorted(self.kernel_images.items())),
        }

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> Driver:
        return cls(
            branch=entry["branch"],
            version=entry["version"],
            modules=tuple(entry["modules"]),
            kernel_images={kernel: entry["kernel_images"][kernel] for kernel in entry["kernels"]},
        )


def missing_parts(entry: dict[str, Any], groups: Collection[str]) -> str:
    """Every module variant and kernel that is named must have its package group; empty when all have."""
    if unknown := [kernel for kernel in entry["kernels"] if kernel not in entry["kernel_images"]]:
        return f"the image of the kernel {unknown[0]} of its driver is missing"
    needed = [PROGRAMS, *map(module_group, entry["modules"]), *map(headers_group, entry["kernels"])]
    if absent := [group for group in needed if group not in groups]:
        return f"the package group {absent[0]} of its driver is missing"
    return ""


def module_group(modules: str) -> str:
    return f"{PROGRAMS}-{modules}"


def headers_group(kernel: str) -> str:
    return f"headers-{kernel}"


def docker_group(kernel: str) -> str:
    """What Docker needs on hosts that run this kernel."""
    return f"{DOCKER}-{kernel}"
