"""The demo's release for Ubuntu 24.04, from the stand-in archive: `build/ubuntu/`; and such hosts' image.

And the same for Ubuntu 22.04, with an interpreter for the tool alone: `build/ubuntu-22/`.

Docker and Compose are Debian 13's, out of the demo's bundle; the hosts' Python is a CPython 3.12 or 3.10 of
this machine, the interpreter in the bundle another one.  Where it has none, no bundle is made, and what needs
it was not tried.
"""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from lab.bundles.demo import BUILD, DEMO, DemoError, build_bundle, need_demo_bundle, release_spec, say
from lab.hosts.ubuntu_host import make_image, make_kernel_image
from lab.repositories.cpython import NoCPythonError, make_debs
from lab.repositories.making import RepositoryError
from lab.repositories.relocatable import make_archive
from lab.repositories.ubuntu import KERNELS, SERIES, build

if TYPE_CHECKING:
    from pathlib import Path

UBUNTU = BUILD / "ubuntu"
UBUNTU_22 = BUILD / "ubuntu-22"
# of the archive, what a stock server has of it
STOCK = ("python3", "libpython3-stdlib")
SUITE = """\
      # A stand-in: Ubuntu's archive is not to be had here.
      - name: {suite}
        uri: file:repository
        suite: {suite}
        components: [main, restricted, universe]
        signed_by: repository/key.gpg
"""
VENDOR = """\
      # A stand-in: the vendors' repositories are not to be had here.
      - name: nvidia
        uri: file:../demo/vendor-repository
        suite: stable
        components: [main]
        signed_by: ../demo/vendor-repository/key.gpg
"""
# of its hosts the one that runs, and one that an update brought
KERNEL, NEXT = KERNELS
DRIVER = f"""\
      # A stand-in: as NVIDIA's own for Ubuntu, with another version of the same branch.
      - name: cuda
        uri: file:repository/cuda
        suite: /
        components: []
        signed_by: repository/key.gpg
    driver: {{branch: "580", modules: [open], origin: Ubuntu, kernels: [{KERNEL}, {NEXT}]}}
"""
INTERPRETER = """\
    # A stand-in: no relocatable CPython is to be had here.
    interpreter:
      path: interpreter.tar.gz
      sha256: {sha256}
      version: "{version}"
"""


def build_ubuntu_bundle() -> None:
    """Archive, host image, spec, bundle and the demo's keyring; what is unchanged is kept."""
    _bundle(UBUNTU, "noble", "3.12", driver=DRIVER)


def build_ubuntu_22_bundle() -> None:
    """The same for Ubuntu 22.04."""
    UBUNTU_22.mkdir(parents=True, exist_ok=True)
    archive = UBUNTU_22 / "interpreter.tar.gz"
    version = make_archive(archive)
    pin = hashlib.sha256(archive.read_bytes()).hexdigest()
    _bundle(UBUNTU_22, "jammy", "3.10", interpreter=INTERPRETER.format(sha256=pin, version=version))


def _bundle(folder: Path, series: str, python: str, *, interpreter: str = "", driver: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pool = make_debs(folder / "cpython", python)
    debian = need_demo_bundle() / "packages" / "debian-13"
    say(f"ubuntu archive: {series}")
    archive = folder / "repository"
    build(series, archive, [debian, pool])
    say(f"ubuntu host image: {series}")
    stock = [next(archive.glob(f"pool/main/*/{name}/*.deb")) for name in STOCK]
    make_image(series, stock)
    if driver:
        kernels = [next(archive.glob(f"pool/main/*/linux-image-{name}/*.deb")) for name in KERNELS]
        make_kernel_image(series, [*stock, *kernels], KERNEL)
    spec = folder / "ubuntu.bundle.yml"
    suites = "".join(SUITE.format(suite=f"{series}{pocket}") for pocket in ("", "-updates", "-security"))
    platform = f"  ubuntu-{SERIES[series]}:\n{interpreter}    repositories:\n{suites}{VENDOR}{driver}"
    spec.write_text(release_spec(spec) + platform, encoding="utf-8")
    build_bundle(spec, folder / "bundle")
    shutil.copyfile(DEMO / "trusted.gpg", folder / "trusted.gpg")


if __name__ == "__main__":
    try:
        build_ubuntu_bundle()
        # last: it needs a second CPython
        build_ubuntu_22_bundle()
    except NoCPythonError as problem:
        say(f"ubuntu bundle: not tried: {problem}")
    except (DemoError, RepositoryError) as problem:
        raise SystemExit(f"ubuntu bundle: {problem}") from None
