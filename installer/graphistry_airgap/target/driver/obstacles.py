"""What stands against installing the bundle's driver on one host, and what an operator should know before.

Every message names what was found, what is needed and what to do; nothing here changes the host.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..gpu.model import Note
from ..packages import systems as package_systems, words as package_words
from . import installed as installed_driver, kernels as driver_kernels, prebuilt as driver_prebuilt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .installed import InstalledDriver

WAIVER = "driver-range"
BUNDLE_CHOICES = (
    "build the bundle with a driver branch that fits or for the release's other CUDA flavour, install one "
    f"that fits by your own means, or accept the risk with `waive: [{WAIVER}]` in the site file"
)
_REALTIME = re.compile(r"[-+]rt(?:\d|-|$)")
_SHOWN = 6


def branch_row(desired: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is known about the bundle's branch; names that were never seen have to be guessed by nobody."""
    rows = desired["knowledge"]["drivers"]["platforms"].get(desired["platform"], {"branches": []})["branches"]
    branch, origin = desired["bundle"]["branch"], desired["bundle"].get("origin", "")
    found = next((row for row in rows if (row["branch"], row.get("origin", "")) == (branch, origin)), None)
    return found or {"dkms": {}, "module_files": {}, "tried": []}


def choices(desired: Mapping[str, Any], facts: Mapping[str, Any], installed: InstalledDriver | None) -> str:
    """The ways out of a driver that does not fit the release, as the site file and the machine offer them."""
    own = "install a driver that fits by the means that this one came by"
    waive = f"accept the risk with `waive: [{WAIVER}]` in the site file"
    replaceable = not (installed and installed.by_runfile) and not facts.get("dgx")
    if desired["bundle"] and replaceable:
        version = desired["bundle"]["version"]
        bring = f"have it replaced by the bundle's {version} with `driver: {{replace: true}}`"
        return f"{bring}, {own}, or {waive}"
    return f"{own}, or {waive}"


def waived(note: Note) -> Note:
    return replace(
        note,
        message=f"{note.message}; the site file waives this ({WAIVER})",
        hint="nothing: it was accepted, and the receipt records it",
    )


def refusals(
    facts: Mapping[str, Any], desired: Mapping[str, Any], installed: InstalledDriver | None, variant: str
) -> list[Note]:
    found = list(_second_source(facts, desired, installed, variant))
    served = driver_prebuilt.served(facts, desired, variant)
    if not served:
        found += _headers(facts, desired, variant)
    if _REALTIME.search(facts["kernel"]):
        found.append(
            Note(
                "driver-kernel-realtime",
                f"{facts['kernel']} is a real-time kernel, for which NVIDIA's modules are not built",
                facts["kernel"],
                "a kernel without PREEMPT_RT",
                "boot another kernel of the platform",
            )
        )
    if not served:
        found += [note for note in _signing(facts, desired) if note.code == "driver-signing-impossible"]
    return found


def warnings(
    facts: Mapping[str, Any], desired: Mapping[str, Any], installed: InstalledDriver | None, variant: str
) -> list[Note]:
    found = list(driver_prebuilt.notes(facts, desired, variant, branch_row(desired)))
    if not driver_prebuilt.served(facts, desired, variant):
        found += [note for note in _signing(facts, desired) if note.code != "driver-signing-impossible"]
    found += _nouveau(facts)
    if (
        installed
        and installed.ready
        and installed.version != desired["bundle"]["version"]
        and facts["loaded"]
    ):
        found.append(
            Note(
                "driver-replaced",
                f"driver {installed.version} is loaded and will be replaced by "
                f"{desired['bundle']['version']}, which works after a reboot",
                installed.version,
                "a reboot at the end of the driver stage",
                "plan a reboot (exit code 10); until then programs of the old driver may fail",
            )
        )
    if facts["other_kernel"]:
        found.append(
            Note(
                "driver-kernel-other",
                f"the running kernel {facts['kernel']} is {facts['other_kernel']}, and of its "
                "headers nothing is known but their name",
                facts["other_kernel"],
                "the system's own kernel",
                "try it on one host first",
            )
        )
    if variant and variant not in branch_row(desired)["tried"]:
        found.append(
            Note(
                "driver-untried",
                f"{variant} modules of {desired['bundle']['branch']} on {desired['platform']} are known from "
                "documentation only",
                "documented",
                "tried",
                "try it on one host first",
            )
        )
    return found


def _words(desired: Mapping[str, Any]) -> package_words.Words:
    return package_words.of(desired.get("package_system", package_systems.DEFAULT))


def _nouveau(facts: Mapping[str, Any]) -> Iterator[Note]:
    if not facts["nouveau"]:
        return
    yield Note(
        "driver-nouveau-loaded",
        "nouveau drives the GPU now; it is kept away from the next boot on, so a reboot will be due",
        "nouveau loaded",
        "a reboot at the end of the driver stage",
        "plan a reboot (exit code 10), or write `reboot: automatic` in the site file",
    )
    if not facts["initramfs"]:
        yield Note(
            "driver-initramfs-unknown",
            "no update-initramfs and no dracut: an initramfs that loads nouveau stays as it is",
            "no tool that makes an initramfs",
            "an initramfs without nouveau",
            "if this host boots with an initramfs, rebuild it by its own means before the reboot",
        )


