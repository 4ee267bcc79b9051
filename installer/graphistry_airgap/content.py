"""Find the Ansible content: inside an installed wheel, else in the checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def content_root() -> Path:
    """Directory that holds `playbooks/`, `roles/` and `inventory/`."""
    packed = PACKAGE / "_content"
    return packed if packed.is_dir() else PACKAGE.parents[1]


def plugins_root() -> Path:
    """Directory that holds the Ansible `modules/` and `module_utils/` of this project."""
    return PACKAGE / "plugins"
