"""Small signed dnf repositories of real rpms: rpmbuild, rpmsign and createrepo_c, with throw-away keys."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kit.bundles.openpgp_keys import Keys

SPEC = """\
Name: {name}
Version: {version}
Release: {release}
{epoch}Summary: {name}
License: none
{tags}
%description
{name}
{scripts}
%files
"""
MODULES = """\
---
document: modulemd
version: 2
data:
  name: nvidia-driver
  stream: "{stream}"
  version: 20260101000000
  context: "{context}"
  arch: x86_64
  summary: a driver
  description: a driver
  license: {{module: [MIT]}}
  artifacts:
    rpms: ["{artifact}"]
...
"""
DEFAULT = """\
---
document: modulemd-defaults
version: 1
data: {module: nvidia-driver, stream: "580-open", profiles: {}}
...
"""
# of an rpm file: bytes before its signatures, and the tag of the header's digest there
_LEAD, _SHA256_HEADER = 96, 273
KERNEL = "5.14.0-503.el9.x86_64"
BASE = (
    "basesystem",
    "bash",
    "coreutils",
    "dnf",
    "filesystem",
    "rpm",
    "selinux-policy-targeted",
    "systemd",
    "util-linux",
)


@dataclass
class DnfRepository:
    """Add packages, then `publish`; `modules` is the text of a modules.yaml."""

    path: Path
    keys: Keys
    modules: str = ""
    specs: list[Path] = field(default_factory=list)

    def add(
        self, name: str, version: str = "1", release: str = "1.el9", *, scripts: str = "", **tags: str
    ) -> None:
        """`tags` are lines of the spec: requires, conflicts, provides, epoch."""
        text = SPEC.format(
            name=name,
            version=version,
            release=release,
            epoch=f"Epoch: {tags.pop('epoch')}\n" if "epoch" in tags else "",
            tags="".join(f"{tag.title()}: {value}\n" for tag, value in tags.items()),
            scripts=scripts,
        )
        specs = self.path.parent / f"{self.path.name}.specs"
        specs.mkdir(parents=True, exist_ok=True)
        self.specs.append(specs / f"{name}-{version}-{release}.spec")
        self.specs[-1].write_text(text)

    def publish(self, *, signer: str = "signer", package_signer: str | None = "signer") -> DnfRepository:
        self.build()
        if package_signer:
            self.sign_packages(package_signer)
        self.index(signer)
        return self

    def build(self) -> None:
        defines = {"_topdir": f"{self.path}.top", "_rpmdir": str(self.path / "Packages")}
        command = ["rpmbuild", "-bb", "--quiet", "--target", "x86_64", *_defines(defines)]
        _run([*command, *map(str, self.specs)])
        self.specs.clear()

    def sign_packages(self, signer: str, *names: str, at: str | None = None) -> None:
        """All packages, or the files of the given names."""
        defines = {
            "__gpg": shutil.which("gpg"),
            "_gpg_path": str(self.keys.home),
            "_gpg_name": self.keys.fingerprint(signer),
            "_gpg_sign_cmd_extra_args": f"--faked-system-time {at}" if at else "--batch",
        }
        _run(["rpmsign", *_defines(defines), "--resign", *map(str, names or self.path.rglob("*.rpm"))])

    def index(self, signer: str = "signer") -> None:
        """Metadata over what lies there, signed; and the key as the vendor would give it."""
        shutil.rmtree(self.path / "repodata", ignore_errors=True)
        _run(["createrepo_c", "--quiet", "--no-database", "--revision", "1", str(self.path)])
        if self.modules:
            given = self.path.parent / "modules.yaml"
            given.write_text(self.modules)
            _run(["modifyrepo_c", "--mdtype=modules", str(given), str(self.path / "repodata")])
        self.sign(signer)

    def sign(self, signer: str = "signer") -> None:
        repomd = self.path / "repodata" / "repomd.xml"
        repomd.with_suffix(".xml.asc").write_bytes(self.keys.sign(repomd.read_bytes(), signer))
        (self.path / "key.asc").write_bytes(self.keys.public(signer, armored=True))

    def rewrite_primary(self, change: Callable[[bytes], bytes]) -> None:
        """Another package list under the same signature's rules: listed, and signed anew."""
        repodata = self.path / "repodata"
        (held,) = repodata.glob("*-primary.xml.gz")
        old, new = held.read_bytes(), gzip.compress(change(gzip.decompress(held.read_bytes())), mtime=0)
        before, after = (hashlib.sha256(data).hexdigest() for data in (old, new))
        held.unlink()
        (repodata / f"{after}-primary.xml.gz").write_bytes(new)
        text = (repodata / "repomd.xml").read_text().replace(before, after)
        (repodata / "repomd.xml").write_text(text.replace(f"<size>{len(old)}<", f"<size>{len(new)}<"))
        self.sign()

    def rpm(self, name: str) -> Path:
        (found,) = self.path.rglob(f"{name}-[0-9]*.rpm")
        return found

    def copy(self, path: Path) -> DnfRepository:
        shutil.copytree(self.path, path)
        return DnfRepository(path, self.keys, self.modules)


