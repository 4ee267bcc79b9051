"""Modules that a distribution made ready for one kernel: for which of a host's kernels a bundle has them.

The distribution builds and signs them with a key that its kernels trust, so that a host needs no compiler, no
headers and nobody at the console.  They fit exactly the kernel that their package is named after.  Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..gpu.model import Note
from . import installed as installed_driver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PREBUILT, DKMS = "prebuilt", "dkms"
MISSING, UNKNOWN = "driver-not-ready-made", "driver-flavour-unknown"
# 6.8.0-45-generic: version and ABI, then the flavour
_NAME = re.compile(r"\d[\d.]*-\d+-(?P<flavour>[a-z].*)")


def flavour(kernel: str) -> str:
    """Empty for a name that is none of Ubuntu's."""
    found = _NAME.fullmatch(kernel)
    return found["flavour"] if found else ""


def carried(desired: Mapping[str, Any], variant: str) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """Kernel to packages with its modules, as the bundle has them of this kind."""
    found: Mapping[str, Any] = desired["packages"].get(PREBUILT, {}).get(variant, {})
    return found


def everywhere(desired: Mapping[str, Any]) -> set[str]:
    """Kernels for which the bundle has modules of any kind."""
    return {kernel for kernels in desired["packages"].get(PREBUILT, {}).values() for kernel in kernels}


def served(facts: Mapping[str, Any], desired: Mapping[str, Any], variant: str) -> list[str]:
    """The running kernel first, then every other one that came from a package: any may be booted next.

    Empty where the bundle has none for the running one, or where DKMS has built this driver on the host: what
    is there is made whole, and two sources of modules for one kernel would mix.
    """
    there, running = carried(desired, variant), facts["kernel"]
    if running not in there or _is_built(facts, desired, variant):
        return []
    others = sorted(name for name in there if name != running and facts["images"].get(name))
    return [running, *others]


def notes(
    facts: Mapping[str, Any], desired: Mapping[str, Any], variant: str, row: Mapping[str, Any]
) -> Iterator[Note]:
    """Why modules are built although the distribution makes such, which an operator may not expect."""
    running = facts["kernel"]
    if not row.get(PREBUILT) or served(facts, desired, variant) or _is_built(facts, desired, variant):
        return
    flavours = desired["knowledge"]["drivers"]["platforms"][desired["platform"]].get("flavours", {})
    listed = ", ".join(sorted(carried(desired, variant))) or "no kernel"
    code = MISSING if flavour(running) in flavours else UNKNOWN
    yield Note(
        code,
        f"the bundle has ready-made {variant} modules for {listed}, and none for the running kernel "
        f"{running}: {unmade(running, flavours)}; DKMS builds them here",
        listed,
        f"ready-made modules for {running}",
        way(facts, desired, variant),
    )


def unmade(kernel: str, flavours: Mapping[str, str]) -> str:
    """Why there may be none for a kernel, in words that go on after a comma or a colon."""
    found = flavour(kernel)
    made = flavours.get(found, "")
    if made == PREBUILT:
        return f"though there are some for other kernels of the flavour {found}"
    if made == DKMS:
        return f"nobody makes such for the flavour {found}"
    return f"{found or kernel} is no flavour that is known here"


def way(facts: Mapping[str, Any], desired: Mapping[str, Any], variant: str) -> str:
    """How a host comes to ready-made modules: another kernel of its own, or another bundle."""
    there = carried(desired, variant)
    others = [one["name"] for one in facts["kernels"] if one["installed"] and one["name"] in there]
    boot = f"boot {others[0]}, which is installed, or " if others else ""
    build = f'build the bundle with `kernels: ["{facts["kernel"]}"]`'
    return f"{boot}{build} while the repositories hold its modules"


def _is_built(facts: Mapping[str, Any], desired: Mapping[str, Any], variant: str) -> bool:
    """DKMS's package of this driver is on the host, and headers to build with are there."""
    names = {package["name"] for package in desired["packages"].get(variant, [])}
    dkms = any(one["name"] in names and DKMS in one["name"] for one in facts["packages"])
    return dkms and bool(installed_driver.running_kernel(facts).get("has_headers"))
