"""The parts of bundle.json about NVIDIA's driver, a vGPU guest's files, and licences."""

from __future__ import annotations

from dataclasses import dataclass, field
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

    `kernels` are those whose headers are there, `prebuilt` has by kind of modules those that have them
    ready-made, `kernel_images` of each of both the version of its image.  `origin` says whose packages these
    are, where that is not the same for every bundle.
    """

    branch: str
    version: str
    modules: tuple[str, ...]
    kernels: tuple[str, ...]
    kernel_images: dict[str, str]
    prebuilt: dict[str, tuple[str, ...]] = field(default_factory=dict)
    origin: str = ""

    def entry(self) -> dict[str, Any]:
        """What bundle.json says about it."""
        ready = {kind: list(kernels) for kind, kernels in sorted(self.prebuilt.items())}
        return {
            "branch": self.branch,
            "version": self.version,
            "modules": list(self.modules),
            "kernels": list(self.kernels),
            "kernel_images": dict(sorted(self.kernel_images.items())),
            **({"prebuilt": ready} if ready else {}),
            **({"origin": self.origin} if self.origin else {}),
        }

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> Driver:
        return cls(
            branch=entry["branch"],
            version=entry["version"],
            modules=tuple(entry["modules"]),
            kernels=tuple(entry["kernels"]),
            kernel_images=dict(entry["kernel_images"]),
            prebuilt={kind: tuple(kernels) for kind, kernels in entry.get("prebuilt", {}).items()},
            origin=entry.get("origin", ""),
        )


def missing_parts(entry: dict[str, Any], groups: Collection[str]) -> str:
    """Every module variant and kernel that is named must have its package group; empty when all have."""
    ready = [(kind, kernel) for kind, kernels in entry.get("prebuilt", {}).items() for kernel in kernels]
    named = [*entry["kernels"], *(kernel for _, kernel in ready)]
    if unknown := [kernel for kernel in named if kernel not in entry["kernel_images"]]:
        return f"the image of the kernel {unknown[0]} of its driver is missing"
    needed = [PROGRAMS, *map(module_group, entry["modules"]), *map(headers_group, entry["kernels"])]
    needed += [prebuilt_group(kind, kernel) for kind, kernel in ready]
    if absent := [group for group in needed if group not in groups]:
        return f"the package group {absent[0]} of its driver is missing"
    return ""


def module_group(modules: str) -> str:
    return f"{PROGRAMS}-{modules}"


def prebuilt_group(modules: str, kernel: str) -> str:
    """Ready-made modules for one kernel, and what comes with them."""
    return f"{module_group(modules)}-{kernel}"


def headers_group(kernel: str) -> str:
    return f"headers-{kernel}"


def docker_group(kernel: str) -> str:
    """What Docker needs on hosts that run this kernel."""
    return f"{DOCKER}-{kernel}"
