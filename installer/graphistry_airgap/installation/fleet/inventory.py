"""The hosts of an inventory, as `ansible-inventory --list` gives them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

# how Ansible gives a value of its vault
_VAULT = "__ansible_vault"
# how Ansible marks a value that is no template
_LITERAL = "__ansible_unsafe"
# what Ansible itself adds to each host
_FACTS = ("ansible_facts", "ansible_local")
_CONNECTION = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}


@dataclass(frozen=True)
class InventoryHost:
    """`connection` are Ansible's own variables, `variables` all others; both are literal."""

    name: str
    connection: Mapping[str, Any] = field(default_factory=lambda: dict(_CONNECTION))
    variables: Mapping[str, Any] = field(default_factory=dict)


# the machine that the tool runs on; `inventory/local` says the same to Ansible alone
THIS_MACHINE = InventoryHost("localhost")


def hosts_of(listing: Mapping[str, Any], path: str) -> list[InventoryHost]:
    """Each host with its merged variables; raises InputError for a host that this version cannot reach.

    `listing` is `{"_meta": {"hostvars": {NAME: {VARIABLE: VALUE}}}, GROUP: {"hosts": [NAME], …}}`.
    """
    names = _names(listing)
    known = listing.get("_meta", {}).get("hostvars", {})
    return [_host(name, _literal(known.get(name, {}), name, path), path) for name in names]


def _names(listing: Mapping[str, Any]) -> list[str]:
    found = {name for group in listing.values() if isinstance(group, dict) for name in group.get("hosts", ())}
    return sorted(found)


def _host(name: str, given: dict[str, Any], path: str) -> InventoryHost:
    given = {key: value for key, value in given.items() if key not in _FACTS}
    own = {key: value for key, value in given.items() if key.startswith("ansible_")}
    for key, value in own.items():
        if key not in _CONNECTION:
            raise InputError(
                f"{key} of the host {name} in {path} is not something that this version uses",
                code="inventory-connection",
                hint="remove it; the tool installs the machine that it runs on, and needs no connection",
                details={"found": key, "needed": " or ".join(_CONNECTION), "path": path},
            )
        # the interpreter is a program that root runs for each task
        if value != _CONNECTION[key]:
            raise InputError(
                f"{key} of the host {name} in {path} is {value!r}",
                code="inventory-connection",
                hint=f"write `{key}: {_CONNECTION[key]}` or leave it out, and run the tool on that host",
                details={"found": str(value), "needed": _CONNECTION[key], "path": path},
            )
    others = {key: value for key, value in given.items() if key not in own}
    return InventoryHost(name, _CONNECTION | own, others)


def _literal(value: Any, name: str, path: str) -> Any:
    if isinstance(value, dict) and _VAULT in value:
        raise InputError(
            f"a variable of the host {name} in {path} is encrypted by Ansible's vault",
            code="inventory-vault",
            hint="name a file that holds the secret instead, as graphistry_services_administrator_file does",
            details={"found": "a value of Ansible's vault", "needed": "plain values", "path": path},
        )
    if isinstance(value, dict):
        if set(value) == {_LITERAL}:
            return value[_LITERAL]
        return {key: _literal(inner, name, path) for key, inner in value.items()}
    return [_literal(inner, name, path) for inner in value] if isinstance(value, list) else value
