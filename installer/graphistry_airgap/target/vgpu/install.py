"""Install NVIDIA's guest driver from its one file, the way that its kind of file wants it.

The file is copied to a directory of root's own while it is hashed, because a medium
may be mounted noexec and what was checked must be what runs.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..host import medium, refusal
from ..packages import model as packages
from ..packages.apt import system as apt_system, trial as apt_simulation
from . import driver as vgpu_driver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOG = "/var/log/nvidia-installer.log"
# a build on one slow core takes some twenty minutes
_LONGEST = 7200
# of the installer's many options those that not every version of it has
_IF_KNOWN = (
    "--dkms",
    "--no-network",
    "--no-x-check",
    "--no-nouveau-check",
    "--disable-nouveau",
    "--rebuild-initramfs",
    "--skip-module-load",
    "--allow-installation-with-running-driver",
)
_UNWANTED = re.compile(r"^(?:Remv (\S+)|Inst ((?:linux-image|kernel-core)\S*))", re.MULTILINE)


class Run(Protocol):
    def __call__(self, args: list[str], /, *, environ_update: dict[str, str]) -> tuple[int, str, str]: ...


class GuestDriverError(Exception):
    """`log` holds the last lines that the installer wrote."""

    def __init__(self, message: str, *, code: str, hint: str, log: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.log = log


@dataclass(frozen=True)
class Wanted:
    source: Path
    sha256: str
    kind: str
    kernel: str
    package_config: str


@contextmanager
def own_copy(wanted: Wanted, places: Sequence[Path]) -> Iterator[Path]:
    """The checked file in a fresh directory where programs may run.

    The directory is gone when all went well.  After a failure it stays, without the file: what is half
    installed would else be taken for somebody else's driver.
    """
    for place in places:
        shutil.rmtree(place / vgpu_driver.BEGUN, ignore_errors=True)
    folder = next((place for place in places if _may_run(place)), places[0]) / vgpu_driver.BEGUN
    folder.mkdir(mode=0o700, parents=True)
    copy = folder / wanted.source.name
    try:
        (folder / "tmp").mkdir(mode=0o700)
        _copy(wanted, copy)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        yield copy
    except BaseException:
        copy.unlink(missing_ok=True)
        shutil.rmtree(folder / "tmp", ignore_errors=True)
        raise
    shutil.rmtree(folder)


def install(run: Run, wanted: Wanted, copy: Path) -> None:
    if wanted.kind == vgpu_driver.DEB:
        _with_apt(run, wanted, copy)
    else:
        _with_its_installer(run, wanted, copy)


def _copy(wanted: Wanted, copy: Path) -> None:
    try:
        with copy.open("xb") as writer:
            medium.copy(
                wanted.source, writer, name=f"the guest driver {wanted.source.name}", sha256=wanted.sha256
            )
    except medium.MediumError as error:
        raise GuestDriverError(str(error), code=medium.CHANGED, hint=medium.HINT) from error


def _may_run(place: Path) -> bool:
    nearest = next(one for one in (place, *place.parents) if one.exists())
    return not os.statvfs(nearest).f_flag & os.ST_NOEXEC


def _with_apt(run: Run, wanted: Wanted, copy: Path) -> None:
    environment = {**apt_system.ENVIRONMENT, "APT_CONFIG": wanted.package_config}
    status, out, error = run(["dpkg-query", "-W", "-f", apt_system.QUERY], environ_update=environment)
    if status == 0 and any(one.unfinished for one in apt_system.read_query(out)):
        run(["dpkg", "--configure", "--pending", *apt_system.KEEP_FILES], environ_update=environment)
    command = [*apt_system.transaction(packages.LOCK_TIMEOUT), "--reinstall", "install", os.fspath(copy)]
    status, out, error = run([*command, "--simulate"], environ_update=environment)
    if unwanted := _UNWANTED.findall(out):
        names = ", ".join(sorted({removed or kernel for removed, kernel in unwanted}))
        raise GuestDriverError(
            f"the guest driver's package would remove packages or bring another kernel: {names}",
            code="host-vgpu-driver-conflict",
            hint="remove what conflicts with it, or take the .run file of the same driver into the bundle",
        )
    if status == 0:
        status, out, error = run(command, environ_update=environment)
    if status:
        raise _failed(apt_simulation.complaint(out, error))


def _with_its_installer(run: Run, wanted: Wanted, copy: Path) -> None:
    environment = {"TMPDIR": os.fspath(copy.parent / "tmp"), "LC_ALL": "C.UTF-8"}
    guard = ["timeout", "-k", "30", str(_LONGEST), "sh", os.fspath(copy)]
    status, known, error = run([*guard, "--advanced-options"], environ_update=environment)
    if status and not known:
        raise _failed(error)
    options = [option for option in _IF_KNOWN if _is_known(option, known)]
    if shutil.which("dkms") is None:
        options = [option for option in options if option != "--dkms"]
    command = [*guard, "--silent", "--kernel-name", wanted.kernel, "--log-file-name", LOG, *options]
    status, out, error = run(command, environ_update=environment)
    if status:
        raise _failed(refusal.words(out, error))


def _is_known(option: str, listed: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", listed) is not None


def _failed(said: str) -> GuestDriverError:
    try:
        written = Path(LOG).read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
    except OSError:
        written = []
    return GuestDriverError(
        refusal.told("the guest driver cannot be installed", said),
        code="vgpu-driver-failed",
        hint=f"mend what it reports ({LOG}; for DKMS /var/lib/dkms/nvidia*/*/build/make.log), then run the "
        "same install again",
        log="\n".join(written) or said,
    )
