"""Find the Ansible content: inside an installed wheel, else in the checkout; and make a collection of it."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# what modules import as their `module_utils`
TARGET = PACKAGE / "target"
PLUGINS = ("action", "modules", "doc_fragments")


def content_root() -> Path:
    """Directory of `playbooks/`, `roles/`, `plugins/`, `inventory/`, and of what tells Ansible of them."""
    packed = PACKAGE / "_content"
    return packed if packed.is_dir() else PACKAGE.parents[1]


def link_collection(collections: Path) -> None:
    """Make `collections` a place where Ansible finds `graphistry.airgap`: by links, with no second copy."""
    collection = collections / "ansible_collections" / "graphistry" / "airgap"
    (collection / "plugins").mkdir(parents=True)
    for part in ("galaxy.yml", "meta", "playbooks", "roles", *(f"plugins/{name}" for name in PLUGINS)):
        (collection / part).symlink_to(content_root() / part)
    (collection / "plugins" / "module_utils").symlink_to(TARGET)
    # what action plugins have in common, and the shell's judge of bundles, which they bring to hosts
    utils = collection / "plugins" / "plugin_utils"
    utils.mkdir()
    for path in (PACKAGE / "bootstrap", *(content_root() / "plugins" / "plugin_utils").glob("*.py")):
        (utils / path.name).symlink_to(path)
