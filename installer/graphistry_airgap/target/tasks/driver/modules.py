"""Task: NVIDIA's kernel modules, built by DKMS for one kernel, or ready-made by a package for several."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import change
from ...driver import changes as driver_changes, dkms as driver_dkms, dkms_flag, kernels as driver_kernels
from ...host import files as placing, refusal
from ...host.machine import Host

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

KERNEL = Path("/proc/sys/kernel/osrelease")
AGAIN = "then run the same install again; it goes on from here"


def dkms(module: AnsibleModule, target: driver_dkms.Target, action: str) -> tuple[int, str]:
    command = ["dkms", action, "-m", target.name, "-v", target.version, "-k", target.kernel]
    status, out, error = module.run_command(command, environ_update={"LC_ALL": "C.UTF-8"})
    return status, f"{out}\n{error}"


def failed(module: AnsibleModule, target: driver_dkms.Target, what: str, output: str) -> None:
    log = next((path for path in target.logs() if path.is_file()), None)
    text = log.read_text(encoding="utf-8", errors="replace") if log else ""
    place = f"the whole log: {log}" if log else "there is no build log"
    hint = f"see {log or 'what dkms says'}, mend it, {AGAIN}"
    full = full_folder(target) if driver_dkms.is_full(text + output) else None
    if full is not None:
        what = f"{what}: the disk of {full} is full"
        hint = f"free about 1 GB below {full}, {AGAIN}"
    # the compiler's own words name the cause, those of DKMS the log that has them
    said = "\n".join(filter(None, [driver_dkms.last_lines(text), output.strip()]))
    module.fail_json(
        msg=f"{refusal.told(what, said)}\n{place}",
        code="driver-build-failed",
        hint=hint,
        log=str(log) if log else "",
    )


def full_folder(target: driver_dkms.Target) -> Path:
    """The fullest of the places that a build writes to."""
    places = [place for place in (target.tree, target.kernel_modules, Path("/tmp")) if place.is_dir()]  # noqa: S108
    return min(places, key=lambda place: shutil.disk_usage(place).free)


def clear(module: AnsibleModule, target: driver_dkms.Target) -> None:
    """Take away what a kill left: DKMS would refuse it, or take it for somebody else's modules."""
    if target.link.is_symlink() and target.link.resolve() == target.built.resolve():
        dkms(module, target, "uninstall")
    for path in driver_dkms.placed(target).values():
        path.unlink(missing_ok=True)
    for path in target.built.parent.glob(".tmp_*"):
        shutil.rmtree(path)
    version = target.tree / target.version
    if version.is_dir() and not (version / "source").exists():
        shutil.rmtree(version)


def built_whole(module: AnsibleModule, target: driver_dkms.Target) -> bool:
    """Every module can be read to its end (modinfo unpacks it) and says the right version."""
    files = driver_dkms.in_tree(target)
    return set(files) == set(target.names) and all(
        version_of(module, path) == target.version for path in files.values()
    )


def version_of(module: AnsibleModule, path: Path) -> str:
    out: str = module.run_command(["modinfo", "-F", "version", str(path)])[1]
    return out.strip()


def build(module: AnsibleModule, target: driver_dkms.Target) -> None:
    what = f"DKMS cannot build {target.name} {target.version} for kernel {target.kernel}"
    if not target.headers.exists():
        module.fail_json(
            msg=f"there are no headers of the running kernel {target.kernel} at {target.headers.parent}",
            code="driver-headers-missing",
            hint="a bundle with this kernel's headers is needed (driver.kernels in the spec)",
        )
    shutil.rmtree(target.built, ignore_errors=True)
    status, output = dkms(module, target, "build")
    if status or not built_whole(module, target):
        shutil.rmtree(target.built, ignore_errors=True)
        failed(module, target, what, output)


def ensure(module: AnsibleModule, target: driver_dkms.Target) -> float | None:
    """Make it so; the seconds of a build, None where there was none."""
    begun = time.monotonic()
    clear(module, target)
    seconds = None
    if not built_whole(module, target):
        build(module, target)
        seconds = round(time.monotonic() - begun, 1)
    status, output = dkms(module, target, "install")
    left = driver_dkms.faults(target)
    if status or left:
        what = f"DKMS cannot install {target.name} {target.version} for kernel {target.kernel}"
        failed(module, target, "; ".join([what, *left]), output)
    return seconds


def require_ready_made(module: AnsibleModule, kernels: list[str]) -> None:
    """Their packages were installed; what a kernel would load decides whether that was enough."""
    host, version = Host.of_module(module.run_command), module.params["version"]
    for kernel in kernels:
        if fault := driver_kernels.fault(host, kernel, version):
            module.fail_json(
                msg=f"modules of driver {version} for kernel {kernel} were installed, and {fault}",
                code="driver-modules-absent",
                hint=f"have them linked anew (`dpkg-reconfigure` of linux-modules-nvidia-…-{kernel}) and see "
                f"what it says, {AGAIN}",
                log="",
            )


def recorded(path: Path, build_of: dict[str, Any]) -> dict[str, Any]:
    """The entry with its seconds, where they were kept for this very build."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return build_of
    return kept if {key: kept.get(key) for key in build_of} == build_of else build_of


ARGUMENTS: dict[str, dict[str, Any]] = {
    "dkms": {"type": "str", "default": ""},
    "prebuilt": {"type": "list", "elements": "str", "default": []},
    "version": {"type": "str", "required": True},
    "modules": {"type": "list", "elements": "str", "required": True},
    "prefix": {"type": "str", "required": True},
    "record": {"type": "path", "required": True},
    "waits_for": {"type": "str", "default": ""},
}


def run(module: AnsibleModule) -> None:
    options, record = module.params, Path(module.params["record"])
    if options["prebuilt"]:
        if module.check_mode and options["waits_for"]:
            module.exit_json(**change.unknown(options["waits_for"]), driver_plan={})
        require_ready_made(module, options["prebuilt"])
        module.exit_json(**change.answer([]), driver_plan={})
    # NVIDIA's rpms had the open modules as nvidia-open, and have them as nvidia: the sources tell
    known = [
        driver_dkms.Target(
            name,
            options["version"],
            KERNEL.read_text(encoding="utf-8").strip(),
            os.uname().machine,
            driver_dkms.file_names(options["modules"], options["prefix"]),
        )
        for name in (options["dkms"], options["prefix"])
    ]
    target = next((one for one in known if one.source.is_dir()), known[0])
    build_of = {"kernel": target.kernel, "version": target.version, "modules": list(target.names)}
    if module.check_mode and options["waits_for"]:
        module.exit_json(**change.unknown(options["waits_for"]), driver_plan={"build": build_of})
    changes = driver_changes.of_modules(target, lambda path: version_of(module, path))
    if not module.check_mode:
        dkms_flag.lower()
        seconds = ensure(module, target) if changes else None
        if seconds is not None:
            record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            data = json.dumps({**build_of, "seconds": seconds}).encode()
            placing.write_atomic(record, data, mode=0o600)
    told = {"build": recorded(record, build_of)}
    module.exit_json(**change.answer(changes), driver_plan=told)
