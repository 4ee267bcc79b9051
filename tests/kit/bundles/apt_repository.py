"""A small signed apt repository made by hand; its packages are any bytes, since nothing installs them."""

from __future__ import annotations

import hashlib
import lzma
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.bundles.openpgp_keys import Keys

DATE = "Fri, 20 Nov 2026 08:00:00 UTC"


@dataclass
class AptRepository:
    """Add packages, then `publish`; `flat` gives one without dists/."""

    path: Path
    keys: Keys
    flat: bool = False
    suite: str = "stable"
    stanzas: list[str] = field(default_factory=list)

    def add(
        self, name: str, version: str, *, depends: str = "", required: bool = False, component: str = "main"
    ) -> Path:
        """`component` is only a part of the file's path: all packages stand in one index."""
        data = f"{name} {version}".encode()
        filename = (
            f"./{name}_{version}.deb"
            if self.flat
            else f"pool/{component}/{name}_{version.replace(':', '%3a')}_amd64.deb"
        )
        target = self.path / filename
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        lines = [f"Package: {name}", f"Version: {version}", "Architecture: amd64", "Maintainer: nobody"]
        lines += [f"Priority: {'required' if required else 'optional'}", f"Filename: {filename}"]
        lines += [f"Size: {len(data)}", f"SHA256: {hashlib.sha256(data).hexdigest()}"]
        lines += [f"Depends: {depends}"] if depends else []
        self.stanzas.append("\n".join([*lines, f"Description: {name}", ""]))
        return target

    def publish(self, *, signer: str = "signer", extra: str = "") -> None:
        folder = self.path if self.flat else self.path / "dists" / self.suite
        index = "Packages" if self.flat else "main/binary-amd64/Packages"
        plain = "\n".join(self.stanzas).encode()
        packages = lzma.compress(plain)
        (folder / index).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{index}.xz").write_bytes(packages)
        release = (
            f"Suite: {self.suite}\nCodename: {self.suite}\nDate: {DATE}\n{extra}"
            # apt takes no index whose plain form is not listed too, though nobody needs to have that
            f"Architectures: amd64\nComponents: main\nSHA256:\n"
            f" {_listed(plain, index)}\n {_listed(packages, index)}.xz\n"
        )
        signed = self.keys.gpg("--local-user", signer, "--clearsign", "--output", "-", stdin=release.encode())
        (folder / "InRelease").write_bytes(signed)
        (self.path / "key.gpg").write_bytes(self.keys.public(signer))


def _listed(data: bytes, path: str) -> str:
    return f"{hashlib.sha256(data).hexdigest()} {len(data)} {path}"


KERNEL = "6.12.117+deb13-cloud-amd64"


def add_kernel(repository: AptRepository, kernel: str = KERNEL, version: str = "6.12.117-1") -> None:
    """Headers and image of a kernel with the dependencies that Debian's have."""
    image = f"linux-image-{kernel} (= {version}) | linux-image-{kernel}-unsigned (= {version})"
    repository.add(f"linux-headers-{kernel}", version, depends=f"linux-base, linux-kbuild-{kernel}, {image}")
    repository.add(f"linux-kbuild-{kernel}", version, depends="libc6")
    repository.add(f"linux-image-{kernel}", version, depends="kmod, linux-base, initramfs-tools")


def add_driver(repository: AptRepository, version: str = "550.163.01-2", modules: str | None = None) -> None:
    """The names that the knowledge has for Debian 13's driver; `modules` is another version of those."""
    for name in ("nvidia-smi", "libcuda1", "nvidia-persistenced", "libnvidia-ml1", "nvidia-opencl-icd"):
        repository.add(name, version, depends="libc6", component="non-free")
    for name in ("nvidia-open-kernel-dkms", "nvidia-kernel-dkms"):
        needs = "dkms, firmware-nvidia-gsp"
        repository.add(name, modules or version, depends=needs, component="non-free")
    repository.add("firmware-nvidia-gsp", "550.163.01", component="non-free-firmware")
    for name in ("dkms", "make", "gcc", "kmod", "linux-base", "initramfs-tools", "openssl"):
        repository.add(name, "3.2", depends="kmod" if name == "dkms" else "")


def debian_like(path: Path, keys: Keys) -> AptRepository:
    """The names that the Debian 13 platform asks for, over a base of two packages."""
    repository = AptRepository(path, keys)
    repository.add("base-files", "13", depends="libc6", required=True)
    repository.add("libc6", "2.41-12")
    repository.add("python3", "3.13.5-1", depends="libc6, libpython3-stdlib")
    repository.add("libpython3-stdlib", "3.13.5-1", depends="libc6")
    repository.add("python3-apt", "3.0.0", depends="python3")
    repository.add("docker.io", "26.1.5", depends="libc6, iptables")
    repository.add("docker-cli", "26.1.5")
    repository.add("docker-compose", "1:2.26.1-4")
    repository.add("iptables", "1.8.11-2")
    repository.add("nvidia-container-toolkit", "1.18.0-1", depends="libc6")
    repository.publish()
    return repository
