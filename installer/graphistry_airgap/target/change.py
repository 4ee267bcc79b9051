"""A change is one thing that differs on a host from what is asked for: what it is now, and what it will be.

A module computes its changes from facts and request before it does anything, answers with them in check mode
and in the run alike, and carries out exactly these.  `before` and `after` are JSON values, None for what is
absent.  The value of a secret never stands there; `Mask` says how equal and unequal stay decidable.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .host.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SUBJECTS = frozenset(
    {
        "repository",
        "packages",
        "driver",
        "vgpu",
        "docker",
        "toolkit",
        "images",
        "release",
        "configuration",
        "tls",
        "services",
        "hardening",
    }
)
# what `what` names, and what `before` and `after` hold
KINDS = {
    "package": "a package by name: its version",
    "key": "a key in a store of the host: its owner",
    "file": "a file by path: `mode`, and `sha256`, or `content` of a secret; `stale` if it is made anew",
    "directory": "a directory by path: `mode`, or `stamp`, a digest of what it was made from",
    "link": "a symbolic link by path: its target",
    "setting": "`FILE#NAME`, one name in a file that others write in, too: its value",
    "unit": "a unit of systemd: `enabled`, `active`, `failed`, and for what it is `restarted` or `reloaded`",
    "image": "an image by name: its id",
    "container": "a container by its service: `running`, and `variables` where it is made anew for them",
    "sysctl": "a setting of the running kernel: its value",
    "module": "a module that runs: its `version`; one on the disk, `KERNEL/NAME`: `version` and `whole`",
    "account": "an account of the product: whether it is there",
}
# names that say of a value that it is a secret, in env files and in settings of programs
SECRET_LIKE = re.compile(r"SECRET|PASS|TOKEN|KEY|SALT|CREDENTIAL|AUTH|DATABASE_URL", re.IGNORECASE)
WITHHELD = {"secret": "withheld"}
# what is made at random cannot be foretold, and is not told afterwards either
GENERATED = {"secret": "generated"}


@dataclass(frozen=True)
class Change:
    subject: str
    kind: str
    what: str
    before: Any
    after: Any

    def __post_init__(self) -> None:
        if self.subject not in SUBJECTS or self.kind not in KINDS:
            raise ValueError(f"no subject or no kind of a change: {self.subject}, {self.kind}")
        if _text(self.before) == _text(self.after):
            raise ValueError(f"{self.kind} {self.what} does not change")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def diff(self) -> dict[str, str]:
        """As Ansible shows it under `--diff`."""
        return diff(self.what, _text(self.before), _text(self.after))


class Mask:
    """Stands for the values of secrets: equal for equal values under one name, and not to be guessed.

    A digest without a key could be tried out on the passwords that people choose.  So the key stays with
    whoever compares two documents; without one it is made for this answer, and compares within it.
    """

    def __init__(self, key: str = "") -> None:
        self._key = (key or secrets.token_hex()).encode()

    def of(self, name: str, value: str | None) -> dict[str, str] | None:
        """None for what is absent."""
        if value is None:
            return None
        digest = hmac.new(self._key, f"{name}\0{value}".encode("utf-8", "surrogateescape"), "sha256")
        return {"secret": digest.hexdigest()}


def withheld(value: Any) -> Any:
    """A value for what is kept or shown: whatever its own keys call a secret is left out, masks stay."""
    if isinstance(value, list):
        return [withheld(inner) for inner in value]
    if not isinstance(value, dict) or _is_mask(value):
        return value
    return {
        key: WITHHELD if SECRET_LIKE.search(key) and not _is_mask(inner) else withheld(inner)
        for key, inner in value.items()
    }


def _is_mask(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secret"}


def compared(
    subject: str, kind: str, before: Mapping[str, Any], after: Mapping[str, Any], *, prefix: str = ""
) -> list[Change]:
    """One change for each name whose value differs, in the names' order."""
    return [
        Change(subject, kind, f"{prefix}{name}", before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if _text(before.get(name)) != _text(after.get(name))
    ]


def file_state(data: bytes | None, mode: int | None) -> dict[str, str] | None:
    """A file that holds no secret; None where there is none."""
    if data is None or mode is None:
        return None
    return {"sha256": sha256(data).hexdigest(), "mode": f"{mode:04o}"}


def of_file(
    subject: str,
    path: str,
    before: tuple[bytes | None, int | None],
    after: tuple[bytes | None, int | None],
) -> list[Change]:
    """A file that holds no secret, by bytes and mode on either side; both are None where there is none."""
    return compared(subject, "file", {path: file_state(*before)}, {path: file_state(*after)})


def text_diff(one: Change, before: bytes | None, after: bytes) -> dict[str, str]:
    """A file as its texts; where only its mode differs, as the change itself."""
    if before == after:
        return one.diff()
    return diff(one.what, *((text or b"").decode("utf-8", "replace") for text in (before, after)))


def diff(header: str, before: str, after: str) -> dict[str, str]:
    return {"before": before, "after": after, "before_header": header, "after_header": header}


def answer(changes: Sequence[Change], diffs: Iterable[dict[str, str]] | None = None) -> dict[str, Any]:
    """What a module says of its changes; `diffs` where they read better than each change alone."""
    shown = [one.diff() for one in changes] if diffs is None else list(diffs)
    return {"changed": bool(changes), "changes": [one.as_dict() for one in changes], "diff": shown}


def unknown(stage: str, changes: Sequence[Change] = ()) -> dict[str, Any]:
    """What check mode says where the rest depends on what `stage` would bring: never `ok`, and no guess."""
    told = {"changed": True, "unknown_until": stage, "msg": f"unknown until the stage {stage} has run"}
    return {**answer(changes), **told}


def merged(earlier: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The documents of several runs as those of one; what was changed back is gone."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for one in [*earlier, *now]:
        name = (one["subject"], one["kind"], one["what"])
        first = found.pop(name, one)
        if _text(first["before"]) != _text(one["after"]):
            found[name] = {**one, "before": first["before"]}
    return list(found.values())


def _text(value: Any) -> str:
    """Lines for people; True and 1 differ, as they do in JSON."""
    if value is None:
        return ""
    return json.dumps(value, indent=4, sort_keys=True, ensure_ascii=False) + "\n"
