"""A bundle with real Debian packages, a real pip and a stand-in for the tool: what install.sh needs.

The packages come from Debian's own mirror, once; the repository around them is signed by a test key.
"""

from __future__ import annotations

import fcntl
import io
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphistry_airgap.bootstrap.render import install_sh, packages_sh
from graphistry_airgap.connected.runtime.bootstrap import render_bootstrap
from lab.bundles.demo import CHECKOUT
from lab.hosts.sealed_host import IMAGE
from tests.kit.bundles.mini_bundle import PLATFORM, MiniBundle, sha256

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.bundles.openpgp_keys import Keys

CACHE = CHECKOUT / "build" / "tests" / "install-sh"
GPGV = CACHE / "gpgv"
PIP = "pip==25.3"

TOOL = """\
import json, os, sys

def main():
    print(json.dumps({"argv": sys.argv, "environment": dict(os.environ), "version": VERSION}))
"""

FETCH = """\
set -eu
apt-get -qq update
apt-get -qq -y --no-install-recommends --download-only install python3 python3-apt
mkdir -p /out/pool/main
cp /var/cache/apt/archives/*.deb /out/pool/main
apt-get clean
apt-get -qq -y --no-install-recommends --download-only install gpgv
mkdir -p /out/gpgv
cp /var/cache/apt/archives/*.deb /out/gpgv
"""

INDEX = """\
set -eu
cd /repository
mkdir -p dists/test/main/binary-amd64
apt-ftparchive packages pool > dists/test/main/binary-amd64/Packages
apt-ftparchive -o APT::FTPArchive::Release::Suite=test -o APT::FTPArchive::Release::Codename=test \
    -o APT::FTPArchive::Release::Components=main -o APT::FTPArchive::Release::Architectures=amd64 \
    release dists/test > /repository/Release
"""


@dataclass(frozen=True)
class Material:
    """Downloads, kept between runs."""

    pool: Path
    pip: Path


def download() -> Material:
    pool, wheels = CACHE / "pool" / "main", CACHE / "wheels"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several workers
        if not GPGV.is_dir():
            _in_container(FETCH, f"{CACHE}:/out", network=True)
        if not list(wheels.glob("pip-*.whl")):
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(wheels), PIP]
            subprocess.run(command, check=True)
    return Material(pool, next(wheels.glob("pip-*.whl")))


def _in_container(script: str, mount: str, *, network: bool = False) -> str:
    options = ["--rm", "-i", "-v", mount, *([] if network else ["--network", "none"])]
    done = subprocess.run(
        ["docker", "run", *options, IMAGE, "sh", "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout


def tool_wheel(version: str = "0.1.0") -> tuple[str, bytes]:
    """A wheel named like the tool whose command prints how it was called."""
    info = f"graphistry_airgap-{version}.dist-info"
    files = {
        "graphistry_airgap/__init__.py": "",
        "graphistry_airgap/fake.py": f"VERSION = {version!r}\n{TOOL}",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: graphistry-airgap\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\ngraphistry-airgap = graphistry_airgap.fake:main\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return f"graphistry_airgap-{version}-py3-none-any.whl", wheel.getvalue()


def make_real_bundle(path: Path, keys: Keys, *, version: str = "0.1.0") -> MiniBundle:
    """Write and sign a bundle that install.sh can install from; keys `signer` and `second` are used."""
    material = download()
    repository = path.parent / f"{path.name}.repository"
    shutil.copytree(material.pool, repository / "pool" / "main")
    _in_container(INDEX, f"{repository}:/repository")
    release = keys.gpg("--local-user", "=second", "--clear-sign", stdin=(repository / "Release").read_bytes())
    bundle = MiniBundle(path)
    name, wheel = tool_wheel(version)
    runtime, packages = f"runtime/{PLATFORM}", f"packages/{PLATFORM}"
    pip = material.pip.read_bytes()
    pip_version = material.pip.name.split("-")[1]
    for old in [old for old in bundle.files if old.startswith((runtime, packages))]:
        del bundle.files[old]
    for file in (repository / "pool").rglob("*.deb"):
        bundle.files[f"{packages}/debian/{file.relative_to(repository)}"] = file.read_bytes()
    index = repository / "dists/test/main/binary-amd64/Packages"
    bundle.files[f"{packages}/debian/{index.relative_to(repository)}"] = index.read_bytes()
    bundle.files[f"{packages}/debian/dists/test/InRelease"] = release
    bundle.files[f"{packages}/keys/debian.gpg"] = keys.public("second")
    bundle.files[f"{runtime}/{material.pip.name}"] = pip
    bundle.files[f"{runtime}/{name}"] = wheel
    bundle.files[f"{runtime}/requirements.txt"] = (
        f"pip=={pip_version} --hash=sha256:{sha256(pip)}\n"
        f"graphistry-airgap=={version} --hash=sha256:{sha256(wheel)}\n"
    ).encode()
    bundle.files["install.sh"] = install_sh()
    platform = bundle.manifest["platforms"][PLATFORM]
    platform["repositories"][0]["suite"] = "test"
    platform["packages"] = {"python": list(_packages(index.read_text(encoding="utf-8")))}
    bundle.files[f"{runtime}/packages.sh"] = packages_sh("apt")
    bundle.files[f"{runtime}/bootstrap"] = render_bootstrap(platform, "v1").encode()
    bundle.write()
    bundle.sign(keys, "signer")
    shutil.rmtree(repository)
    return bundle


def _packages(index: str) -> list[dict[str, str]]:
    found = []
    for block in index.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != " ")
        entry = {key.lower(): fields[key] for key in ("Package", "Version", "Architecture")}
        found.append({"name": entry.pop("package"), **entry})
    return found


def envelope(text: str) -> dict:
    """The one JSON document on stdout."""
    document = json.loads(text)
    assert text.count("\n") == 1
    return document
