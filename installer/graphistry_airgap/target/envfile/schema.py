"""What is known about the variables of the product: the data file `env-schema.json`, asked questions.

Targets get the data from the tool, since they hold nothing but Python's standard library.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..change import SECRET_LIKE

if TYPE_CHECKING:
    from collections.abc import Mapping

EVERY_SERVICE = "*"
CUSTOM = "custom.env"


@dataclass(frozen=True)
class Schema:
    raw: Mapping[str, Any]

    @property
    def variables(self) -> Mapping[str, Mapping[str, Any]]:
        found: Mapping[str, Mapping[str, Any]] = self.raw.get("variables", {})
        return found

    @property
    def rules(self) -> list[Mapping[str, Any]]:
        return list(self.raw.get("rules", []))

    @property
    def renamed(self) -> Mapping[str, str]:
        found: Mapping[str, str] = self.raw.get("renamed", {})
        return found

    def of(self, name: str) -> Mapping[str, Any] | None:
        return self.variables.get(name)

    def default(self, name: str) -> str | None:
        known = self.of(name)
        return None if known is None else known["default"]

    def is_secret(self, name: str) -> bool:
        known = self.of(name)
        return bool(SECRET_LIKE.search(name)) if known is None else bool(known.get("secret"))

    def may_be_shown(self, name: str) -> bool:
        """An unknown name may hold anything, so its value stays where it is."""
        return self.of(name) is not None and not self.is_secret(name)

    def recreated(self, name: str) -> list[str]:
        """Services that must be made anew after a change; `*` is all of them."""
        known = self.of(name)
        if known is None:
            return [EVERY_SERVICE]
        scope = known["recreate"]
        return list(self.raw["scopes"][scope]) if isinstance(scope, str) else list(scope)

    def nearest(self, name: str, file: str) -> str:
        """The known name that was probably meant; empty when none is near."""
        names = [known for known, entry in self.variables.items() if file in entry["files"]]
        found = difflib.get_close_matches(name.upper(), names, n=1, cutoff=0.8)
        return found[0] if found else ""

    def readers(self) -> dict[str, list[str]]:
        """Name to the services that read it, for those that not every service reads."""
        return {
            name: list(entry["services"])
            for name, entry in self.variables.items()
            if EVERY_SERVICE not in entry["services"]
        }


def file_kind(name: str, schema: Schema) -> str:
    """Which of the product's files a path is by its name; anything else is judged like custom.env."""
    kinds = {kind for entry in schema.variables.values() for kind in entry["files"]}
    return name if name in kinds else CUSTOM
