"""The demo's release for hosts of two platforms, Debian 13 and EL 9, in one bundle: `build/fleet/`.

Made from the repositories of the demo's bundle and of `lab.bundles.rpm`; where there is no CPython for the
latter, it is not made.
"""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from lab.bundles.demo import BUILD, DEMO, DemoError, build_bundle, platform_spec, release_spec, say
from lab.bundles.rpm import PLATFORM, build_rpm_bundle
from lab.repositories.cpython import NoCPythonError
from lab.repositories.making import RepositoryError

if TYPE_CHECKING:
    from pathlib import Path

FLEET = BUILD / "fleet"


def build_fleet_bundle() -> None:
    build_rpm_bundle()
    FLEET.mkdir(parents=True, exist_ok=True)
    spec: Path = FLEET / "fleet.bundle.yml"
    rhel = PLATFORM.replace("repository/", "../rpm/repository/")
    spec.write_text(release_spec(spec) + platform_spec(spec, "debian-13") + rhel, encoding="utf-8")
    build_bundle(spec, FLEET / "bundle")
    shutil.copyfile(DEMO / "trusted.gpg", FLEET / "trusted.gpg")


if __name__ == "__main__":
    try:
        build_fleet_bundle()
    except NoCPythonError as problem:
        say(f"fleet bundle: not tried: {problem}")
    except (DemoError, RepositoryError) as problem:
        sys.exit(f"fleet bundle: {problem}")
