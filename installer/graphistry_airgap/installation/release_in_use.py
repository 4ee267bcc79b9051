"""Whether a bundle's release may come to a host: asked before the tool's link passes to the bundle's tool.

Preflight says the same, with all the rest and with what Docker itself tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.installation.variables import release_files
from graphistry_airgap.target.preflight.judges import release as findings_release
from graphistry_airgap.target.preflight.probes import (
    docker as probe_docker,
    installation as probe_installation,
)

if TYPE_CHECKING:
    from graphistry_airgap.bundle.manifest import Bundle
    from graphistry_airgap.target.finding import Finding
    from graphistry_airgap.target.host.machine import Host


def other_release(host: Host, root: str, bundle: Bundle) -> list[Finding]:
    """Empty where nothing or the same release is installed below `root`."""
    data_root = probe_docker.settings(host)["data_root"]
    found = probe_installation.installation(host, root, release_files(bundle), [data_root])
    wanted = {"release_version": bundle.release.version}
    return list(findings_release.other_release({"installation": found}, wanted))
