"""What a site wants of a host: its site file, and what its inventory says of this host beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from graphistry_airgap.installation.fleet.inventory import THIS_MACHINE, InventoryHost
from graphistry_airgap.installation.fleet.overrides import (
    AS_IN_THE_SITE_FILE,
    Override,
    overrides_of,
    with_overrides,
)
from graphistry_airgap.installation.site_file import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    RoleSpecs = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Answers:
    """`site` as it holds for `host`: with the inventory's values where it overrides the site file's.

    `file` is the site file's path, `inventory` the inventory's; `signers` is how many the site file asks for,
    None where it does not say.
    """

    site: Site
    file: str
    host: InventoryHost = THIS_MACHINE
    overrides: tuple[Override, ...] = ()
    signers: int | None = None
    inventory: str = ""

    def said_in(self, key: str) -> str:
        """The file that has the value of a key of the site file, given with dots."""
        return self.inventory if key in {override.key for override in self.overrides} else self.file


@dataclass(frozen=True)
class ReadAnswers:
    """`check_site` judges a document as loading a site file does; `typed` gives a value its role's type."""

    load_site: Callable[[Path], dict[str, Any]]
    check_site: Callable[[dict[str, Any], str], None]
    read_inventory: Callable[[Path], list[InventoryHost]]
    role_specs: Callable[[], RoleSpecs]
    typed: Callable[[Override, Mapping[str, Any]], Any]

    def __call__(self, site_path: Path, inventory: Path | None) -> list[Answers]:
        """Of each host of the inventory, sorted by name; of this machine where there is none."""
        document = self.load_site(site_path)
        signers = document.get("signatures", {}).get("required")
        if inventory is None:
            return [Answers(Site.from_document(document), str(site_path), signers=signers)]
        hosts = self.read_inventory(inventory)
        specs = self.role_specs()
        known = {name: spec for variables in specs.values() for name, spec in variables.items()}

        def of_host(host: InventoryHost) -> Answers:
            overrides = tuple(
                override
                if override.variable in AS_IN_THE_SITE_FILE
                else replace(override, value=self.typed(override, known[override.variable]))
                for override in overrides_of(host, specs, path=str(inventory))
            )
            made = with_overrides(document, overrides)
            self.check_site(made, str(inventory))
            return Answers(Site.from_document(made), str(site_path), host, overrides, signers, str(inventory))

        return [of_host(host) for host in hosts]
