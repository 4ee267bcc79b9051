"""The demo's release for Ubuntu 24.04, from the stand-in archive: `build/ubuntu/`; and such hosts' image.

Docker and Compose are Debian 13's, out of the demo's bundle; Python is a CPython 3.12 of this machine.  Where
it has none, no bundle is made, and what needs it was not tried.
"""

from __future__ import annotations

import shutil

from lab.bundles.demo import BUILD, DEMO, DemoError, build_bundle, need_demo_bundle, release_spec, say
from lab.hosts.ubuntu_host import make_image, make_kernel_image
from lab.repositories.cpython import NoCPythonError, make_debs
from lab.repositories.making import RepositoryError
from lab.repositories.ubuntu import KERNELS, build

UBUNTU = BUILD / "ubuntu"
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
PLATFORM = "  ubuntu-24.04:\n    repositories:\n" + "".join(
    SUITE.format(suite=suite) for suite in ("noble", "noble-updates", "noble-security")
)


def build_ubuntu_bundle() -> None:
    """Archive, host image, spec, bundle and the demo's keyring; what is unchanged is kept."""
    UBUNTU.mkdir(parents=True, exist_ok=True)
    python = make_debs(UBUNTU / "cpython")
    debian = need_demo_bundle() / "packages" / "debian-13"
    say("ubuntu archive")
    archive = UBUNTU / "repository"
    build(archive, [debian, python])
    say("ubuntu host image")
    stock = [next(archive.glob(f"pool/main/*/{name}/*.deb")) for name in STOCK]
    make_image(stock)
    kernels = [next(archive.glob(f"pool/main/*/linux-image-{name}/*.deb")) for name in KERNELS]
    make_kernel_image([*stock, *kernels], KERNEL)
    spec = UBUNTU / "ubuntu.bundle.yml"
    spec.write_text(release_spec(spec) + PLATFORM + VENDOR + DRIVER, encoding="utf-8")
    build_bundle(spec, UBUNTU / "bundle")
    shutil.copyfile(DEMO / "trusted.gpg", UBUNTU / "trusted.gpg")


if __name__ == "__main__":
    try:
        build_ubuntu_bundle()
    except NoCPythonError as problem:
        say(f"ubuntu bundle: not tried: {problem}")
    except (DemoError, RepositoryError) as problem:
        raise SystemExit(f"ubuntu bundle: {problem}") from None
