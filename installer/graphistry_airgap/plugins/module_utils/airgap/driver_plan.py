"""The decision about NVIDIA's driver: leave what is there, install the bundle's, or do nothing.

Pure: facts of the host (`driver_host.probe`) and the wish (site file, bundle, knowledge) in, a plan out.
Preflight and the driver stage come through here, so that they agree.  A plan with refusals does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import driver_choice, driver_obstacles, driver_standing, gpu_knowledge
from .gpu_model import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .driver_standing import Standing
    from .gpu_knowledge import Judged

NONE, LEAVE, INSTALL = "none", "leave", "install"
OUT_OF_RANGE = "driver-out-of-range"
BUNDLE_OUT_OF_RANGE = "driver-bundle-out-of-range"
HEADERS_HOST, HEADERS_BUNDLE = "host", "bundle"


@dataclass(frozen=True)
class Plan:
    """`headers`: whose the running kernel's are; `dkms` and `module_files` name the chosen variant's."""

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
    packages: tuple[Mapping[str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For the receipt and the role; an action that is none has only its reasons."""
        given = {key: getattr(self, key) for key in ("action", "kernel", "branch", "version", "variant")}
        given |= {key: getattr(self, key) for key in ("headers", "dkms", "module_files")}
        return {
            **{key: value for key, value in given.items() if value},
            "reasons": list(self.reasons),
            "warnings": [note.message for note in self.warnings],
            "packages": [dict(package) for package in self.packages],
        }


def make(facts: Mapping[str, Any], wish: Mapping[str, Any]) -> Plan:
    if not facts or not wish:
        return Plan(NONE)
    target = gpu_knowledge.judged(wish["knowledge"], wish["release"], wish["cuda"])
    standing = driver_standing.of(facts)
    plan = _left_alone(facts, wish, standing, target) or _without_install(facts, wish, standing, target)
    if plan is None and standing and not _is_bundles(facts, wish, standing):
        plan = _kept(wish, standing, target)
    if plan is None:
        plan = _installed(facts, wish, standing, target)
    if plan.refusals:
        plan = Plan(NONE, plan.reasons, plan.refusals, plan.warnings)
    return replace(plan, kernel=facts["kernel"])


def _left_alone(
    facts: Mapping[str, Any], wish: Mapping[str, Any], standing: Standing | None, target: Judged
) -> Plan | None:
    """Hosts and sites whose driver is not this tool's business."""
    there = LEAVE if standing else NONE
    if wish["install"] == "never":
        return Plan(there, ("the site file says `driver.install: never`",), **_of(standing))
    if wish["vgpu"] or any(gpu["vgpu"] for gpu in facts["gpus"]):
        reason = "a vGPU guest gets the guest driver of its hypervisor's release family, never this one"
        return Plan(there, (reason,), **_of(standing))
    if facts["dgx"]:
        plan = Plan(there, ("DGX OS brings its own driver, which is left alone",), **_of(standing))
        return _judged(plan, wish, standing, target) if standing else plan
    return None


def _without_install(
    facts: Mapping[str, Any], wish: Mapping[str, Any], standing: Standing | None, target: Judged
) -> Plan | None:
    """No GPU that could use a driver, or no driver in the bundle."""
    there = LEAVE if standing else NONE
    usable, useless = driver_choice.sorted_out(facts, wish["knowledge"], target)
    notes = tuple(note for _, note in useless)
    if wish["install"] == "auto" and not usable:
        reason = (
            "the product can use no GPU of this host" if useless else "there is no NVIDIA GPU on the PCI bus"
        )
        return Plan(there, (reason,), warnings=notes, **_of(standing))
    if not wish["bundle"]:
        plan = Plan(there, ("the bundle brings no driver",), warnings=notes, **_of(standing))
        if standing:
            return _judged(plan, wish, standing, target)
        return replace(plan, refusals=(_not_in_bundle(),)) if wish["install"] == "always" else plan
    return None


def _is_bundles(facts: Mapping[str, Any], wish: Mapping[str, Any], standing: Standing) -> bool:
    """The very driver that the bundle brings, perhaps half-way there: installing again makes it whole."""
    same = standing.version == wish["bundle"]["version"] and not standing.by_runfile
    return same and driver_standing.from_packages(facts, standing.version)


def _kept(wish: Mapping[str, Any], standing: Standing, target: Judged) -> Plan | None:
    """Another driver that works stays, unless it does not fit the release and may be replaced."""
    if not standing.ready:
        return None
    reason = f"driver {standing.version} is there, from {standing.source}, and is left alone"
    plan = _judged(Plan(LEAVE, (reason,), **_of(standing)), wish, standing, target)
    unfit = any(
        note.code in (OUT_OF_RANGE, gpu_knowledge.FORWARD_ONLY) for note in plan.refusals + plan.warnings
    )
    return None if unfit and wish["replace"] and not standing.by_runfile else plan


