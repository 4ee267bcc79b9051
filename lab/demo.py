"""The demo: a release, a bundle made from it, and a sealed host that is installed from that bundle alone.

Everything it makes lies in `build/demo/`; the host is the container `airgap-demo`.  A second host without
installer runs for as long as the installation takes: what it counts would be the lab's own noise.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass

from lab.bundles.demo import DEMO, LAB, DemoError, build_bundle, make_inputs, say, step, write_spec
from lab.hosts.egress_trap import TrapError
from lab.hosts.prepared_host import (
    ADMINISTRATOR_FILE,
    INSTALL,
    INSTALLED_TOOL,
    MEDIUM,
    RECEIPT,
    place,
    site_file,
)
from lab.hosts.sealed_host import IMAGE, SealedHost

HOST = "airgap-demo"
QUIET_HOST = "airgap-demo-quiet"
# The release's images inherit the label of the base that they are built on.
IMAGE_FILTERS = (f"reference={IMAGE}", "label=demo.inputs")


@dataclass(frozen=True)
class Measured:
    """What tried to leave: during the installation, on a host without installer, and on purpose."""

    egress: tuple[str, ...]
    quiet: tuple[str, ...]
    controls: tuple[int, ...]

    @property
    def good(self) -> bool:
        return not self.egress and not self.quiet and all(self.controls)

    def __str__(self) -> str:
        return f"egress packets: {len(self.egress)} (controls: {', '.join(map(str, self.controls))})"


def build(*, purpose: str, image_store: str) -> None:
    """Make host image, release, repository, keys, spec, site file and bundle; what is unchanged is kept."""
    step("host image", [LAB / "hosts" / "image"])
    make_inputs()
    write_spec(DEMO / "demo.bundle.yml")
    site = site_file(purpose=purpose, image_store=image_store)
    (DEMO / "site.yml").write_text(site, encoding="utf-8")
    build_bundle(DEMO / "demo.bundle.yml", DEMO / "bundle")


def install(host: SealedHost, *, purpose: str) -> int:
    """What the operator does: keyring, answers and secret onto the host, then the bundle's own install.sh."""
    place(
        host,
        keyring=DEMO / "trusted.gpg",
        site=(DEMO / "site.yml").read_text(encoding="utf-8"),
        password=secrets.token_urlsafe(18) if purpose == "server" else None,
    )
    return host.attach(INSTALL, terminal=sys.stdin.isatty() and sys.stdout.isatty())


def measure(host: SealedHost, quiet: SealedHost) -> Measured:
    egress, silence = host.egress().packets, quiet.egress().packets
    controls = host.controls().values()
    return Measured(egress, silence, tuple(count or 0 for count in controls))


def show(host: SealedHost, *, purpose: str) -> int:
    """Print the service table and where to look; returns the exit status of `status`."""
    say("status")
    rc = host.attach([INSTALLED_TOOL, "status"])
    web = f"nsenter -t $(docker inspect -f '{{{{.State.Pid}}}}' {HOST}) -n curl http://localhost"
    lines = [
        f"receipt         docker exec {HOST} cat {RECEIPT}",
        f"shell           docker exec -it {HOST} bash",
    ]
    if purpose == "server":
        lines += [
            f"containers      docker exec {HOST} docker ps",
            f"web             {web}/healthz",
            f"administrator   docker exec {HOST} cat {ADMINISTRATOR_FILE}",
        ]
    lines += [
        f"install again   docker exec {HOST} {' '.join(INSTALL)}",
        "clean up        scripts/demo --clean",
    ]
    print("\n" + "\n".join(lines) + "\n", flush=True)
    return rc


def demo(*, purpose: str, image_store: str, keep: bool) -> int:
    hosts = SealedHost(HOST), SealedHost(QUIET_HOST)
    for host in hosts:
        host.stop()
    build(purpose=purpose, image_store=image_store)
    host, quiet = hosts
    rc = 1
    try:
        say("sealed host")
        host.start(mounts=[f"{DEMO / 'bundle'}:{MEDIUM}:ro"])
        quiet.start()
        say("install")
        rc = install(host, purpose=purpose)
        measured = measure(host, quiet)
        rc = show(host, purpose=purpose) or rc if rc == 0 else rc
        for packet in measured.egress:
            print(packet)
        for packet in measured.quiet:
            print(f"without installer: {packet}")
        rc = rc or (0 if measured.good else 1)
        if rc != 0:
            print(f"the demo failed{'' if keep else '; with --keep its host stays'}", flush=True)
        print(measured, flush=True)
    finally:
        quiet.stop()
        if rc != 0 and not keep:
            host.stop()
    return rc


def clean() -> None:
    """Remove what a demo made on this machine, apart from Debian packages and `.venv`."""
    if (
        shutil.which("docker")
        and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
    ):
        for name in (HOST, QUIET_HOST):
            SealedHost(name).stop()
        for images in IMAGE_FILTERS:
            listed = ["docker", "image", "ls", "-q", "--filter", images]
            found = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split()
            if found:
                subprocess.run(
                    ["docker", "image", "rm", "-f", *found], check=False, stdout=subprocess.DEVNULL
                )
    shutil.rmtree(DEMO, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Build the demo release and a signed bundle, and install a sealed host from it. "
        f"The host stays as the container {HOST}.",
    )
    parser.add_argument(
        "--keep", action="store_true", help="let the host stay even if the installation fails"
    )
    parser.add_argument("--clean", action="store_true", help="remove everything a demo made, and end")
    parser.add_argument("--image-store", choices=["default", "classic", "containerd"], default="default")
    parser.add_argument("--purpose", choices=["server", "template"], default="server")
    options = parser.parse_args()
    if options.clean:
        clean()
        return 0
    try:
        return demo(purpose=options.purpose, image_store=options.image_store, keep=options.keep)
    except (DemoError, TrapError, RuntimeError) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
