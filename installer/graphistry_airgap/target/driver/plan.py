"""The decision about NVIDIA's driver: leave what is there, install the bundle's, or do nothing.

Pure: facts of the host (`driver_host.probe`) and what is desired (by site file, bundle, knowledge)
in, a plan out.
Preflight and the driver stage come through here, so that they agree.  A plan with refusals does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..gpu import drivers as gpu_drivers, knowledge as gpu_knowledge
from ..gpu.model import Note
from . import (
    choice as driver_choice,
    installed as installed_driver,
    obstacles as driver_obstacles,
    prebuilt as driver_prebuilt,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..gpu.knowledge import Judged
    from .installed import InstalledDriver

NONE, LEAVE, INSTALL = "none", "leave", "install"
OUT_OF_RANGE = "driver-out-of-range"
BUNDLE_OUT_OF_RANGE = "driver-bundle-out-of-range"
HEADERS_HOST, HEADERS_BUNDLE = "host", "bundle"


@dataclass(frozen=True)
class Plan:
    """`headers`: whose the running kernel's are; `dkms` and `module_files` name the chosen variant's.

    `prebuilt`: kernels whose modules come ready-made; nothing is built then, `headers` and `dkms` are empty.
    """

    action: str
    reasons: tuple[str, ...] = ()
    refusals: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()
    kernel: str = ""
    branch: str = ""
    version: str = ""
    variant: str = ""
    headers: str = ""
    dkms: str = ""
    module_files: str = ""
    prebuilt: tuple[str, ...] = ()
    packages: tuple[Mapping[str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For the receipt and the role; an action that is none has only its reasons."""
        given = {key: getattr(self, key) for key in ("action", "kernel", "branch", "version", "variant")}
        given |= {key: getattr(self, key) for key in ("headers", "dkms", "module_files")}
        given["prebuilt"] = list(self.prebuilt)
        return {
            **{key: value for key, value in given.items() if value},
            "reasons": list(self.reasons),
            "warnings": [note.message for note in self.warnings],
            "packages": [dict(package) for package in self.packages],
        }


def make(facts: Mapping[str, Any], desired: Mapping[str, Any]) -> Plan:
    if not facts or not desired:
        return Plan(NONE)
    target = gpu_knowledge.judged(desired["knowledge"], desired["release"], desired["cuda"])
    installed = installed_driver.of(facts)
    plan = _left_alone(facts, desired, installed) or _without_install(facts, desired, installed, target)
    if plan is None and installed and not _is_bundles(facts, desired, installed):
        plan = _kept(facts, desired, installed)
    if plan is None:
        plan = _installed(facts, desired, installed, target)
    if plan.refusals:
        plan = Plan(NONE, plan.reasons, plan.refusals, plan.warnings)
    return replace(plan, kernel=facts["kernel"])


def _left_alone(
    facts: Mapping[str, Any], desired: Mapping[str, Any], installed: InstalledDriver | None
) -> Plan | None:
    """Hosts and sites whose driver is not this tool's business."""
    there = LEAVE if installed else NONE
    if desired["install"] == "never":
        return Plan(there, ("the site file says `driver.install: never`",), **_of(installed))
    if desired["vgpu"] or any(gpu["vgpu"] for gpu in facts["gpus"]):
        reason = "a vGPU guest gets the guest driver of its hypervisor's release family, never this one"
        return Plan(there, (reason,), **_of(installed))
    if facts["dgx"]:
        plan = Plan(there, ("DGX OS brings its own driver, which is left alone",), **_of(installed))
        return _judged(plan, facts, desired, installed) if installed else plan
    return None


def _without_install(
    facts: Mapping[str, Any], desired: Mapping[str, Any], installed: InstalledDriver | None, target: Judged
) -> Plan | None:
    """No GPU that could use a driver, or no driver in the bundle."""
    there = LEAVE if installed else NONE
    usable, useless = driver_choice.sorted_out(facts, desired["knowledge"], target)
    notes = tuple(note for _, note in useless)
    if desired["install"] == "auto" and not usable:
        reason = (
            "the product can use no GPU of this host" if useless else "there is no NVIDIA GPU on the PCI bus"
        )
        return Plan(there, (reason,), warnings=notes, **_of(installed))
    if not desired["bundle"]:
        plan = Plan(there, ("the bundle brings no driver",), warnings=notes, **_of(installed))
        if installed:
            return _judged(plan, facts, desired, installed)
        return replace(plan, refusals=(_not_in_bundle(),)) if desired["install"] == "always" else plan
    return None


def _is_bundles(facts: Mapping[str, Any], desired: Mapping[str, Any], installed: InstalledDriver) -> bool:
    """The very driver that the bundle brings, perhaps half-way there: installing again makes it whole."""
    same = installed.version == desired["bundle"]["version"] and not installed.by_runfile
    return same and installed_driver.from_packages(facts, installed.version)


def _kept(facts: Mapping[str, Any], desired: Mapping[str, Any], installed: InstalledDriver) -> Plan | None:
    """Another driver that works stays, unless it does not fit the release and may be replaced."""
    if not installed.ready:
        return None
    reason = f"driver {installed.version} is there, from {installed.source}, and is left alone"
    plan = _judged(Plan(LEAVE, (reason,), **_of(installed)), facts, desired, installed)
    unfit = any(
        note.code in (OUT_OF_RANGE, gpu_knowledge.FORWARD_ONLY) for note in plan.refusals + plan.warnings
    )
    return None if unfit and desired["replace"] and not installed.by_runfile else plan


