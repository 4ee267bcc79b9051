"""Stand-ins for what an operator gets from NVIDIA's licensing portal: guest drivers and tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from typing import TYPE_CHECKING

from graphistry_airgap.connected.vgpu.vgpu import CarriedFile

if TYPE_CHECKING:
    from pathlib import Path

EXPIRES = 4102444800


def guest_deb(
    folder: Path,
    *,
    name: str = "nvidia-linux-grid-580",
    version: str = "580.95.05",
    architecture: str = "amd64",
    depends: str = "",
) -> Path:
    root = folder / "guest-deb"
    (root / "DEBIAN").mkdir(parents=True)
    lines = [f"Package: {name}", f"Version: {version}", f"Architecture: {architecture}"]
    lines += ["Maintainer: nobody", *([f"Depends: {depends}"] if depends else []), "Description: stand-in"]
    (root / "DEBIAN/control").write_text("\n".join(lines) + "\n")
    target = folder / f"{name}_{version}_{architecture}.deb"
    build = ["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", str(root), str(target)]
    subprocess.run(build, check=True, capture_output=True)
    return target


def guest_run(folder: Path, name: str = "NVIDIA-Linux-x86_64-580.95.05-grid.run") -> Path:
    target = folder / name
    target.write_bytes(b"#!/bin/sh\nexit 0\n")
    return target


def token(folder: Path, *, expires: int = EXPIRES, identity: str = "not-for-anybody") -> Path:
    parts = [{"alg": "RS256", "typ": "JWT"}, {"exp": expires, "jti": identity}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    target = folder / "client_configuration_token_11-21-2026.tok"
    target.write_text(".".join([*encoded, "c2lnbmF0dXJl"]))
    return target


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def carried(path: Path) -> CarriedFile:
    return CarriedFile(path.name, path.name, path, path.stat().st_size, sha256(path), pinned=True)