def _judged(plan: Plan, wish: Mapping[str, Any], standing: Standing, target: Judged) -> Plan:
    """A driver that is left alone, against what the release needs."""
    notes = gpu_knowledge.driver_notes(target, standing.version)
    out = [note for note in notes if note.code != gpu_knowledge.FORWARD_ONLY]
    if not out:
        return replace(plan, warnings=(*plan.warnings, *notes))
    note = replace(
        out[0], code=OUT_OF_RANGE, hint=driver_obstacles.choices(wish, by_runfile=standing.by_runfile)
    )
    if wish["waive_range"]:
        return replace(plan, warnings=(*plan.warnings, driver_obstacles.waived(note)))
    return replace(plan, refusals=(note,))


def _installed(
    facts: Mapping[str, Any], wish: Mapping[str, Any], standing: Standing | None, target: Judged
) -> Plan:
    bundle, knowledge = wish["bundle"], wish["knowledge"]
    gpus, useless = driver_choice.sorted_out(facts, knowledge, target)
    # what is there already is made whole or upgraded in place: two variants beside each other would mix
    own = standing.variant if standing and not standing.by_runfile else ""
    choice = driver_choice.choose(
        gpus,
        wanted=wish["modules"],
        offered=bundle["modules"],
        branch=bundle["branch"],
        standing=own,
        knowledge=knowledge,
    )
    refusals = [choice.refusal] if choice.refusal else []
    refusals += driver_choice.beyond(gpus, bundle["branch"], knowledge)
    refusals += driver_obstacles.refusals(facts, wish, standing, choice.variant)
    warnings = [note for _, note in useless] + driver_obstacles.warnings(
        facts, wish, standing, choice.variant
    )
    out, accepted = _range_of_bundle(wish, target)
    row = driver_obstacles.branch_row(wish)
    # a killed transaction leaves files that look whole beside a package that is not: the next one finishes it
    begun = facts["headers_package"]["begun"] and facts["kernel"] in wish["packages"]["headers"]
    by_host = driver_standing.running_kernel(facts).get("has_headers", False) and not begun
    return Plan(
        INSTALL,
        (f"driver {bundle['version']} of the bundle", f"{choice.variant} modules: {choice.reason}"),
        (*refusals, *out),
        (*warnings, *accepted),
        branch=bundle["branch"],
        version=bundle["version"],
        variant=choice.variant,
        headers=HEADERS_HOST if by_host else HEADERS_BUNDLE,
        dkms=row["dkms"].get(choice.variant, ""),
        module_files=row["module_files"].get(choice.variant, ""),
        packages=_packages(facts, wish, choice.variant, with_headers=not by_host),
    )


def _range_of_bundle(wish: Mapping[str, Any], target: Judged) -> tuple[list[Note], list[Note]]:
    """What the release says against the bundle's driver: refusals, and what only deserves a word."""
    notes = gpu_knowledge.driver_notes(target, wish["bundle"]["version"])
    words = [note for note in notes if note.code == gpu_knowledge.FORWARD_ONLY]
    out = [
        replace(note, code=BUNDLE_OUT_OF_RANGE, hint=driver_obstacles.BUNDLE_CHOICES)
        for note in notes
        if note not in words
    ]
    if wish["waive_range"]:
        return [], words + [driver_obstacles.waived(note) for note in out]
    return out, words


def _packages(
    facts: Mapping[str, Any], wish: Mapping[str, Any], variant: str, *, with_headers: bool
) -> tuple[Mapping[str, str], ...]:
    """Programs, modules of one variant, and headers of the running kernel unless they are there."""
    groups = wish["packages"]
    chosen = [groups["programs"], groups.get(variant, [])]
    if with_headers:
        chosen.append(groups["headers"].get(facts["kernel"], []))
    merged = {package["name"]: package for group in chosen for package in group}
    return tuple(merged[name] for name in sorted(merged))


def _of(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        return {}
    return {
        "version": standing.version,
        "branch": standing.version.partition(".")[0],
        "variant": standing.variant,
    }


def _not_in_bundle() -> Note:
    return Note(
        "driver-not-in-bundle",
        "the site file wants the driver installed in any case, and the bundle brings none",
        "no driver in the bundle",
        "a bundle with a driver for this platform",
        "build the bundle with `driver` in its spec, or write `driver: {install: auto}` in the site file",
    )