def _judged(
    plan: Plan, facts: Mapping[str, Any], desired: Mapping[str, Any], installed: InstalledDriver
) -> Plan:
    """A driver that is left alone, against what the release needs and what the host's GPUs allow."""
    target = gpu_knowledge.judged(desired["knowledge"], desired["release"], desired["cuda"])
    gpus, _ = driver_choice.sorted_out(facts, desired["knowledge"], target)
    notes = gpu_drivers.notes(target, installed.version, gpus, desired["knowledge"])
    out = [note for note in notes if note.code != gpu_knowledge.FORWARD_ONLY]
    if not out:
        return replace(plan, warnings=(*plan.warnings, *notes))
    hint = driver_obstacles.choices(desired, facts, installed)
    note = replace(out[0], code=OUT_OF_RANGE, hint=hint)
    if desired["waive_range"]:
        return replace(plan, warnings=(*plan.warnings, driver_obstacles.waived(note)))
    return replace(plan, refusals=(note,))


def _installed(
    facts: Mapping[str, Any], desired: Mapping[str, Any], installed: InstalledDriver | None, target: Judged
) -> Plan:
    bundle, knowledge = desired["bundle"], desired["knowledge"]
    gpus, useless = driver_choice.sorted_out(facts, knowledge, target)
    # what is there already is made whole or upgraded in place: two variants beside each other would mix
    own = installed.variant if installed and not installed.by_runfile else ""
    choice = driver_choice.choose(
        gpus,
        wanted=desired["modules"],
        offered=bundle["modules"],
        branch=bundle["branch"],
        installed=own,
        knowledge=knowledge,
    )
    refusals = [choice.refusal] if choice.refusal else []
    refusals += driver_choice.beyond(gpus, bundle["branch"], knowledge)
    refusals += driver_obstacles.refusals(facts, desired, installed, choice.variant)
    warnings = [note for _, note in useless] + driver_obstacles.warnings(
        facts, desired, installed, choice.variant
    )
    out, accepted = _range_of_bundle(desired, target)
    row = driver_obstacles.branch_row(desired)
    # a killed transaction leaves files that look whole beside a package that is not: the next one finishes it
    begun = facts["headers_package"]["begun"] and facts["kernel"] in desired["packages"]["headers"]
    by_host = installed_driver.running_kernel(facts).get("has_headers", False) and not begun
    served = driver_prebuilt.served(facts, desired, choice.variant)
    ready = (f"the modules are ready-made, for {', '.join(served)}",) if served else ()
    return Plan(
        INSTALL,
        (f"driver {bundle['version']} of the bundle", f"{choice.variant} modules: {choice.reason}", *ready),
        (*refusals, *out),
        (*warnings, *accepted),
        branch=bundle["branch"],
        version=bundle["version"],
        variant=choice.variant,
        headers="" if served else HEADERS_HOST if by_host else HEADERS_BUNDLE,
        dkms="" if served else row["dkms"].get(choice.variant, ""),
        module_files=row["module_files"].get(choice.variant, ""),
        prebuilt=tuple(served),
        packages=_packages(facts, desired, choice.variant, served, with_headers=not by_host),
    )


def _range_of_bundle(desired: Mapping[str, Any], target: Judged) -> tuple[list[Note], list[Note]]:
    """What the release says against the bundle's driver: refusals, and what only deserves a word."""
    notes = gpu_knowledge.driver_notes(target, desired["bundle"]["version"])
    words = [note for note in notes if note.code == gpu_knowledge.FORWARD_ONLY]
    out = [
        replace(note, code=BUNDLE_OUT_OF_RANGE, hint=driver_obstacles.BUNDLE_CHOICES)
        for note in notes
        if note not in words
    ]
    if desired["waive_range"]:
        return [], words + [driver_obstacles.waived(note) for note in out]
    return out, words


def _packages(
    facts: Mapping[str, Any],
    desired: Mapping[str, Any],
    variant: str,
    served: Sequence[str],
    *,
    with_headers: bool,
) -> tuple[Mapping[str, str], ...]:
    """Programs and modules of one variant: ready-made, or to be built, with headers unless they are there."""
    groups = desired["packages"]
    chosen = [groups["programs"], *(driver_prebuilt.carried(desired, variant)[kernel] for kernel in served)]
    if not served:
        chosen.append(groups.get(variant, []))
        chosen.append(groups["headers"].get(facts["kernel"], []) if with_headers else [])
    merged = {package["name"]: package for group in chosen for package in group}
    return tuple(merged[name] for name in sorted(merged))


def _of(installed: InstalledDriver | None) -> dict[str, Any]:
    if installed is None:
        return {}
    return {
        "version": installed.version,
        "branch": installed.version.partition(".")[0],
        "variant": installed.variant,
    }


def _not_in_bundle() -> Note:
    return Note(
        "driver-not-in-bundle",
        "the site file wants the driver installed in any case, and the bundle brings none",
        "no driver in the bundle",
        "a bundle with a driver for this platform",
        "build the bundle with `driver` in its spec, or write `driver: {install: auto}` in the site file",
    )
