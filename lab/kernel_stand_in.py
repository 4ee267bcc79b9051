#!/usr/bin/env python3
"""Sealed hosts with a kernel on their disk, GPUs on their bus and reboots: a stand-in, named as such.

Real are the kernel's packages, its initramfs and what is built against its headers.  That it runs, that GPUs
are there and that modules load is played by `lab/kernel/machine`; nothing reaches the kernel below.
By hand: `kernel_stand_in.py image`, `start NAME`, `restart NAME`, the rest with `sealed_host.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent))
from egress_trap import TrapError
from kernel_release import kernel_release
from sealed_host import IMAGE, SealedHost

if TYPE_CHECKING:
    from collections.abc import Sequence

KERNEL_IMAGE = "airgap-lab/debian-13-kernel"
MAKER = "airgap-lab-kernel-maker"
HERE = Path(__file__).resolve().parent
WISHES = "/etc/airgap-lab/kernel"
MACHINE = "/usr/lib/airgap-lab/machine"
T4, A100, H100 = "0x1eb8", "0x20b0", "0x2330"


def make_image() -> None:
    """Make the image from the lab's host image, unless it is there with this kernel and these stand-ins."""
    subprocess.run([HERE / "host" / "image"], check=True)
    base = _docker("image", "inspect", "-f", "{{.Id}}", IMAGE)
    files = b"".join(path.read_bytes() for path in sorted((HERE / "kernel").iterdir()))
    kernel = kernel_release()
    inputs = f"{base} {kernel} {hashlib.sha256(files).hexdigest()}"
    label = ["image", "inspect", "-f", '{{index .Config.Labels "airgap-lab.kernel"}}', KERNEL_IMAGE]
    if _docker(*label, check=False) == inputs:
        return
    _docker("rm", "-f", MAKER, check=False)
    try:
        mount = f"{HERE / 'kernel'}:/lab:ro"
        _docker("run", "--name", MAKER, "--network", "host", "-v", mount, IMAGE, "/lab/recipe", kernel)
        changes = (
            f'ENTRYPOINT ["{MACHINE}", "boot"]',
            'CMD ["/sbin/init"]',
            f"LABEL airgap-lab.kernel={json.dumps(inputs)}",
        )
        options = [word for change in changes for word in ("--change", change)]
        _docker("commit", *options, MAKER, KERNEL_IMAGE)
    finally:
        _docker("rm", "-f", MAKER, check=False)


class KernelHost(SealedHost):
    """A sealed host that has a kernel on its disk and GPUs as wished."""

    def boot(
        self,
        *,
        gpus: Sequence[str] = (),
        nouveau: bool = False,
        mounts: Sequence[str] = (),
        image: str = KERNEL_IMAGE,
    ) -> None:
        """The first boot; with `nouveau` its driver has the GPUs until a blacklist reaches the initramfs."""
        # The container may do anything else, but the machine's kernel takes no module from it.
        self.start(image=image, mounts=mounts, drop=("SYS_MODULE",))
        self.plug(gpus=gpus, nouveau=nouveau)

    def plug(self, *, gpus: Sequence[str], nouveau: bool = False) -> None:
        """The devices from now on, laid as a boot would find them."""
        self.put("".join(f"{gpu}\n" for gpu in gpus).encode(), f"{WISHES}/gpus")
        self.wish("nouveau", on=nouveau)
        self.require([MACHINE, "devices"])

    def wish(self, name: str, *, on: bool) -> None:
        """`modprobe-fails`: NVIDIA's modules cannot be loaded, whatever is built."""
        self.require(["touch", f"{WISHES}/{name}"] if on else ["rm", "-f", f"{WISHES}/{name}"])

    def hold_gpus(self) -> None:
        """Something else has the GPUs until the next boot, so that no driver can be loaded."""
        self.require(["touch", "/run/airgap-lab-kernel/held"])

    def boot_id(self) -> str:
        return self.read("/proc/sys/kernel/random/boot_id").decode().strip()


def _docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"docker {arguments[0]}: {done.stderr.strip()[-2000:]}")
    return done.stdout.strip()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Sealed hosts with a kernel on their disk.")
    commands = parser.add_subparsers(dest="action", required=True)
    commands.add_parser("image", help="make the image; prints the release of its kernel")
    start = commands.add_parser("start", help="boot a host")
    start.add_argument("--gpu", action="append", default=[], metavar="DEVICE_ID", help=f"{T4} is a T4")
    start.add_argument("--nouveau", action="store_true", help="nouveau has the GPUs")
    start.add_argument("--mount", action="append", default=[], metavar="SOURCE:TARGET[:ro]")
    start.add_argument("name")
    commands.add_parser("restart", help="reboot it").add_argument("name")
    options = parser.parse_args(arguments)
    match options.action:
        case "image":
            kernel = kernel_release(afresh=True)
            make_image()
            print(kernel)
        case "start":
            KernelHost(options.name).boot(gpus=options.gpu, nouveau=options.nouveau, mounts=options.mount)
        case "restart":
            KernelHost(options.name).restart()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (RuntimeError, TrapError) as problem:
        print(f"kernel_stand_in: {problem}", file=sys.stderr)
        sys.exit(1)
