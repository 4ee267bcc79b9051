"""The link by which operators and units start the tool on a host."""

from __future__ import annotations

import sys
from pathlib import Path

from graphistry_airgap.core import places
from graphistry_airgap.core.errors import HostError


def take_over(environment: Path = Path(sys.prefix)) -> None:
    """Let the link name the environment that runs this, in one step.

    One that `install.sh` did not make, such as a checkout's, leaves the link alone.

    Raises:
        HostError: the link cannot be written.
    """
    if environment.parent != places.RUNTIMES:
        return
    target = Path(f"../{places.RUNTIMES.name}/{environment.name}/bin/{places.TOOL.name}")
    coming = places.TOOL.with_name(".next")
    try:
        if places.TOOL.readlink() == target:
            return
        coming.unlink(missing_ok=True)
        coming.symlink_to(target)
        coming.replace(places.TOOL)
    except OSError as error:
        raise HostError(
            f"{places.TOOL} cannot be replaced: {error.strerror}",
            code="program-unwritable",
            hint=f"{places.PROGRAM} must be a writable directory of root on this host, made by install.sh",
            details={"found": str(error.strerror), "needed": f"a link to {target}"},
        ) from error
