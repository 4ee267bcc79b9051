"""Parts of this tool that not every installation of it has."""

from __future__ import annotations

from importlib.util import find_spec

from graphistry_airgap.core.errors import HostEnvironmentError


def require_build() -> None:
    """For commands that only a machine with a network runs.

    Raises:
        HostEnvironmentError: this tool came out of a bundle, without what reaches a network.
    """
    if find_spec("graphistry_airgap.wiring.build") is None:
        raise HostEnvironmentError(
            "this tool came out of a bundle, and what builds and signs bundles is left out of it",
            code="part-missing",
            hint="use the tool of the machine that builds bundles; there it is installed from its source "
            "tree or its own wheel, with [build] behind the name",
            details={"found": "the tool for hosts", "needed": "the whole tool"},
        )
