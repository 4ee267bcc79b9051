#!/usr/bin/python
"""Ansible module: what the next boot finds, so that NVIDIA's driver gets the GPUs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_driver_boot
short_description: Keep nouveau away at boot and enable the persistence daemon
description:
  - Writes a blacklist for nouveau and has the initramfs of each kernel rebuilt whose image does not hold it
    or is older than it. The image is looked into, so a run that died between the two is healed by the next.
  - Where dracut makes the images, tells it in /etc/dracut.conf.d to take the blacklist along, which one that
    makes them for any machine would not.
  - Enables the persistence daemon, to be started only where a driver is loaded. One that the operator masked
    stays so.
  - Neither boots nor loads anything.
options:
  blacklist:
    description: The file that keeps nouveau away.
    type: path
    default: /etc/modprobe.d/graphistry-airgap-nouveau.conf
  prefix:
    description: What the modules' files are called instead of C(nvidia).
    type: str
    required: true
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
done:
  description: What was done, in words.
  returned: success
  type: list
  elements: str
"""

from pathlib import Path

from ansible.module_utils.airgap import driver_initramfs, placing
from ansible.module_utils.basic import AnsibleModule

BLACKLIST = b"""\
# graphistry-airgap: NVIDIA's driver cannot have a GPU that nouveau holds.
blacklist nouveau
options nouveau modeset=0
"""
DAEMON = "nvidia-persistenced.service"
DROP_IN = Path(f"/etc/systemd/system/{DAEMON}.d/graphistry-airgap.conf")
CONDITION = b"""\
# graphistry-airgap: without a driver (a template, a host without GPU) it would only fail.
[Unit]
ConditionPathExists=/proc/driver/nvidia/version
"""


def place(module: AnsibleModule, path: Path, data: bytes) -> bool:
    if path.is_file() and path.read_bytes() == data and placing.mode_of(path) == 0o644:
        return False
    if not module.check_mode:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        placing.write_atomic(path, data, mode=0o644)
    return True


def listing(module: AnsibleModule, tool: driver_initramfs.Tool, kernel: str, image: Path) -> list[str]:
    """What is inside; nothing where the image cannot be read, which calls for a new one."""
    status, out, _ = module.run_command(driver_initramfs.filled(tool.list, kernel, image))
    return [] if status else out.splitlines()


def kept(tool: driver_initramfs.Tool, blacklist: Path) -> bytes:
    return (
        f"# graphistry-airgap: also later images shall hold it.\n{tool.line.format(file=blacklist)}".encode()
    )


def rebuild(module: AnsibleModule, tool: driver_initramfs.Tool, blacklist: Path) -> list[str]:
    done = []
    for kernel, image in driver_initramfs.images(tool).items():
        modules = driver_initramfs.modules(kernel, module.params["prefix"])
        if not driver_initramfs.stale(image, listing(module, tool, kernel, image), blacklist, modules):
            continue
        done.append(f"initramfs of kernel {kernel} rebuilt")
        if module.check_mode:
            continue
        status, out, error = module.run_command(driver_initramfs.filled(tool.make, kernel, image))
        if status or driver_initramfs.stale(image, listing(module, tool, kernel, image), blacklist, modules):
            module.fail_json(
                msg=f"the initramfs of kernel {kernel} cannot be rebuilt ({image}):\n"
                f"{(error or out).strip()[-1500:]}",
                code="initramfs-failed",
                hint="free space in /boot or mend what is said there, then run the same install again",
            )
    return done


def daemon(module: AnsibleModule) -> list[str]:
    status, out, _ = module.run_command(["systemctl", "is-enabled", DAEMON])
    known = out.strip()
    if known in ("", "not-found", "masked", "masked-runtime"):
        return []
    done = []
    if place(module, DROP_IN, CONDITION):
        done.append("persistence daemon bound to a loaded driver")
        if not module.check_mode:
            module.run_command(["systemctl", "daemon-reload"], check_rc=True)
            # the package's own first start came too early
            module.run_command(["systemctl", "reset-failed", DAEMON])
    if status:
        done.append("persistence daemon enabled")
        if not module.check_mode:
            module.run_command(["systemctl", "enable", DAEMON], check_rc=True)
    return done


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "blacklist": {"type": "path", "default": "/etc/modprobe.d/graphistry-airgap-nouveau.conf"},
            "prefix": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    blacklist = Path(module.params["blacklist"])
    tool = driver_initramfs.tool_of(lambda name: module.get_bin_path(name) is not None)
    done = ["nouveau blacklisted"] if place(module, blacklist, BLACKLIST) else []
    if tool and tool.settings and place(module, Path(tool.settings), kept(tool, blacklist)):
        done.append(f"{tool.make[0]} told to take the blacklist along")
    if tool:
        # in check mode the file that the images are compared with may not be there yet
        done += rebuild(module, tool, blacklist) if blacklist.exists() else ["initramfs images rebuilt"]
    done += daemon(module)
    module.exit_json(changed=bool(done), done=done)


if __name__ == "__main__":
    main()
