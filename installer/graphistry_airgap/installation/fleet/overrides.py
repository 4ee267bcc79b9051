"""Which role variables an inventory may set for a host, and what becomes of the site file's values."""

from __future__ import annotations

import difflib
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.errors import InputError, raise_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphistry_airgap.installation.fleet.inventory import InventoryHost

# only what has a key in the site file, so that it is judged, used and recorded as if it stood there
SITE_KEYS: dict[str, tuple[str, ...]] = {
    "docker_engine_address_pools": ("docker", "address_pools"),
    "docker_engine_allow_restart": ("docker", "allow_restart"),
    "docker_engine_data_root": ("docker", "data_root"),
    "docker_engine_image_store": ("docker", "image_store"),
    "graphistry_config_gpu": ("gpu",),
    "graphistry_release_root": ("root",),
    "graphistry_services_administrator_file": ("administrator", "secret_file"),
    "graphistry_services_timeout": ("services", "timeout"),
    "graphistry_tls_hostname": ("tls", "hostname"),
    "graphistry_tls_mode": ("tls", "mode"),
    "nvidia_driver_desired": ("driver",),
    "nvidia_vgpu_desired": ("vgpu",),
}
# a role gets more of these than a site says, so they are written as in the site file
AS_IN_THE_SITE_FILE = ("graphistry_config_gpu", "nvidia_driver_desired", "nvidia_vgpu_desired")
# names of a site's own that look so much like ours are slips of the pen
_PREFIXES = ("airgap_", "graphistry_")
_LIKE = 0.8


@dataclass(frozen=True)
class Override:
    """`key` is the site file's, with dots."""

    host: str
    variable: str
    key: str
    value: Any

    @property
    def told(self) -> str:
        return (
            f"{self.variable} of the inventory's host {self.host} is used, over {self.key} of the site file: "
            f"{self.value}"
        )


def overrides_of(host: InventoryHost, known: Mapping[str, Iterable[str]], *, path: str) -> list[Override]:
    """What of an inventory is ours; `known` is the variables of each role.

    Variables that do not look like a role's are the site's own, nothing of ours reads them.
    Raises InputError, or FindingsError with all: a name that looks like a role's and may not be set, or is
    none.
    """
    prefixes = (*(f"{role}_" for role in known), *_PREFIXES)
    ours = [name for name in sorted(host.variables) if name.startswith(prefixes) or _nearest(name, _LIKE)]
    raise_all([_refused(name, host, known, path) for name in ours if name not in SITE_KEYS])
    return [Override(host.name, name, ".".join(SITE_KEYS[name]), host.variables[name]) for name in ours]


def _nearest(name: str, likeness: float = 0.6) -> str:
    return "".join(difflib.get_close_matches(name, SITE_KEYS, n=1, cutoff=likeness))


def with_overrides(document: Mapping[str, Any], overrides: Iterable[Override]) -> dict[str, Any]:
    """The site file's document as it holds for that host; it is not checked here."""
    made = deepcopy(dict(document))
    for override in overrides:
        keys = SITE_KEYS[override.variable]
        place = made
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = override.value
    return made


def _refused(name: str, host: InventoryHost, known: Mapping[str, Iterable[str]], path: str) -> InputError:
    what = f"{name} of the host {host.name} in {path}"
    list_of_all = f"an inventory may set: {', '.join(SITE_KEYS)}"
    if any(name in variables for variables in known.values()):
        return InputError(
            f"{what} cannot be set in an inventory: it comes from the verified bundle, or decides what is "
            "trusted or waived",
            code="inventory-variable-refused",
            hint=f"remove it; {list_of_all}",
            details={"found": name, "path": path},
        )
    nearest = _nearest(name)
    return InputError(
        f"{what} is no variable of a role",
        code="inventory-variable-unknown",
        hint=f"did you mean {nearest}? A variable of your own needs another name" if nearest else list_of_all,
        details={"found": name, "path": path},
    )
