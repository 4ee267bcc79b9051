"""The Python runtime in a bundle: wheels, and the requirements file that pins them by hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Wheel:
    name: str
    version: str
    filename: str
    sha256: str
    size: int
    origin: str


def render_requirements(wheels: Iterable[Wheel]) -> bytes:
    """For `pip install --require-hashes --no-index`: exactly these wheels."""
    lines = (f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n" for wheel in wheels)
    return "".join(sorted(lines)).encode()