def _second_source(
    facts: Mapping[str, Any], desired: Mapping[str, Any], installed: InstalledDriver | None, variant: str
) -> Iterator[Note]:
    if facts["runfile"] or (installed and installed.by_runfile):
        yield Note(
            "driver-runfile",
            "a driver of the vendor's .run file is on this host, and packages beside it would mix with it",
            facts["runfile"] or "modules below kernel/drivers/video",
            "one source of the driver",
            "`nvidia-uninstall --silent`, reboot, then run the same command again; or keep it with "
            "`driver: {install: never}` in the site file",
        )
    version = desired["bundle"]["version"]
    groups = [desired["packages"]["programs"], desired["packages"].get(variant, [])]
    groups += driver_prebuilt.carried(desired, variant).values()
    names = [package["name"] for group in groups for package in group]
    foreign = installed_driver.in_the_way(facts, names, version)
    if foreign:
        shown = [f"{one['name']} {one['version']}" for one in foreign]
        listed = ", ".join(shown[:_SHOWN]) + (
            f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        )
        yield Note(
            "driver-second-source",
            f"packages of another driver are there, which the bundle's {version} cannot replace: {listed}",
            listed,
            f"no driver packages but the bundle's, {version}",
            f"remove them (`{_words(desired).purge}`) and the repository they came from, or keep that driver "
            "with `driver: {install: never}` in the site file",
        )
    other = {"open": "proprietary", "proprietary": "open"}.get(variant, "")
    if installed and installed.version == version and installed.variant == other:
        yield Note(
            "driver-variant-differs",
            f"the {other} modules of driver {version} are installed, and {variant} ones are wanted",
            other,
            variant,
            "remove the package of the modules that are there, or write `modules: auto` in the site file",
        )


def _headers(facts: Mapping[str, Any], desired: Mapping[str, Any], variant: str) -> Iterator[Note]:
    kernel = installed_driver.running_kernel(facts)
    state = kernel.get("headers", driver_kernels.ABSENT)
    name = facts["kernel"]
    if state == driver_kernels.WHOLE:
        return
    carried = sorted(desired["packages"]["headers"])
    package = facts["headers_package"]
    if package["whole"] or (state != driver_kernels.ABSENT and name not in carried):
        remove = (
            f"`{_words(desired).remove_alone.format(package['name'])}`"
            if package["whole"]
            else "remove what is left"
        )
        yield Note(
            "driver-headers-broken",
            f"the headers of the running kernel {name} are not whole: {kernel['headers_detail']}",
            kernel["headers_detail"],
            f"whole headers of {name}",
            f"{remove}, then run the same command again: the bundle has them"
            if name in carried
            else f"install {package['name']} anew, or build the bundle for this kernel",
        )
    elif name in carried:
        yield from _other_build(facts, desired)
    else:
        ready = sorted(driver_prebuilt.carried(desired, variant))
        fits = {*carried, *ready}
        others = [one["name"] for one in facts["kernels"] if one["name"] in fits and one["installed"]]
        boot = f"boot {others[0]}, which is installed, or " if others else ""
        and_ready = f", and ready-made modules for {', '.join(ready)}" if ready else ""
        yield Note(
            "driver-headers-missing",
            f"there are no headers of the running kernel {name} on this host, and the bundle brings those of "
            f"{', '.join(carried) or 'no kernel'}{and_ready}",
            ", ".join([*carried, *ready]) or "none",
            f"{package['name']}, exactly",
            f'{boot}build the bundle with `kernels: ["{name}"]`; the kernel is never changed for it',
        )


def _other_build(facts: Mapping[str, Any], desired: Mapping[str, Any]) -> Iterator[Note]:
    """A kernel's name stays over rebuilds, and its headers fit one build only."""
    wanted = desired["bundle"].get("kernel_images", {}).get(facts["kernel"], "")
    image = facts["images"].get(facts["kernel"], "")
    if wanted and image and image != wanted:
        yield Note(
            "driver-headers-of-another-build",
            f"the bundle's headers of {facts['kernel']} are of build {wanted}, and the host has build "
            f"{image}",
            image,
            wanted,
            f"build the bundle anew when the repository has the headers of {image}, or bring "
            f"{facts['headers_package']['name']} of that version here by your own process",
        )


def _signing(facts: Mapping[str, Any], desired: Mapping[str, Any]) -> Iterator[Note]:
    found = facts["signing"]
    if not found["required"] or found["enrolled"]:
        return
    key = found["key"] or "DKMS's key"
    when = "is there and not enrolled" if found["has_key"] else "is made when the modules are built"
    message = (
        f"{found['required']} is on: the kernel loads modules only by keys that it trusts, and {key} {when}"
    )
    needed = f"{key} enrolled as a machine owner key (MOK)"
    steps = (
        f"whoever sits at the console enrols it: `mokutil --import {key}` sets a password, and the next boot "
        "asks for it in MokManager, at the console and for 10 seconds only"
    )
    if not found["shim"]:
        yield Note(
            "driver-signing-impossible",
            f"{message}; this machine does not boot through shim, so no such key can be enrolled",
            f"{found['required']}, no shim",
            "a key of the firmware that signs the modules, or no enforcement",
            "switch it off in the firmware, or sign the modules with a key that the firmware trusts",
        )
    elif desired["reboot"] == "automatic" and desired["purpose"] == "server" and facts["gpus"]:
        yield Note(
            "driver-signing-impossible",
            f"{message}; `reboot: automatic` would reboot without anybody at the console",
            f"{found['required']}, reboot: automatic",
            needed,
            f"write `reboot: manual` in the site file; then {steps}",
        )
    else:
        yield Note("driver-signing-key", message, found["required"], needed, f"before the reboot {steps}")
