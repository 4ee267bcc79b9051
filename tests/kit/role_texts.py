"""What roles write on a host, as their templates say it; only for those that have no variables."""

from __future__ import annotations

from graphistry_airgap.content import content_root


def text(role: str, name: str) -> str:
    found = (content_root() / "roles" / role / "templates" / f"{name}.j2").read_text(encoding="utf-8")
    assert "{{" not in found, f"{name} of {role} has variables"
    return found
