#!/usr/bin/python
"""Ansible module: NVIDIA's kernel modules, built by DKMS for one kernel."""

from __future__ import annotations

DOCUMENTATION = r"""
module: driver_modules
short_description: Have DKMS build the driver's modules for the running kernel
version_added: "0.1.0"
description:
  - Compares the modules that lie among the kernel's with those that DKMS built, and the kernel's index with
    both. Where anything is missing, of another version or damaged, it is installed anew from the finished
    build, or built anew if that is not whole.
  - DKMS uses all processors. A failed build tells the end of its log and where that is.
  - For no other kernel is anything built, and no kernel is changed.
options:
  dkms:
    description:
      - The name that DKMS knows the modules by. Where no sources of that name are there, those named after
        I(prefix) are taken.
    type: str
    required: true
  version:
    description: Version of the driver.
    type: str
    required: true
  modules:
    description: The driver's modules by their own names.
    type: list
    elements: str
    required: true
  prefix:
    description: What the modules' files are called instead of C(nvidia).
    type: str
    required: true
  record:
    description: File that keeps how long the build took.
    type: path
    required: true
  waits_for:
    description: Stage whose changes check mode has not made; then nothing is guessed about the modules.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run.
  diff_mode:
    support: full
    description: Shows each module with its version.
"""

EXAMPLES = r"""
- name: Build the modules of Debian's driver for the running kernel
  graphistry.airgap.driver_modules:
    dkms: nvidia-current
    version: 550.163.01
    modules: [nvidia, nvidia-modeset, nvidia-drm, nvidia-uvm, nvidia-peermem]
    prefix: nvidia-current
    record: /var/lib/graphistry-airgap/driver-build.json
"""

RETURN = r"""
changes:
  description: Each module that is absent, of another version or damaged, as data.
  returned: success
  type: list
  elements: dict
diff:
  description: The same for people.
  returned: success
  type: list
  elements: dict
unknown_until:
  description: The stage that has to come first, where check mode cannot know more.
  returned: in check mode
  type: str
driver_plan:
  description: Under C(build), kernel, version, modules and, where this module built them, seconds.
  returned: success
  type: dict
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
log:
  description: Path of DKMS' log; empty where there is none.
  returned: failure, where DKMS fails
  type: str
"""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import change
from ..module_utils.driver import changes as driver_changes, dkms as driver_dkms, dkms_flag
from ..module_utils.host import files as placing, refusal

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


def recorded(path: Path, build_of: dict[str, Any]) -> dict[str, Any]:
    """The entry with its seconds, where they were kept for this very build."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return build_of
    return kept if {key: kept.get(key) for key in build_of} == build_of else build_of


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "dkms": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "modules": {"type": "list", "elements": "str", "required": True},
            "prefix": {"type": "str", "required": True},
            "record": {"type": "path", "required": True},
            "waits_for": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    options, record = module.params, Path(module.params["record"])
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


if __name__ == "__main__":
    main()
