"""How the services of this machine's release are, as its wrapper tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.adapters.process import run
from graphistry_airgap.core.errors import RELEASE_GONE, StageError
from graphistry_airgap.target.stack import compose

if TYPE_CHECKING:
    from pathlib import Path


def stack_services(release: Path) -> list[dict[str, Any]]:
    """One row per container of the stack: service, state, health, image, ports."""
    rows = compose.read_rows(_asked(release, "ps", "--all", "--format", "json"))
    return sorted(
        (
            {
                "service": row.get("Service", ""),
                "state": row.get("State", ""),
                "health": row.get("Health", "") or "none",
                "image": row.get("Image", ""),
                "ports": sorted(
                    {
                        f"{port.get('PublishedPort')}->{port.get('TargetPort')}"
                        for port in row.get("Publishers") or []
                        if port.get("PublishedPort")
                    }
                ),
            }
            for row in rows
        ),
        key=lambda row: row["service"],
    )


def defined_services(release: Path) -> list[str]:
    """Services that the release's compose file defines, through its wrapper."""
    return sorted(_asked(release, "config", "--services").split())


def _asked(release: Path, *words: str) -> str:
    """What the release's wrapper says; where it fails, nobody knows how the services are."""
    if not (release / "graphistry").exists():
        raise StageError(
            f"the installed release is not at {release}: its services are unknown",
            code=RELEASE_GONE,
            hint="run the same install command again; it puts the release there anew",
            details={"path": str(release)},
        )
    done = run(["sh", "./graphistry", *words], cwd=release, timeout=60)
    if not done.ok:
        raise StageError(
            done.refusal(f"`./graphistry {' '.join(words)}` fails: the services are unknown"),
            code="services-unknown",
            hint=f"see `systemctl status docker`, and try it by hand in {release}",
            details={"path": str(release)},
        )
    return done.stdout
