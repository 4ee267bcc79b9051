"""What changes in Docker's file and in what Docker runs with.

Only keys that change are shown: the others are the site's, and some hold passwords of proxies.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..change import Change, compared, diff

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NEW_MODE = 0o644


def of_file(
    subject: str, path: str, config: Mapping[str, Any], merged: Mapping[str, Any], *, there: bool
) -> tuple[list[Change], list[dict[str, str]]]:
    """The changes of the keys, and one diff that shows them together."""
    settings = compared(subject, "setting", config, merged, prefix=_prefix(path))
    if not settings:
        return [], []
    names = [one.what.removeprefix(_prefix(path)) for one in settings]
    shown = [diff(path, *(_keys(side, names) for side in (config, merged)))]
    if there:
        return settings, shown
    made = Change(subject, "file", path, None, {"mode": f"{NEW_MODE:04o}"})
    return [made, *settings], [made.diff(), *shown]


def applied(path: str, config: Mapping[str, Any], changes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The file with changes that check mode did not write; where they are written it stays the same."""
    found = dict(config)
    for one in changes:
        if one["kind"] == "setting" and one["what"].startswith(_prefix(path)):
            name = one["what"].removeprefix(_prefix(path))
            found.pop(name, None)
            if one["after"] is not None:
                found[name] = one["after"]
    return found


def _prefix(path: str) -> str:
    return f"{path}#"


def _keys(config: Mapping[str, Any], names: Iterable[str]) -> str:
    kept = {name: config[name] for name in names if name in config}
    return json.dumps(kept, indent=4, sort_keys=True) + "\n" if kept else ""
