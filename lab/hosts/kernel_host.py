"""Sealed hosts with a kernel on their disk, GPUs on their bus and reboots: a stand-in, named as such.

Real are the kernel's packages, its initramfs and what is built against its headers.  That it runs, that GPUs
are there and that modules load is played by `lab/hosts/kernel/machine`; nothing reaches the kernel below.
By hand: `python -m lab.hosts.kernel_host image`, `start NAME`, `restart NAME`, the rest with
`lab.hosts.sealed_host`.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lab.bundles.kernel_release import kernel_release
from lab.hosts.derived_image import derive, make_first_image
from lab.hosts.egress_trap import TrapError
from lab.hosts.sealed_host import IMAGE, SealedHost

if TYPE_CHECKING:
    from collections.abc import Sequence

KERNEL_IMAGE = "airgap-lab/debian-13-kernel"
WISHES = "/etc/airgap-lab/kernel"
MACHINE = "/usr/lib/airgap-lab/machine"
BOOTS_BY_MACHINE = f'ENTRYPOINT ["{MACHINE}", "boot"]'
_KIT = Path(__file__).resolve().parent / "kernel"
T4, A100, H100 = "0x1eb8", "0x20b0", "0x2330"


def make_image() -> None:
    """Make the image from the lab's host image, unless it is there with this kernel and these stand-ins."""
    make_first_image()
    files = b"".join(path.read_bytes() for path in sorted(_KIT.iterdir()))
    kernel = kernel_release()
    derive(
        KERNEL_IMAGE,
        base=IMAGE,
        label="airgap-lab.kernel",
        recipe=f"{kernel} {hashlib.sha256(files).hexdigest()}",
        command=["/lab/recipe", kernel],
        kit=_KIT,
        changes=(BOOTS_BY_MACHINE,),
    )


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


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="lab.hosts.kernel_host", description="Sealed hosts with a kernel on their disk."
    )
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
        print(f"kernel_host: {problem}", file=sys.stderr)
        sys.exit(1)
