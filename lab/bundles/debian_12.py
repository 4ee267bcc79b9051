"""The demo's release for hosts with Debian 12 and hosts with Debian 13, in one bundle: `build/debian-12/`.

Debian 12 gets its own docker.io 20.10 and, as a stand-in for Docker's compose plugin, the Compose of Debian
13, which the demo's bundle holds.
"""

from __future__ import annotations

import shutil
import sys

from lab.bundles.demo import (
    BUILD,
    DEMO,
    LAB,
    DemoError,
    build_bundle,
    need_demo_bundle,
    platform_spec,
    release_spec,
    step,
)

DEBIAN_12 = BUILD / "debian-12"
PLATFORMS = ("debian-12", "debian-13")


def build_debian_12_bundle() -> None:
    """Host image, repository, spec, bundle and the demo's keyring; what is unchanged is kept."""
    DEBIAN_12.mkdir(parents=True, exist_ok=True)
    step("host image", [LAB / "hosts" / "image", "debian-12"])
    compose = next((need_demo_bundle() / "packages/debian-13/debian/pool").rglob("docker-compose_*.deb"))
    vendor = DEBIAN_12 / "vendor-repository"
    step("vendor repository", [LAB / "repositories" / "vendor" / "build", vendor, compose])
    spec = DEBIAN_12 / "debian-12.bundle.yml"
    platforms = [platform_spec(spec, platform, vendor=vendor) for platform in PLATFORMS]
    spec.write_text(release_spec(spec) + "".join(platforms), encoding="utf-8")
    build_bundle(spec, DEBIAN_12 / "bundle")
    shutil.copyfile(DEMO / "trusted.gpg", DEBIAN_12 / "trusted.gpg")


if __name__ == "__main__":
    try:
        build_debian_12_bundle()
    except DemoError as problem:
        sys.exit(f"debian-12 bundle: {problem}")
