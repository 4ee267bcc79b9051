"""Small questions to the host that the tool itself asks."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.platforms.known import PLATFORMS, platform_of
from graphistry_airgap.core import places
from graphistry_airgap.core.adapters.files import write_atomic
from graphistry_airgap.core.adapters.process import run
from graphistry_airgap.core.errors import RELEASE_GONE, StageError
from graphistry_airgap.installation import receipt
from graphistry_airgap.target.stack import compose

if TYPE_CHECKING:
    from collections.abc import Iterator

# install.sh writes the same rows
_RPM_ROW = "rpm\\t%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\t%{SUMMARY}\\n"


def platform_name(path: Path = Path("/etc/os-release")) -> str:
    """The platform that /etc/os-release names: `debian-13`, or `rhel-9` for Rocky 9 too."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    pairs = dict(line.strip().split("=", 1) for line in text.splitlines() if "=" in line)
    name, version = (pairs.get(key, "unknown").strip("\"'") for key in ("ID", "VERSION_ID"))
    return platform_of(name, version)


def installed_packages() -> dict[str, str]:
    """Name to version of each installed package, and of rpm's keys their name to whose they are."""
    return _package_rows(_package_listing())


@contextmanager
def packages_before(kept: Path = places.PACKAGES_BEFORE) -> Iterator[dict[str, str]]:
    """The packages before this installation began: before install.sh's own part, and before a run was killed.

    The list stays on disk until a run ends in good order or a receipt says what was changed.
    """
    if kept.exists():
        yield _package_rows(kept.read_text(encoding="utf-8"))
        return
    listing = _package_listing()
    write_atomic(kept, listing, mode=0o600)
    yield _package_rows(listing)
    kept.unlink(missing_ok=True)


def _package_listing() -> str:
    platform = PLATFORMS.get(platform_name())
    if platform is not None and platform.package_system == "dnf":
        return run(["rpm", "-qa", "--qf", _RPM_ROW]).stdout
    return run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}\t${Package}\t${Version}\n"]).stdout


def _package_rows(listing: str) -> dict[str, str]:
    found = {}
    for row in (line.split("\t") for line in listing.splitlines()):
        if len(row) == 3 and row[0][1:2] == "i":
            found[row[1]] = row[2]
        elif len(row) == 4 and row[1] == receipt.RPM_KEY:
            # all keys have one name, so each is told apart by what is its version
            found[f"{row[1]}-{row[2].removeprefix('0:')}"] = row[3]
        elif len(row) == 4:
            found[row[1]] = row[2].removeprefix("0:")
    return found


def local_images(names: list[str]) -> list[dict[str, str]]:
    """`[{name, id}]` of those images that the local Docker has under that name."""
    if not names:
        return []
    listing = run(["docker", "image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}}\t{{.ID}}"])
    found = dict(line.split("\t") for line in listing.stdout.splitlines() if "\t" in line)
    return [{"name": name, "id": found[name]} for name in sorted(names) if name in found]


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
