"""Does what a kernel boots with know that nouveau must stay away?

The image itself is asked: a mark of this project beside it could be older than the image that lies there now.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True)
class Tool:
    """A program that makes initramfs images, and the one that lists what is inside.

    `settings` is a file that the program reads, where it has to be told to take the blacklist along.
    """

    make: tuple[str, ...]
    list: tuple[str, ...]
    image: str
    settings: str = ""


TOOLS = (
    Tool(("update-initramfs", "-u", "-k", "{kernel}"), ("lsinitramfs", "{image}"), "initrd.img-{kernel}"),
    Tool(
        ("dracut", "--force", "{image}", "{kernel}"),
        ("lsinitrd", "{image}"),
        "initramfs-{kernel}.img",
        # an image for any machine (dracut-config-generic) leaves /etc/modprobe.d out
        "/etc/dracut.conf.d/graphistry-airgap.conf",
    ),
)

# Debian's DKMS, and EL's
_BUILT = ("updates", "extra")


def filled(command: tuple[str, ...], kernel: str, image: Path) -> list[str]:
    return [word.format(kernel=kernel, image=image) for word in command]


def images(tool: Tool, root: Path = Path("/")) -> dict[str, Path]:
    """Kernel to image, of every kernel that could boot next."""
    kernels = sorted(path.name for path in (root / "lib/modules").glob("*") if path.is_dir())
    found = {kernel: root / "boot" / tool.image.format(kernel=kernel) for kernel in kernels}
    return {kernel: image for kernel, image in found.items() if image.is_file()}


def modules(kernel: str, prefix: str, root: Path = Path("/")) -> list[Path]:
    """The driver's modules where DKMS puts them for this kernel, or a package of ready-made ones."""
    folders = [root / "lib/modules" / kernel / folder for folder in _BUILT]
    folders += (root / "lib/modules" / kernel / "kernel").glob("nvidia*")
    return [path for folder in folders for path in folder.rglob(f"{prefix}*.ko*")]


def stale(image: Path, listing: Iterable[str], blacklist: Path, modules: Iterable[Path]) -> bool:
    """The image lacks the blacklist, or is older than it or than a module that it carries itself."""
    inside = {Path(line.split()[-1]).name for line in listing if line.strip()}
    if blacklist.name not in inside:
        return True
    carried = [path for path in modules if path.name in inside]
    made = image.stat().st_mtime
    return any(path.stat().st_mtime > made for path in [blacklist, *carried])


def tool_of(has: Callable[[str], bool]) -> Tool | None:
    """The host's tool; None where images are made by something that is not known here."""
    return next((tool for tool in TOOLS if has(tool.make[0]) and has(tool.list[0])), None)
