"""The parts of bundle.json about NVIDIA's driver, a vGPU guest's files, and licences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.domain.bundle_values import NAME, VERSION, inside, like, one_of, text
from graphistry_airgap.domain.driver import PROGRAMS, Driver, headers_group, module_group
from graphistry_airgap.domain.spec import MODULES

if TYPE_CHECKING:
    from collections.abc import Collection

_KINDS = ("deb", "rpm", "run")


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


@dataclass(frozen=True)
class Licence:
    """A note about what is not free to pass on, and the packages or the file that it is about."""

    name: str
    note: str
    concerns: tuple[str, ...]


def parse_driver(value: dict[str, Any], groups: Collection[str]) -> Driver:
    """Every module variant and kernel that is named must have its package group."""
    driver = Driver(
        branch=like(NAME, value["branch"]),
        version=like(VERSION, value["version"]),
        modules=tuple(one_of(MODULES, one) for one in value["modules"]),
        kernel_images={
            like(NAME, kernel): like(VERSION, value["kernel_images"][kernel]) for kernel in value["kernels"]
        },
    )
    needed = [PROGRAMS, *map(module_group, driver.modules), *map(headers_group, driver.kernel_images)]
    if absent := [group for group in needed if group not in groups]:
        raise ValueError(f"the package group {absent[0]} of its driver is missing")
    return driver


def parse_vgpu(value: dict[str, Any]) -> Vgpu:
    driver = value.get("driver")
    return Vgpu(
        driver=GuestDriver(
            inside(driver["path"]), one_of(_KINDS, driver["kind"]), like(VERSION, driver["version"])
        )
        if driver
        else None,
        token=inside(value["token"]["path"]) if "token" in value else None,
    )


def parse_licence(value: dict[str, Any]) -> Licence:
    concerns = [inside(value["path"])] if "path" in value else [like(NAME, one) for one in value["packages"]]
    return Licence(text(value["name"]), text(value["note"]), tuple(concerns))
