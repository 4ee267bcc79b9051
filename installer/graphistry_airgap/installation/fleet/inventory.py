"""The hosts of an inventory, as `ansible-inventory --list` gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.errors import InputError
from graphistry_airgap.knowledge.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# how Ansible gives a value of its vault
_VAULT = "__ansible_vault"
# how Ansible marks a value that is no template
_LITERAL = "__ansible_unsafe"
# what Ansible itself adds to each host
_FACTS = ("ansible_facts", "ansible_local")
LOCAL, SSH = "local", "ssh"
# a program that root runs for each task: no other than what a platform has for it
_PYTHON = "ansible_python_interpreter"
_PYTHONS = {platform.modules_python for platform in PLATFORMS.values()}
# until the platform is known, and on most of them then, too
_ANY_PYTHON = {_PYTHON: "/usr/bin/python3"}
_HERE = {"ansible_connection": LOCAL}
# modules must find a directory there that ends with the boot, as their own machine's
_THERE = {
    "ansible_connection": SSH,
    "ansible_user": "root",
    "ansible_remote_tmp": "/run/graphistry-airgap/tmp",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KEY_FILE = re.compile(r"/[^\"'\s]+")
_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_%-]*")
# how a site says that a host is reached; no options, for with some ssh runs programs
_VALUES: dict[str, Callable[[Any], bool]] = {_PYTHON: lambda value: value in _PYTHONS}
_SSH_VALUES: dict[str, Callable[[Any], bool]] = {
    **_VALUES,
    "ansible_host": lambda value: isinstance(value, str) and bool(_ADDRESS.fullmatch(value)),
    "ansible_port": lambda value: str(value).isdigit() and 0 < int(value) < 1 << 16,
    "ansible_ssh_private_key_file": lambda value: isinstance(value, str) and bool(_KEY_FILE.fullmatch(value)),
}


@dataclass(frozen=True)
class InventoryHost:
    """`connection` are Ansible's own variables, `variables` all others; both are literal."""

    name: str
    connection: Mapping[str, Any] = field(default_factory=lambda: {**_ANY_PYTHON, **_HERE})
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def local(self) -> bool:
        """Whether it is the machine that the tool runs on."""
        return bool(self.connection["ansible_connection"] == LOCAL)

    @property
    def address(self) -> str:
        return str(self.connection.get("ansible_host", self.name))


# the machine that the tool runs on; `inventory/local` says the same to Ansible alone
THIS_MACHINE = InventoryHost("localhost")


def hosts_of(listing: Mapping[str, Any], path: str) -> list[InventoryHost]:
    """Each host with its merged variables, at least one; raises InputError for one that cannot be reached.

    `listing` is `{"_meta": {"hostvars": {NAME: {VARIABLE: VALUE}}}, GROUP: {"hosts": [NAME], …}}`.  A host
    that says nothing of its connection is reached by ssh; a single one without an address is this machine.
    """
    names = _names(listing)
    if not names:
        raise InputError(
            f"{path} has no host",
            code="inventory-hosts",
            hint="an inventory names the hosts that are installed; the tool's own machine is one with "
            "`ansible_connection: local`",
            details={"found": "0", "needed": "1 or more", "path": path},
        )
    known = listing.get("_meta", {}).get("hostvars", {})
    hosts = [_host(name, _literal(known.get(name, {}), name, path), path, len(names)) for name in names]
    here = [host.name for host in hosts if host.local]
    if len(here) > 1:
        raise InputError(
            f"{path} has {len(here)} hosts with `ansible_connection: local`: {', '.join(here)}",
            code="inventory-connection",
            hint="one machine is one host: the tool's own; reach the others with `ansible_connection: ssh`",
            details={"found": str(len(here)), "needed": "at most 1", "path": path},
        )
    return hosts


def _names(listing: Mapping[str, Any]) -> list[str]:
    found = {name for group in listing.values() if isinstance(group, dict) for name in group.get("hosts", ())}
    return sorted(found)


def _host(name: str, given: dict[str, Any], path: str, count: int) -> InventoryHost:
    given = {key: value for key, value in given.items() if key not in _FACTS}
    own = {key: value for key, value in given.items() if key.startswith("ansible_")}
    others = {key: value for key, value in given.items() if key not in own}
    here = LOCAL if count == 1 and "ansible_host" not in own else SSH
    kind = own.get("ansible_connection", here)
    if kind == LOCAL:
        return InventoryHost(name, _ANY_PYTHON | _HERE | _allowed(own, _HERE, _VALUES, name, path), others)
    if not _NAME.fullmatch(name):
        raise InputError(
            f"the host {name!r} in {path} has a name that is none of a directory",
            code="inventory-name",
            hint="name it with letters, digits, dots, dashes and underscores; `ansible_host` is its address",
            details={"found": name, "path": path},
        )
    return InventoryHost(name, _ANY_PYTHON | _THERE | _allowed(own, _THERE, _SSH_VALUES, name, path), others)


def _allowed(
    own: Mapping[str, Any],
    fixed: Mapping[str, str],
    free: Mapping[str, Callable[[Any], bool]],
    name: str,
    path: str,
) -> dict[str, Any]:
    for key, value in own.items():
        if key not in fixed and key not in free:
            raise InputError(
                f"{key} of the host {name} in {path} is not something that this version uses",
                code="inventory-connection",
                hint=f"remove it; of a connection an inventory says {', '.join((*_THERE, *_SSH_VALUES))}",
                details={"found": key, "needed": " or ".join((*fixed, *free)), "path": path},
            )
        if key in fixed and value != fixed[key]:
            raise InputError(
                f"{key} of the host {name} in {path} is {value!r}",
                code="inventory-connection",
                hint=f"write `{key}: {fixed[key]}` or leave it out",
                details={"found": str(value), "needed": fixed[key], "path": path},
            )
        if key in free and not free[key](value):
            raise InputError(
                f"{key} of the host {name} in {path} is {value!r}",
                code="inventory-connection",
                hint="ansible_host is a name or an address, ansible_port a number, "
                "ansible_ssh_private_key_file an absolute path, "
                f"{_PYTHON} one of {', '.join(sorted(_PYTHONS))}",
                details={"found": str(value), "path": path},
            )
    return dict(own)


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
