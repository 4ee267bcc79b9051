"""A sealed host on which Docker is installed already, for what is about Docker alone.

The installer's own tests never use it: their hosts get Docker from the bundle.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from lab.hosts.derived_image import derive, make_first_image
from lab.hosts.sealed_host import IMAGE, VOLUMES, SealedHost, docker

if TYPE_CHECKING:
    from collections.abc import Sequence

ENGINE_IMAGE = "airgap-lab/debian-13-engine"
STORES = ("classic", "containerd")
# without the policy, a maintainer script would start dockerd where no systemd runs
RECIPE = """
set -eu
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -qy install --no-install-recommends docker.io docker-cli containerd iptables python3
systemctl disable docker.service docker.socket containerd.service
rm -rf /usr/sbin/policy-rc.d /var/lib/apt/lists/* /var/cache/apt/*
"""


def make_image() -> None:
    """Make the image, unless it was made from the same one by the same recipe."""
    make_first_image()
    recipe = hashlib.sha256(RECIPE.encode()).hexdigest()
    command = ["sh", "-c", RECIPE]
    derive(ENGINE_IMAGE, base=IMAGE, label="airgap-lab.engine", recipe=recipe, command=command)


class EngineHost(SealedHost):
    """A sealed host whose Docker uses one image store; `fresh` gives it an empty data root."""

    def __init__(self, name: str, store: str) -> None:
        super().__init__(name)
        self.store = store

    def boot(self, *, mounts: Sequence[str] = ()) -> None:
        self.start(image=ENGINE_IMAGE, mounts=mounts)
        features = {"features": {"containerd-snapshotter": self.store == "containerd"}}
        self.put(json.dumps(features).encode(), "/etc/docker/daemon.json")
        self.require(["systemctl", "start", "docker"])

    def fresh(self) -> None:
        """Stop Docker, forget every image, start it again."""
        self.require(["systemctl", "stop", "docker.socket", "docker", "containerd"])
        for path in VOLUMES.values():
            self.require(["sh", "-c", 'find "$1" -mindepth 1 -delete', "fresh", path])
        self.require(["systemctl", "start", "docker"])

    def volume(self, kind: str) -> Path:
        """Where this machine sees the host's `docker` or `containerd` data."""
        return Path(docker("volume", "inspect", "-f", "{{.Mountpoint}}", f"{self.name}-{kind}"))
