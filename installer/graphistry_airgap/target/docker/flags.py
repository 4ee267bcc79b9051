"""The flags that systemd will start dockerd with: its unit, the drop-ins, and the files that they name.

Read from the files themselves: what systemd has not read yet counts at the next start. Where Docker is not
installed yet, the unit is the one that the package will bring.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..host.machine import Host

UNIT = "docker.service"
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
# what Debian's docker.io and Docker's docker-ce start
_TO_COME = {
    "docker.io": "[Service]\nEnvironmentFile=-/etc/default/docker\n"
    "ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS\n",
    "docker-ce": "[Service]\n"
    "ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock\n",
}
# flags whose key in daemon.json has another name (docker/cli, dockerd's reference)
_KEYS = {
    "D": "debug",
    "G": "group",
    "H": "hosts",
    "b": "bridge",
    "g": "data-root",
    "l": "log-level",
    "p": "pidfile",
    "s": "storage-driver",
    "add-runtime": "runtimes",
    "authorization-plugin": "authorization-plugins",
    "cdi-spec-dir": "cdi-spec-dirs",
    "default-address-pool": "default-address-pools",
    "default-network-opt": "default-network-opts",
    "default-ulimit": "default-ulimits",
    "exec-opt": "exec-opts",
    "feature": "features",
    "graph": "data-root",
    "host": "hosts",
    "insecure-registry": "insecure-registries",
    "label": "labels",
    "log-opt": "log-opts",
    "registry-mirror": "registry-mirrors",
    "storage-opt": "storage-opts",
}
_LISTS = {key for key in _KEYS.values() if key.endswith("s")}
_SWITCHES = {"D", "debug"}
_BRACED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_BARE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True)
class Flags:
    """`argv` begins with the program; `keys` are daemon.json's names of what the flags give, with values."""

    argv: list[str] = field(default_factory=list)
    keys: dict[str, list[str]] = field(default_factory=dict)


def flags(host: Host, packages: Sequence[str] = ()) -> Flags:
    """`packages` are the names that bring Docker, for a host without its unit."""
    text = _unit_text(host, packages)
    if not text:
        return Flags()
    command = ""
    # systemd.exec(5): an empty assignment forgets those before it, and files win over single variables
    variables: dict[str, str] = {}
    of_files: dict[str, str] = {}
    for key, value in _service_lines(text):
        if key == "ExecStart":
            command = value or command
        elif key == "Environment":
            variables = {**variables, **_pairs(shlex.split(value))} if value else {}
        elif key == "EnvironmentFile":
            of_files = {**of_files, **_of_file(host, value.lstrip("-"))} if value else {}
    argv = _expanded(command.lstrip("@-:+!"), {**variables, **of_files})
    return Flags(argv, keys_of(argv[1:]))


def keys_of(arguments: Sequence[str]) -> dict[str, list[str]]:
    """Keys of daemon.json with the values that flags give them; a flag without one is a switch."""
    found: dict[str, list[str]] = {}
    words = list(arguments)
    while words:
        word = words.pop(0)
        if not word.startswith("-") or word == "--":
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("--") and not equals and len(name) > 1:
            name, value, equals = name[0], name[1:], "="
        if not equals and name not in _SWITCHES and words and not words[0].startswith("-"):
            value = words.pop(0)
        found.setdefault(_KEYS.get(name, name), []).append(value or "true")
    return found


def as_settings(keys: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What flags give, as daemon.json would have it, for the keys that decide something.

    Of other lists the texts stay as they were given, of everything else the last one counts.
    """
    found: dict[str, Any] = {}
    for key, values in keys.items():
        if key in _READERS:
            found[key] = _READERS[key](values)
        else:
            found[key] = list(values) if key in _LISTS else _SWITCHED.get(values[-1], values[-1])
    return found


def _pools(values: Sequence[str]) -> list[Any]:
    """`base=10.200.0.0/16,size=24`; what is none of it stays a text, with which Docker does not start."""
    pools: list[Any] = []
    for value in values:
        parts = dict(part.partition("=")[::2] for part in value.split(","))
        size = parts.get("size", "")
        pool = {"base": parts.get("base"), "size": int(size) if size.isdecimal() else size}
        pools.append(pool if set(parts) == {"base", "size"} else value)
    return pools


def _named(values: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (one.partition("=") for one in values)}


def _network_options(values: Sequence[str]) -> dict[str, dict[str, str]]:
    """`bridge=com.docker.network.driver.mtu=1400`: a driver, an option of it, a value."""
    drivers: dict[str, dict[str, str]] = {}
    for driver, _, option in (one.partition("=") for one in values):
        drivers.setdefault(driver, {}).update(_named([option]))
    return drivers


def _features(values: Sequence[str]) -> dict[str, bool]:
    return {name: value in ("", "1", "true") for name, value in _named(values).items()}


def _runtimes(values: Sequence[str]) -> dict[str, dict[str, str]]:
    return {name: {"path": path} for name, path in _named(values).items()}


_SWITCHED: dict[str, Any] = {"true": True, "1": True, "false": False, "0": False}
_READERS: dict[str, Callable[[Sequence[str]], Any]] = {
    "default-address-pools": _pools,
    "default-network-opts": _network_options,
    "features": _features,
    "log-opts": _named,
    "runtimes": _runtimes,
}


def _unit_text(host: Host, packages: Sequence[str]) -> str:
    placed = (host.text(f"{folder}/{UNIT}") for folder in UNIT_FOLDERS)
    text = next((one for one in placed if one), "")
    text = text or next((_TO_COME[name] for name in packages if name in _TO_COME), "")
    return text and text + "".join(_drop_ins(host))


def _drop_ins(host: Host) -> Iterator[str]:
    """In the order of their names; one in an earlier folder hides its namesakes, the unit's those of all."""
    found: dict[str, str] = {}
    for place in [f"{folder}/{kind}.d" for kind in (UNIT, "service") for folder in UNIT_FOLDERS]:
        for name in host.names(place):
            if name.endswith(".conf"):
                found.setdefault(name, host.text(f"{place}/{name}") or "")
    for name in sorted(found):
        yield f"\n{found[name]}\n"


def _service_lines(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        bare = line.strip()
        if bare.startswith("[") and bare.endswith("]"):
            section = bare[1:-1]
        elif section == "Service" and "=" in bare and not bare.startswith(("#", ";")):
            key, _, value = bare.partition("=")
            yield key.strip(), value.strip()


def _of_file(host: Host, name: str) -> dict[str, str]:
    lines = (host.text(name) or "").replace("\\\n", "").splitlines()
    bare = [line.strip() for line in lines]
    return _pairs(line for line in bare if line and not line.startswith(("#", ";")))


def _pairs(words: Sequence[str] | Iterator[str]) -> dict[str, str]:
    pairs = (word.partition("=") for word in words)
    return {key.strip(): _unquoted(value.strip()) for key, equals, value in pairs if equals}


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _expanded(command: str, variables: Mapping[str, str]) -> list[str]:
    """systemd.service(5): a word that is a variable alone is split at blanks, one in braces is not."""
    words: list[str] = []
    for word in shlex.split(command):
        bare = _BARE.fullmatch(word)
        if bare:
            words += shlex.split(variables.get(bare[1], ""))
        else:
            words.append(_BRACED.sub(lambda found: variables.get(found[1], ""), word))
    return words
