"""The Python runtime of the target: pinned wheels, downloaded for its interpreter, and this tool's own.

pip is the one other program that reaches the network here.  It inherits the
caller's pip settings (a mirror, a proxy), because they only say where bytes come
from: which bytes, the hashes in `runtime-requirements.txt` decide.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphistry_airgap.connected.runtime.own_wheel import build_own_wheel
from graphistry_airgap.connected.runtime.requirements import Wheel
from graphistry_airgap.content import PACKAGE
from graphistry_airgap.core.adapters.files import sha256_file
from graphistry_airgap.core.adapters.process import run
from graphistry_airgap.core.errors import HostEnvironmentError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from graphistry_airgap.connected.adapters.cache import Cache
    from graphistry_airgap.knowledge.platforms import Platform

REQUIREMENTS = PACKAGE / "bootstrap" / "runtime-requirements.txt"
INHERITED = re.compile(
    r"^(PIP_\w+|(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE)$", re.IGNORECASE
)
_LINE = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>[^\s;]+)"
    r'(?:; python_version == "(?P<python>[0-9.]+)")?'
    r" --hash=sha256:(?P<sha256>[0-9a-f]{64})$"
)


@dataclass(frozen=True)
class _Pin:
    name: str
    version: str
    python: str | None
    sha256: str

    @property
    def note(self) -> str:
        return f"wheel {self.sha256}"


class Runtime:
    def __init__(self, cache: Cache, *, offline: bool, requirements: Path = REQUIREMENTS) -> None:
        self.cache = cache
        self.offline = offline
        self.requirements = requirements

    def collect(self, platform: Platform) -> list[Wheel]:
        """All wheels for the platform, in the cache afterwards, sorted by name."""
        pins = self._pins(platform.python_version)
        missing = [pin for pin in pins if self._filename(pin) is None]
        if missing and self.offline:
            raise InputError(
                f"{len(missing)} Python wheels, {missing[0].name} first, are not in the cache and the build "
                "is offline",
                code="cache-cold",
                hint="run the same build once without --offline and with the same --cache",
            )
        if missing:
            self._download(missing, platform)
        wheels = [self._wheel(pin, platform) for pin in pins]
        return sorted([*wheels, build_own_wheel(self.cache)], key=lambda wheel: wheel.name)

    def _pins(self, python: str) -> list[_Pin]:
        lines = self.requirements.read_text(encoding="utf-8").splitlines()
        pins = [_Pin(**match.groupdict()) for line in lines if (match := _LINE.match(line))]
        return [pin for pin in pins if pin.python in (None, python)]

    def _filename(self, pin: _Pin) -> str | None:
        noted: str | None = self.cache.note(pin.note)
        return noted if self.cache.find(pin.sha256) else None

    def _wheel(self, pin: _Pin, platform: Platform) -> Wheel:
        filename, path = self._filename(pin), self.cache.find(pin.sha256)
        if filename is None or path is None:
            raise HostEnvironmentError(
                f"pip gave no wheel for {pin.name} {pin.version}",
                code="wheel-missing",
                hint="the Python package index must offer this version for the target",
            )
        # the cache may have it from a build for another platform, where pip took it
        if not platform.loads(filename):
            glibc = ".".join(map(str, platform.glibc))
            raise HostEnvironmentError(
                f"the pinned wheel {filename} does not load on {platform.name}",
                code="wheel-unfit",
                hint="pin one that loads on every platform in bootstrap/runtime-requirements.txt",
                details={"found": filename, "needed": f"CPython {platform.python_version}, glibc {glibc}"},
            )
        origin = f"pkg:pypi/{pin.name}@{pin.version}"
        return Wheel(pin.name, pin.version, filename, pin.sha256, path.stat().st_size, origin)

    def _download(self, pins: Sequence[_Pin], platform: Platform) -> None:
        with self.cache.workspace() as workspace:
            wanted = workspace / "wanted.txt"
            wanted.write_text("".join(f"{p.name}=={p.version} --hash=sha256:{p.sha256}\n" for p in pins))
            inherited = {name: value for name, value in os.environ.items() if INHERITED.match(name)}
            outcome = run(_pip_download(platform, wanted, workspace), env=inherited)
            if not outcome.ok:
                raise HostEnvironmentError(
                    outcome.refusal("pip could not download the Python runtime"),
                    code="wheels-failed",
                    hint="check pip's index, proxy and certificate settings on this machine, then repeat",
                )
            for path in sorted(workspace.glob("*.whl")):
                filename, digest = path.name, sha256_file(path)
                self.cache.adopt(path, digest)
                self.cache.write_note(f"wheel {digest}", filename)


def _pip_download(platform: Platform, requirements: Path, target: Path) -> list[str]:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command += ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--implementation", "cp", "--python-version", platform.python_version]
    for abi in platform.python_abis:
        command += ["--abi", abi]
    for name in platform.wheel_platforms:
        command += ["--platform", name]
    return [*command, "--dest", str(target), "--requirement", str(requirements)]
