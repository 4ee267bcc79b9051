"""Which function runs a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.core.parts import require_build
from graphistry_airgap.wiring import bundle, installation, settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.core.result import Result


def _bundle_build(arguments: argparse.Namespace, argv: Sequence[str], progress: Progress) -> Result:
    require_build()
    from graphistry_airgap.wiring import build  # noqa: PLC0415

    return build.build(arguments, argv, progress)


def _bundle_sign(arguments: argparse.Namespace, argv: Sequence[str], progress: Progress) -> Result:
    require_build()
    from graphistry_airgap.wiring import build  # noqa: PLC0415

    return build.sign(arguments, argv, progress)


COMMANDS: dict[str, Callable[[argparse.Namespace, Sequence[str], Progress], Result]] = {
    "bundle build": _bundle_build,
    "bundle verify": bundle.verify,
    "bundle inspect": bundle.inspect,
    "bundle sign": _bundle_sign,
    "host profile": installation.host_profile,
    "preflight": installation.preflight,
    "plan": installation.plan,
    "install": installation.install,
    "verify": installation.verify,
    "status": installation.status,
    "gpu plan": settings.gpu_plan,
    "env get": settings.env,
    "env set": settings.env,
    "env unset": settings.env,
    "env diff": settings.env,
    "env validate": settings.env,
    "env schema": settings.env,
}