def _defines(values: dict[str, str | None]) -> list[str]:
    return [word for name, value in values.items() for word in ("--define", f"{name} {value}")]


def _run(command: list[str]) -> None:
    # a session of its own: rpmsign lets gpg look for a terminal
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, start_new_session=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def el9_like(path: Path, keys: Keys) -> DnfRepository:
    """What the rhel-9 platform asks for over a small base, a kernel, and a driver in two streams."""
    repository = DnfRepository(path, keys)
    repository.add("glibc", "2.34", "125.el9")
    for name in BASE:
        repository.add(name, requires="glibc")
    repository.add("python3.12", "3.12.9", requires="python3.12-libs, bash")
    repository.add("python3.12-libs", "3.12.9", requires="glibc")
    repository.add("docker-ce", "26.1.5", epoch="3", requires="containerd.io, docker-ce-cli, systemd")
    repository.add("docker-ce-cli", "26.1.5", epoch="1", recommends="docker-buildx-plugin")
    repository.add("docker-buildx-plugin", "0.14")
    repository.add("containerd.io", "1.7.22", requires="container-selinux >= 2:2.74")
    repository.add("docker-compose-plugin", "2.26.1")
    repository.add("container-selinux", "2.229.0", epoch="3", requires="selinux-policy-targeted")
    repository.add("nvidia-container-toolkit", "1.18.0", "1")
    version, _, release = KERNEL.removesuffix(".x86_64").partition("-")
    repository.add("kernel-core", version, release, requires="linux-firmware, systemd")
    repository.add("linux-firmware")
    repository.add("kernel-devel", version, release, requires="gcc, linux-firmware")
    repository.add("gcc", "11.5.0")
    artifacts = []
    for branch in ("580", "590"):
        version = f"{branch}.95.05"
        repository.add("kmod-nvidia-open-dkms", version, requires=f"nvidia-driver-cuda = {version}, dkms")
        for name in ("nvidia-driver-cuda", "nvidia-persistenced"):
            repository.add(name, version)
        names = ("kmod-nvidia-open-dkms", "nvidia-driver-cuda", "nvidia-persistenced")
        artifacts.append('", "'.join(f"{name}-0:{version}-1.el9.x86_64" for name in names))
    repository.add("dkms", "3.1", requires="gcc")
    streams = zip(("580-open", "590-open"), artifacts, "ab", strict=True)
    repository.modules = DEFAULT + "".join(
        MODULES.format(stream=stream, artifact=artifact, context=letter * 8)
        for stream, artifact, letter in streams
    )
    return repository.publish()


def without_sha256(rpm: Path) -> None:
    """Leave it its SHA-1 digest alone, as old build systems do: the tag gets a number of nobody's."""
    data = bytearray(rpm.read_bytes())
    signature = data.index(b"\x8e\xad\xe8\x01", _LEAD)
    entries = int.from_bytes(data[signature + 8 : signature + 12], "big")
    places = [signature + 16 + 16 * number for number in range(entries)]
    (place,) = [one for one in places if int.from_bytes(data[one : one + 4], "big") == _SHA256_HEADER]
    data[place : place + 4] = (_SHA256_HEADER + 40).to_bytes(4, "big")
    rpm.write_bytes(data)
