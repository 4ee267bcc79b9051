"""Which images a release names: its compose file, with its env files as Compose on a host reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.images import familiar_name
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.target.envfile import context as env_context
from graphistry_airgap.target.envfile.template import substitute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def images_of_release(compose: Any, files: Mapping[str, Path], known: Mapping[str, str]) -> tuple[str, ...]:
    """Familiar names, sorted and once each.

    `compose` is docker-compose.yml as parsed, `files` the release's by their paths in it, `known` what its
    wrapper sets. Where Compose would go on with a blank in the place of a bare name, an image would have
    another name than the vendor meant; so that is refused as well.
    """
    variables = _variables(files, known)

    def unset(name: str) -> None:
        raise unreadable(f"an image name needs the variable {name}, which no env file sets")

    try:
        services = (compose.get("services") if isinstance(compose, dict) else None) or {}
        written = {one["image"] for one in services.values() if isinstance(one, dict) and "image" in one}
        names = {familiar_name(substitute(str(text), variables.get, unset)) for text in written}
    # compose files of another shape than compose's own
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise unreadable(str(error)) from None
    return tuple(sorted(names))


def unreadable(reason: str) -> InputError:
    return InputError(
        f"docker-compose.yml and the env files of the release cannot be used: {reason}",
        code="compose-unreadable",
        hint="the release must be complete and as the vendor ships it",
    )


def _variables(files: Mapping[str, Path], known: Mapping[str, str]) -> Mapping[str, str]:
    found = {}
    for kind in env_context.ORDER:
        name = kind if kind == env_context.DEFAULTS else f"data/config/{kind}"
        if name in files:
            found[kind] = files[name].read_bytes()
    context = env_context.read_context(found, {name: value for name, value in known.items() if value})
    for kind, error in context.refused.items():
        raise unreadable(f"{kind}, line {error.line}: {error}")
    return context.interpolated
