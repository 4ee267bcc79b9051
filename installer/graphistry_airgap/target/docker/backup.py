"""What was in `daemon.json` before this installation changed it, until Docker runs with the change.

A Docker that does not start with the new file gets the old one back, and the containers that ran run again.
One that runs on, and only did not read the new file, gets it back without a restart.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from ..host import files as placing

if TYPE_CHECKING:
    from pathlib import Path

    from .engine import Engine


def remember(mark: Path, path: Path, running: list[str]) -> None:
    """An earlier mark stays: what it holds was there before a run that was killed."""
    if mark.exists():
        return
    content = base64.b64encode(path.read_bytes()).decode() if path.exists() else None
    document = {"content": content, "mode": placing.mode_of(path), "running": running}
    mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    placing.write_atomic(mark, json.dumps(document).encode(), mode=0o600)


def put_back(mark: Path, path: Path, engine: Engine, *, wait: float, runs: bool = False) -> str:
    """The old file and a Docker that runs with it; says what that gave, empty where nothing was changed.

    `runs`: it was not restarted since the change, so it has the old settings still.
    """
    try:
        before = json.loads(mark.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    if before["content"] is None:
        path.unlink(missing_ok=True)
    else:
        placing.write_atomic(path, base64.b64decode(before["content"]), mode=before["mode"] or 0o644)
    mark.unlink(missing_ok=True)
    told = f"{path} is as it was before"
    if runs:
        return f"{told}, and Docker runs on with it"
    code = engine.start_quietly(wait)
    if code:
        return f"{told}, and Docker does not start with that either"
    lost = engine.start_again(before["running"])
    if lost:
        return f"{told}, and Docker runs with it; these containers ran and do not now: {', '.join(lost)}"
    ran = ", and the containers that ran run" if before["running"] else ""
    return f"{told}, and Docker runs with it{ran}"
