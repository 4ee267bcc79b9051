"""The demo: a release, a bundle made from it, and a sealed host that is installed from that bundle alone.

Everything it makes lies in `build/demo/`; the host is the container `airgap-demo`.  A second host without
installer runs for as long as the installation takes: what it counts would be the lab's own noise.
"""

from __future__ import annotations

import argparse
import filecmp
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from egress_trap import TrapError
from prepared_host import (
    ADMINISTRATOR_FILE,
    INSTALL,
    INSTALLED_TOOL,
    MEDIUM,
    RECEIPT,
    place,
    site_file,
)
from sealed_host import IMAGE, SealedHost

CHECKOUT = Path(__file__).resolve().parents[1]
LAB = CHECKOUT / "lab"
BUILD = CHECKOUT / "build"
DEMO = BUILD / "demo"
CACHE = BUILD / "cache"
TOOL = CHECKOUT / ".venv" / "bin" / "graphistry-airgap"

HOST = "airgap-demo"
QUIET_HOST = "airgap-demo-quiet"
SIGNER = "graphistry-airgap demo <demo@example.invalid>"
# The release's images inherit the label of the base that they are built on.
IMAGE_FILTERS = (f"reference={IMAGE}", "label=demo.inputs")

SPEC = """\
schema: 1
release:
  path: release
  sha256: {release}
platforms:
  debian-13:
    repositories:
      - name: debian
        uri: http://deb.debian.org/debian
        suite: trixie
        components: [main]
        signed_by: /usr/share/keyrings/debian-archive-keyring.gpg
      - name: debian-updates
        uri: http://deb.debian.org/debian
        suite: trixie-updates
        components: [main]
        signed_by: /usr/share/keyrings/debian-archive-keyring.gpg
      - name: debian-security
        uri: http://deb.debian.org/debian-security
        suite: trixie-security
        components: [main]
        signed_by: /usr/share/keyrings/debian-archive-keyring.gpg
      # A stand-in: NVIDIA's repository is not to be had here.
      - name: nvidia
        uri: file:vendor-repository
        suite: stable
        components: [main]
        signed_by: vendor-repository/key.gpg
"""


class DemoError(RuntimeError):
    """A step of the demo failed; its own output says why."""


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
    DEMO.mkdir(parents=True, exist_ok=True)
    step("host image", [LAB / "host" / "image"])
    step("demo release", [LAB / "release" / "build", DEMO / "release"])
    step("vendor repository", [LAB / "vendor-repository" / "build", DEMO / "vendor-repository"])
    key = signing_key()
    release = tree_digest(DEMO / "release")
    (DEMO / "demo.bundle.yml").write_text(SPEC.format(release=release), encoding="utf-8")
    site = site_file(purpose=purpose, image_store=image_store)
    (DEMO / "site.yml").write_text(site, encoding="utf-8")
    build_bundle(key)


def build_bundle(key: str) -> None:
    """Replace the bundle only by a different one, so that a host keeps what it has mounted."""
    bundle = DEMO / "bundle"
    new = DEMO / "bundle.new" if bundle.exists() else bundle
    shutil.rmtree(new, ignore_errors=True)
    command: list[str | Path] = [TOOL, "bundle", "build", DEMO / "demo.bundle.yml", "-o", new]
    step("bundle", [*command, "--sign-key", key, "--cache", CACHE])
    if new == bundle:
        return
    same = filecmp.cmp(bundle / "SHA256SUMS", new / "SHA256SUMS", shallow=False)
    shutil.rmtree(new if same else bundle)
    if not same:
        new.rename(bundle)


def step(title: str, command: list[str | Path]) -> None:
    say(title)
    environment = os.environ | {"GNUPGHOME": os.fspath(DEMO / "gnupg")}
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        raise DemoError(f"{title} failed")


def signing_key() -> str:
    """Fingerprint of the demo's own signing key; `trusted.gpg` is what an operator would already have."""
    home = DEMO / "gnupg"
    home.mkdir(mode=0o700, exist_ok=True)
    if not gpg("--list-secret-keys"):
        gpg("--passphrase", "", "--quick-generate-key", SIGNER, "rsa3072", "sign", "never")
    (DEMO / "trusted.gpg").write_bytes(gpg("--export"))
    records = [line.split(":") for line in gpg("--with-colons", "--list-secret-keys").decode().splitlines()]
    return next(record[9] for record in records if record[0] == "fpr")


def gpg(*arguments: str) -> bytes:
    command = ["gpg", "--homedir", os.fspath(DEMO / "gnupg"), "--batch", "--quiet", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def tree_digest(root: Path) -> str:
    """The digest by which a spec pins a release: over the sorted `<sha256>  <path>` lines of its files."""
    names = sorted(os.fsencode(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    total = hashlib.sha256()
    for name in names:
        with (root / os.fsdecode(name)).open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").hexdigest().encode() + b"  " + name + b"\n")
    return total.hexdigest()


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
    for path in (DEMO, CACHE):
        shutil.rmtree(path, ignore_errors=True)


def say(title: str) -> None:
    print(f"== {title}", flush=True)


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
