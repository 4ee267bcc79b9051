"""The compose file and `.env` of a release, read far enough to know the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from graphistry_airgap.domain.errors import InputError
from graphistry_airgap.domain.release import UnsetVariable, compose_images, parse_dotenv

if TYPE_CHECKING:
    from collections.abc import Mapping
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


def images_of_release(files: Mapping[str, Path], known: Mapping[str, str]) -> tuple[str, ...]:
    """Image names of `docker-compose.yml`; `known` are variables that the vendor's wrapper sets."""
    variables = dict(known)
    try:
        if dotenv := files.get(".env"):
            variables |= parse_dotenv(dotenv.read_text(encoding="utf-8", errors="replace"))
        compose = yaml.load(files["docker-compose.yml"].read_text(encoding="utf-8"), Loader=_ComposeLoader)  # noqa: S506
        return tuple(compose_images(compose if isinstance(compose, dict) else {}, variables))
    except UnsetVariable as unset:
        raise _unreadable(f"an image name needs the variable {unset}, which .env does not set") from None
    # compose files of another shape than compose's own, and what makes PyYAML raise what is no YAMLError
    except (yaml.YAMLError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise _unreadable(str(error)) from None


def _unreadable(reason: str) -> InputError:
    return InputError(
        f"docker-compose.yml and .env of the release cannot be used: {reason}",
        code="compose-unreadable",
        hint="the release must be complete and as the vendor ships it",
    )
