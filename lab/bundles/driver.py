"""The demo's release with NVIDIA's driver from Debian, for the newest cloud kernel: `build/driver/`.

Debian's 550 is older than what the release needs, so the spec waives that by name: what is tried with this
bundle is the driver's installation, and nothing computes with it.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from lab.bundles.demo import BUILD, DEMO, DemoError, build_bundle, make_inputs, write_spec
from lab.bundles.kernel_release import kernel_release

if TYPE_CHECKING:
    from pathlib import Path

DRIVER = BUILD / "driver"
BRANCH = "550"
COMPONENTS = "main, contrib, non-free, non-free-firmware"
MORE = """\
    driver:
      branch: "{branch}"
      modules: [proprietary]
      kernels: ["{kernel}"]
      waive: [driver-range]
"""


def build_driver_bundle() -> None:
    """Spec, bundle and the demo's keyring; what is unchanged is kept."""
    DRIVER.mkdir(parents=True, exist_ok=True)
    make_inputs()
    spec = DRIVER / "driver.bundle.yml"
    write_driver_spec(spec)
    build_bundle(spec, DRIVER / "bundle")
    shutil.copyfile(DEMO / "trusted.gpg", DRIVER / "trusted.gpg")


def write_driver_spec(spec: Path) -> None:
    write_spec(spec, components=COMPONENTS, more=MORE.format(branch=BRANCH, kernel=kernel_release()))


if __name__ == "__main__":
    try:
        build_driver_bundle()
    except DemoError as problem:
        sys.exit(f"driver bundle: {problem}")
