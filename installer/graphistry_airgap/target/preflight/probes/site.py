"""What an earlier installation and the operator have left on the machine.

The administrator's secret file is judged where it is read: its values never
leave this module, only the names of its keys and what is wrong with it.
"""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING, Any

from ...envfile import context as env_context, disk as env_disk
from ...envfile.secret_values import weakness
from ...host.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ...host.machine import Host

ADMINISTRATOR_KEYS = ("username", "email", "password")
MINIMUM_LENGTH = 12
# around a known word these make nothing secret
_DECORATION = "0123456789!@#$%^&*._-"
# one scalar, doubled quotes inside single ones, then perhaps a comment
_QUOTED = re.compile(r"""('(?:[^']|'')*'|"(?:[^"\\]|\\.)*")(?:\s+#.*)?""")
# the vendor's own files of a release: none of them is changed by an installation
_VENDOR_FILES = ("VERSION", "docker-compose.yml", "graphistry", ".env")


def administrator(host: Host, name: str) -> dict[str, Any]:
    """The state of the secret file without its secrets."""
    found: dict[str, Any] = {"path": name, "exists": False, "error": "", "mode": "", "owner": 0}
    found |= {"keys": [], "weaknesses": []}
    if not name:
        return found
    path = host.path(name)
    try:
        state = path.stat()
        found["exists"] = True
        found["mode"] = f"{stat.S_IMODE(state.st_mode):04o}"
        found["owner"] = state.st_uid
        values = parse_flat(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return found
    except OSError as error:
        return {**found, "exists": True, "error": error.strerror or type(error).__name__}
    except UnicodeDecodeError:
        return {**found, "error": "the file is not UTF-8 text"}
    except ValueError as error:
        return {**found, "error": str(error)}
    found["keys"] = sorted(key for key, value in values.items() if value)
    if values.get("password"):
        found["weaknesses"] = weaknesses(values["password"], values.get("username", ""))
    return found


def parse_flat(text: str) -> dict[str, str]:
    """The `key: value` lines of a flat YAML file; a message names the line, never its content."""
    values = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        bare = line.strip()
        if not bare or bare.startswith("#") or bare in ("---", "..."):
            continue
        key, colon, value = bare.partition(":")
        if not colon or line[0].isspace() or (value and not value[0].isspace()):
            raise ValueError(f"line {number} is not of the form `key: value`")
        values[key.strip("\"'")] = _scalar(value.strip(), number)
    return values


def _scalar(text: str, number: int) -> str:
    if text[:1] in ("'", '"'):
        quote = text[0]
        quoted = _QUOTED.fullmatch(text)
        if quoted is None:
            raise ValueError(f"line {number} opens a quote and does not end with it")
        inner = quoted[1][1:-1]
        if quote == '"' and "\\" in inner:
            raise ValueError(f"line {number} holds a backslash in double quotes; use single quotes")
        return inner.replace("''", "'") if quote == "'" else inner
    return text.split(" #", 1)[0].rstrip()


def weaknesses(password: str, username: str) -> list[str]:
    """Why a password would be guessed; sentences that do not hold it."""
    found = []
    bare = password.strip(_DECORATION)
    if reason := weakness(password) or (len(bare) >= 8 and weakness(bare)):
        found.append(f"it {reason}")
    elif len(password) < MINIMUM_LENGTH:
        found.append(f"it has fewer than {MINIMUM_LENGTH} characters")
    if username and username.casefold() in password.casefold():
        found.append("it contains the user name")
    return found


def releases(host: Host, root: str, version: str, files: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Releases that are installed, and which of this release's own files have other content."""
    folder = f"{root}/releases"
    names = [name for name in host.names(folder) if host.path(f"{folder}/{name}").is_dir()]
    link = host.path(f"{root}/current")
    return {
        "installed": names,
        "current": str(link.readlink()) if link.is_symlink() else "",
        "differing": [
            name
            for name in _VENDOR_FILES
            if name in files and _differs(host.path(f"{folder}/{version}/{name}"), files[name]["sha256"])
        ],
        "environment": _environment(host, f"{root}/current/data/config/custom.env"),
    }


def _differs(path: Path, wanted: str) -> bool:
    try:
        return sha256(path.read_bytes()).hexdigest() != wanted
    except OSError:
        return False


def _environment(host: Host, name: str) -> dict[str, Any]:
    path = host.path(name)
    if not path.is_file():
        return {"path": name, "exists": False, "mode": "", "names": []}
    try:
        texts = {**env_context.beside(path), env_context.CUSTOM: env_disk.load(path).data}
        own = env_context.read_context(texts).files.get(env_context.CUSTOM)
    except env_disk.EnvDiskError:
        own = None
    return {
        "path": name,
        "exists": True,
        "mode": f"{stat.S_IMODE(path.stat().st_mode):04o}",
        "names": sorted({part.name for part in own.statements}) if own else [],
    }
