"""Let DKMS build nothing while packages are installed: the build comes afterwards, under this project's eyes.

DKMS skips its own builds while `/etc/dkms/no-autoinstall` is a file. Here that is a link into /run, so that a
power cut in the middle leaves a link to nothing and DKMS works as ever after the boot.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FLAG = Path("/etc/dkms/no-autoinstall")
TOKEN = Path("/run/graphistry-airgap/no-dkms-autoinstall")


@contextmanager
def raised(flag: Path = FLAG, token: Path = TOKEN) -> Iterator[None]:
    """The flag is up inside; a flag that the operator set stays as it is."""
    if flag.is_file() and not _is_ours(flag, token):
        yield
        return
    flag.parent.mkdir(parents=True, exist_ok=True)
    token.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    token.touch()
    flag.unlink(missing_ok=True)
    flag.symlink_to(token)
    try:
        yield
    finally:
        lower(flag, token)


def lower(flag: Path = FLAG, token: Path = TOKEN) -> None:
    """Take down what a run raised, this one or one that was killed."""
    if _is_ours(flag, token):
        flag.unlink(missing_ok=True)
        with suppress(OSError):  # dkms has files there once it is installed
            flag.parent.rmdir()
    token.unlink(missing_ok=True)


def _is_ours(flag: Path, token: Path) -> bool:
    return flag.is_symlink() and flag.readlink() == token
