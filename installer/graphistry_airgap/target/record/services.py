"""How the services of a release are, as its own wrapper tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..host import refusal
from ..stack import compose

if TYPE_CHECKING:
    from pathlib import Path

    from ..host.machine import Host

RELEASE_GONE, UNKNOWN = "release-gone", "services-unknown"
# in seconds
_PATIENCE = 60
_TIMED_OUT = 124


class _SilentError(Exception):
    """The wrapper gives no good answer."""


def of_release(host: Host, release: Path) -> dict[str, Any]:
    """`defined`: names of the services; `found`: service, state, health, image and ports of each container.

    Where nobody can know, `refusal` says why: code, message, hint, path.
    """
    if not host.path(f"{release}/graphistry").exists():
        return {
            "refusal": {
                "code": RELEASE_GONE,
                "message": f"the installed release is not at {release}: its services are unknown",
                "hint": "run the same install command again; it puts the release there anew",
                "path": str(release),
            }
        }
    try:
        defined = _asked(host, release, "config", "--services").split()
        rows = compose.read_rows(_asked(host, release, "ps", "--all", "--format", "json"))
    except _SilentError as error:
        return {
            "refusal": {
                "code": UNKNOWN,
                "message": str(error),
                "hint": f"see `systemctl status docker`, and try it by hand in {release}",
                "path": str(release),
            }
        }
    return {"defined": sorted(defined), "found": sorted(map(_row, rows), key=lambda row: row["service"])}


def _asked(host: Host, release: Path, *words: str) -> str:
    command = ["timeout", "--kill-after=10", str(_PATIENCE), "env", "-C", str(host.path(str(release)))]
    code, out, error = host.run([*command, "sh", "./graphistry", *words], {})
    if code:
        said = refusal.words(out, error)
        if code == _TIMED_OUT and not said:
            said = f"no answer within {_PATIENCE} s"
        what = f"`./graphistry {' '.join(words)}` fails: the services are unknown"
        raise _SilentError(refusal.told(what, said))
    return out


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
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
