"""The compose file of a release, parsed far enough to know the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


class _ComposeLoader(yaml.SafeLoader):
    """SafeLoader that reads past compose's own tags (`!reset`, `!override`)."""


def _ignore_tag(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value


_ComposeLoader.add_multi_constructor("!", _ignore_tag)


def read_compose(path: Path) -> Any:
    """Whatever stands there."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_ComposeLoader)  # noqa: S506
    # a file of another shape makes PyYAML raise what is no YAMLError
    except (yaml.YAMLError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(
            f"docker-compose.yml of the release cannot be read: {error}",
            code="compose-unreadable",
            hint="the release must be complete and as the vendor ships it",
        ) from None
