"""Stand-ins for what an installation meets around a reboot: a boot, a state, a unit, mounted media."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from graphistry_airgap.bundle.manifest import Platform, Release
from graphistry_airgap.installation.reboot.ask import Reboots
from graphistry_airgap.installation.reboot.pending import Pending, RememberedBundle
from graphistry_airgap.installation.receipt import Provenance
from graphistry_airgap.installation.request import Target
from graphistry_airgap.installation.site_file import Site, digest_of

DOCUMENT = {"schema": 1, "purpose": "server"}
SUMS = "5" * 64
IDENTITY = "0123456789abcdef0123456789abcdef"


def site(**changes: Any) -> Site:
    return Site.from_document(DOCUMENT | changes)


def pending(**changes: Any) -> Pending:
    """Waits since boot-1 for a reboot of the driver stage."""
    made = Pending(
        stage="driver",
        reason="nouveau is loaded",
        boot_id="boot-1",
        reboots={"driver": 1},
        bundle=RememberedBundle("/media/bundle", IDENTITY, SUMS, signed=True),
        site="/etc/graphistry-airgap/site.yml",
        site_sha256=digest_of(site()),
        keyring="/etc/graphistry-airgap/trusted.gpg",
        mode="manual",
    )
    return replace(made, **changes)


def target(sums: str = SUMS, **answers: Any) -> Target:
    """An opened bundle and a site file, enough of them to run stages that do nothing."""
    platform = Platform("debian-13", "amd64", (), {}, "runtime/debian-13")
    raw = {"platforms": {"debian-13": {"repositories": []}}, "images": [], "files": {}, "release": {}}
    bundle = type("Bundle", (), {"release": Release("v1", "12", "release"), "images": (), "raw": raw})()
    bundle.platforms = {"debian-13": platform}
    bundle.created = "2026-11-20T08:00:00Z"
    provenance = Provenance(
        path="/media/bundle",
        id=IDENTITY,
        created=bundle.created,
        release="v1",
        sums=sums,
        signers=("F" * 40,),
        signed=True,
        verified="all bytes",
        platform="debian-13",
        keys=(),
    )
    keyring = Path("/etc/graphistry-airgap/trusted.gpg")
    return Target(site(**answers), Path("/etc/graphistry-airgap/site.yml"), bundle, provenance, keyring)


@dataclass
class World:
    """`unit_fault` and `restart_fault` are what systemd says against it; `events` keeps the order."""

    state: Pending | None = None
    boot: str = "boot-1"
    unit: bool = False
    unit_fault: str = ""
    restart_fault: str = ""
    mounted: dict[str, str] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)

    def load(self) -> Pending | None:
        return self.state

    def save(self, state: Pending) -> None:
        self.events.append("state")
        self.state = state

    def forget(self) -> None:
        self.events.append("forgotten")
        self.state = None

    def install(self) -> str:
        self.events.append("unit")
        self.unit = not self.unit_fault
        return self.unit_fault

    def remove(self) -> None:
        self.events.append("no unit")
        self.unit = False

    def restart(self) -> str:
        self.events.append("restart")
        return self.restart_fault

    def reboots(self) -> Reboots:
        return Reboots(self, self, lambda: self.boot, self.restart)

    # media: path → sha256 of its SHA256SUMS
    def find(self, sums_sha256: str, remembered: Path) -> Path | None:
        places = [str(remembered), *self.mounted]
        return next((Path(place) for place in places if self.mounted.get(place) == sums_sha256), None)

    def places(self, remembered: Path) -> list[Path]:
        return [remembered, Path("/mnt")]

    def sums_digest(self, place: Path) -> str | None:
        return self.mounted.get(str(place))

    def bundle_id(self, place: Path) -> str:
        return "f" * 32
