"""What the demo's bundle is made from, and the building of bundles around it.

Release, stand-in repository and signing key lie in `build/demo/`, a bundle's cache beside it; what is
unchanged is kept.
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
LAB = CHECKOUT / "lab"
BUILD = CHECKOUT / "build"
DEMO = BUILD / "demo"
TOOL = CHECKOUT / ".venv" / "bin" / "graphistry-airgap"

SUITES = {"debian-12": "bookworm", "debian-13": "trixie"}
SIGNER = "graphistry-airgap demo <demo@example.invalid>"

SPEC = """\
schema: 1
release:
  path: {release}
  sha256: {digest}
platforms:
"""
PLATFORM = """\
  {platform}:
    repositories:
      - name: debian
        uri: http://deb.debian.org/debian
        suite: {suite}
        components: [{components}]
        signed_by: /usr/share/keyrings/debian-archive-keyring.gpg
      - name: debian-updates
        uri: http://deb.debian.org/debian
        suite: {suite}-updates
        components: [{components}]
        signed_by: /usr/share/keyrings/debian-archive-keyring.gpg
      - name: debian-security
        uri: http://deb.debian.org/debian-security
        suite: {suite}-security
        components: [{components}]
        signed_by: /usr/share/keyrings/debian-archive-keyring.gpg
      # A stand-in: the vendors' repositories are not to be had here.
      - name: nvidia
        uri: file:{vendor}
        suite: stable
        components: [main]
        signed_by: {vendor}/key.gpg
"""


class DemoError(RuntimeError):
    """A step of the demo failed; its own output says why."""


def make_inputs() -> None:
    """Demo release and stand-in repository."""
    DEMO.mkdir(parents=True, exist_ok=True)
    step("demo release", [LAB / "release" / "build", DEMO / "release"])
    step("vendor repository", [LAB / "repositories" / "vendor" / "build", DEMO / "vendor-repository"])


def need_demo_bundle() -> Path:
    """The demo's bundle, made where it is missing."""
    make_inputs()
    if not (DEMO / "bundle").exists():
        write_spec(DEMO / "demo.bundle.yml")
        build_bundle(DEMO / "demo.bundle.yml", DEMO / "bundle")
    return DEMO / "bundle"


def write_spec(spec: Path, *, components: str = "main", more: str = "") -> None:
    """A spec around the inputs, wherever it lies below `build/`; `more` goes on with the platform."""
    platform = platform_spec(spec, "debian-13", components=components)
    spec.write_text(release_spec(spec) + platform + more, encoding="utf-8")


def release_spec(spec: Path) -> str:
    """The beginning of a spec, up to its platforms."""
    return SPEC.format(release=_seen_from(spec, DEMO / "release"), digest=tree_digest(DEMO / "release"))


def platform_spec(
    spec: Path, platform: str, *, components: str = "main", vendor: Path = DEMO / "vendor-repository"
) -> str:
    """One platform of a spec: Debian's repositories and the stand-in for the vendors'."""
    return PLATFORM.format(
        platform=platform,
        suite=SUITES[platform],
        components=components,
        vendor=_seen_from(spec, vendor),
    )


def _seen_from(spec: Path, path: Path) -> str:
    return os.path.relpath(path, spec.parent)


def build_bundle(spec: Path, bundle: Path) -> None:
    """Build and sign; an equal bundle stays in its place, so that a host keeps what it has mounted."""
    key = signing_key()
    new = bundle.with_name(f"{bundle.name}.new") if bundle.exists() else bundle
    shutil.rmtree(new, ignore_errors=True)
    command: list[str | Path] = [TOOL, "bundle", "build", spec, "-o", new]
    step("bundle", [*command, "--sign-key", key, "--cache", cache_of(bundle)])
    if new == bundle:
        return
    same = filecmp.cmp(bundle / "SHA256SUMS", new / "SHA256SUMS", shallow=False)
    shutil.rmtree(new if same else bundle)
    if not same:
        new.rename(bundle)


def cache_of(bundle: Path) -> Path:
    """The bundle's own cache, which begins as links to the demo's.

    A cache gives offline what was fetched into it last.  In one that several bundles share, a mirror that
    changes between their builds would change what the first one's offline build makes.
    """
    cache, first = bundle.parent / "cache", DEMO / "cache"
    if first.exists() and not cache.exists():
        copy_cache(first, cache)
    return cache


def copy_cache(cache: Path, target: Path) -> Path:
    """Its content as links, without what other builds have under way in it."""
    return shutil.copytree(cache, target, copy_function=os.link, ignore=shutil.ignore_patterns("tmp"))


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


def say(title: str) -> None:
    print(f"== {title}", flush=True)
