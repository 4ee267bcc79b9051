"""What roles write on a host whole, as their files say it."""

from __future__ import annotations

from graphistry_airgap.content import content_root


def text(role: str, name: str) -> str:
    return (content_root() / "roles" / role / "files" / name).read_text(encoding="utf-8")
