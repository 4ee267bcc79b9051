"""Sealed hosts that are made once and copied in seconds: the file system as an image, the volumes beside it.

A kept host knows from what it was made (`inputs`); it is made anew when that differs.  Its name carries the
checkout, so that two checkouts on one machine do not take each other's.  By hand:
`python -m lab.hosts.kept_host demo` turns the demo's host off and keeps it as `installed`, `forget` in the
place of `demo` removes this checkout's kept hosts.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lab.bundles.demo import CHECKOUT, DEMO
from lab.hosts.engine_host import ENGINE_IMAGE, make_image as make_engine_image
from lab.hosts.prepared_host import INSTALL, MEDIUM, PASSWORD, place, prepared, site_file
from lab.hosts.sealed_host import IMAGE, VOLUMES, SealedHost, docker

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

INSTALLED = "installed"
ENGINE = "engine"
DEMO_HOST = "airgap-demo"
_LABEL = "airgap-lab.kept"
CHECKOUT_ID = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]
_MISUSE = 2


@dataclass(frozen=True)
class KeptHost:
    """`name` is what it is a host with: `installed`, `engine`."""

    name: str

    @property
    def image(self) -> str:
        return f"airgap-lab/kept-{CHECKOUT_ID}-{self.name}"

    def volume(self, kind: str) -> str:
        return f"airgap-kept-{CHECKOUT_ID}-{self.name}-{kind}"

    def made_from(self, inputs: str) -> bool:
        label = f'{{{{index .Config.Labels "{_LABEL}"}}}}'
        done = subprocess.run(
            ["docker", "image", "inspect", "-f", label, self.image],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode == 0 and done.stdout.strip() == inputs

    def keep(self, host: SealedHost, inputs: str) -> None:
        """Turn the host off and keep it; the host itself is gone afterwards."""
        host.power_off()
        self.forget()
        for kind in VOLUMES:
            copy_volume(f"{host.name}-{kind}", self.volume(kind))
        docker("commit", "--change", f"LABEL {_LABEL}={json.dumps(inputs)}", host.name, self.image)
        host.stop()

    def copy(self, name: str, *, mounts: Sequence[str] = ()) -> SealedHost:
        """A started host of its own: what happens on it leaves the kept one and other copies as they are."""
        host = SealedHost(name)
        host.stop()
        for kind in VOLUMES:
            copy_volume(self.volume(kind), f"{name}-{kind}")
        host.start(image=self.image, mounts=mounts)
        return host

    def forget(self) -> None:
        subprocess.run(["docker", "image", "rm", "-f", self.image], capture_output=True, check=False)
        volumes = [self.volume(kind) for kind in VOLUMES]
        subprocess.run(["docker", "volume", "rm", "-f", *volumes], capture_output=True, check=False)


def copy_volume(source: str, target: str) -> None:
    docker("volume", "create", target)
    places = [Path(docker("volume", "inspect", "-f", "{{.Mountpoint}}", name)) for name in (source, target)]
    subprocess.run(["cp", "-a", f"{places[0]}/.", places[1]], check=True)


def bundle_inputs() -> str:
    """What both kept hosts depend on: the demo's bundle, and the lab's host image."""
    sums = hashlib.sha256((DEMO / "bundle" / "SHA256SUMS").read_bytes()).hexdigest()
    return f"{sums} {docker('image', 'inspect', '-f', '{{.Id}}', IMAGE)}"


def kept(name: str) -> KeptHost:
    """The kept host of that name, made now unless there is one of this bundle."""
    host = KeptHost(name)
    inputs = bundle_inputs()
    with (DEMO.parent / f".kept-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several workers
        if not host.made_from(inputs):
            _MAKERS[name](host, inputs)
    return host


def _made(target: KeptHost, image: str, *, site: str) -> AbstractContextManager[SealedHost]:
    host = SealedHost(f"airgap-keep-{CHECKOUT_ID}-{target.name}")
    boot = partial(host.start, image=image, mounts=[f"{DEMO / 'bundle'}:{MEDIUM}:ro"])
    return prepared(host, boot, keyring=DEMO / "trusted.gpg", site=site)


def _make_installed(target: KeptHost, inputs: str) -> None:
    with _made(target, IMAGE, site=site_file()) as host:
        host.require([*INSTALL, "--quiet"], timeout=1500)
        target.keep(host, inputs)


def _make_engine(target: KeptHost, inputs: str) -> None:
    """Docker runs, and of ours only the tool is there, as after a run that a site file's mistake ended."""
    make_engine_image()
    with _made(target, ENGINE_IMAGE, site="schema: 0\n") as host:
        host.require(["systemctl", "enable", "--now", "docker"])
        refused = host.exec([*INSTALL, "--quiet"], timeout=600)
        if refused.rc != _MISUSE:
            raise RuntimeError(f"the tool is not on {host.name}: exit {refused.rc}: {refused.stderr}")
        place(host, keyring=DEMO / "trusted.gpg", site=site_file(), password=PASSWORD)
        target.keep(host, inputs)


_MAKERS = {INSTALLED: _make_installed, ENGINE: _make_engine}


def keep_demo() -> None:
    """The demo's host is one that was installed by the same bundle: no second installation is needed."""
    KeptHost(INSTALLED).keep(SealedHost(DEMO_HOST), bundle_inputs())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["demo"]:
            keep_demo()
        case ["forget"]:
            for each in _MAKERS:
                KeptHost(each).forget()
        case _:
            print("usage: python -m lab.hosts.kept_host demo | forget", file=sys.stderr)
            sys.exit(_MISUSE)
