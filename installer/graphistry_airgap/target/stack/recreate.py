"""Which containers must be made anew: what they run with, compared with what the files now mean.

Compose itself makes every service anew that names a changed env file.  Here a service counts as changed when
a variable differs that it reads, or when anything but its environment differs.  A service that only carries
an old value of a variable that it does not read goes on as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    # what a container was made by, and what it would be made by now
    Shapes = tuple[dict[str, str], dict[str, str]]

HASH_LABEL = "com.docker.compose.config-hash"
ONE_OFF_LABEL = "com.docker.compose.oneoff"
IMAGE_LABEL = "com.docker.compose.image"
SERVICE_LABEL = "com.docker.compose.service"
# no release names a service like this
_VARIANT = ".airgap-variant-"
# beyond this only all and none: the number of sets doubles with each dependency
_MOST_SETS = 5
# Docker's client adds these from its own settings
_PROXIES = {"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"}


@dataclass(frozen=True)
class Container:
    """What one container was made from; `image_environment` is what its image brings along.

    `restarts`: Docker is to start it again when it ends, so it is no one-shot container.  `one_off` was made
    by `run` beside the service's own.
    """

    service: str
    running: bool
    config_hash: str
    image: str
    environment: Mapping[str, str]
    image_environment: Mapping[str, str]
    restarts: bool = True
    one_off: bool = False


@dataclass(frozen=True)
class Drift:
    """`anew` and `kept`: service to the names that differ; `kept` ones do not read them or hold data.

    `reshaped` are services whose environment is as it should be and something else may not be.  `values` has
    both values of each name that differs, `shapes` what else differs: Compose's hash and the image.
    Of `stopped` ones fewer containers run than are meant to, whatever the others ended with: somebody stopped
    or removed them.  `imageless` are those whose image's name this host does not know.
    """

    anew: dict[str, list[str]] = field(default_factory=dict)
    kept: dict[str, list[str]] = field(default_factory=dict)
    reshaped: list[str] = field(default_factory=list)
    values: dict[str, dict[str, tuple[str | None, str | None]]] = field(default_factory=dict)
    shapes: dict[str, Shapes] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    imageless: dict[str, str] = field(default_factory=dict)


def container(inspected: Mapping[str, Any], images: Mapping[str, Mapping[str, str]]) -> Container:
    """From `docker inspect`; `images` gives the environment of an image by its id."""
    labels = inspected["Config"].get("Labels") or {}
    return Container(
        service=labels.get(SERVICE_LABEL, ""),
        running=inspected["State"]["Status"] == "running",
        config_hash=labels.get(HASH_LABEL, ""),
        image=labels.get(IMAGE_LABEL) or inspected["Image"],
        environment=pairs(inspected["Config"].get("Env")),
        image_environment=images.get(inspected["Image"], {}),
        restarts=inspected["HostConfig"]["RestartPolicy"]["Name"] not in ("", "no"),
        one_off=labels.get(ONE_OFF_LABEL) == "True",
    )


def pairs(environment: Iterable[str] | None) -> dict[str, str]:
    """Docker's list of `NAME=value` as a mapping."""
    return {name: value for name, _, value in (entry.partition("=") for entry in environment or ())}


def wanted_environment(service: Mapping[str, Any]) -> dict[str, str]:
    """From `config --format json`, which doubles each dollar; a name without a value is not passed on."""
    given = service.get("environment") or {}
    return {name: str(value).replace("$$", "$") for name, value in given.items() if value is not None}


def differing(found: Container, wanted: Mapping[str, str]) -> list[str]:
    """Names whose value in the container is not what the files now mean."""
    names = {name for name, value in wanted.items() if found.environment.get(name) != value}
    return sorted(names | {name for name in _given(found) if name not in wanted})


def _given(found: Container) -> dict[str, str]:
    """The container's environment without what its image and Docker's client put there."""
    return {
        name: value
        for name, value in found.environment.items()
        if found.image_environment.get(name) != value and name.lower() not in _PROXIES
    }


class Readers:
    """Which service reads which variable.

    A variable that is not listed is read by all that have it, and so is every variable by a service
    that the lists do not know: then the lists are older than the release.
    """

    def __init__(self, readers: Mapping[str, list[str]]) -> None:
        self.readers = readers
        self.services = {service for services in readers.values() for service in services}

    def read(self, service: str, name: str) -> bool:
        return name not in self.readers or service not in self.services or service in self.readers[name]


def drift(
    containers: Iterable[Container],
    services: Mapping[str, Mapping[str, Any]],
    *,
    readers: Readers,
    protected: Iterable[str],
) -> Drift:
    """Judge by environments alone; a protected service holds data and is never made anew for a variable."""
    containers = list(containers)
    result = Drift(stopped=_stopped(containers, services))
    for found in containers:
        wanted = wanted_environment(services[found.service]) if found.service in services else {}
        names = differing(found, wanted) if found.service in services else []
        if not names:
            continue
        pairs_of = {name: (found.environment.get(name), wanted.get(name)) for name in names}
        # a service can have several containers, each of another day
        result.values.setdefault(found.service, {}).update(pairs_of)
        read = [name for name in names if readers.read(found.service, name)]
        if read and found.service not in protected:
            result.anew[found.service] = read
        else:
            result.kept[found.service] = names
    return result


def _stopped(containers: Iterable[Container], services: Mapping[str, Mapping[str, Any]]) -> set[str]:
    own: dict[str, list[Container]] = {}
    for one in containers:
        if one.service in services:
            own.setdefault(one.service, [])
            own[one.service] += [] if one.one_off else [one]
    return {
        name
        for name, mine in own.items()
        if sum(one.running for one in mine) < _replicas(services[name])
        and (not mine or any(one.restarts for one in mine))
    }


def _replicas(service: Mapping[str, Any]) -> int:
    given = (service.get("deploy") or {}).get("replicas", service.get("scale"))
    return 1 if given is None else int(given)


def as_made(
    config: Mapping[str, Any], containers: Iterable[Container], kept: Iterable[str]
) -> dict[str, Any]:
    """The configuration with the kept services' own environments, each service in its variants.

    Compose's hash of one of a service's variants is that of its container, unless more than the
    environment differs.  What a service depends on counts into the hash, and `--no-deps` drops from it
    whatever was not named beside it: so each set of dependencies is a variant.
    """
    made = {found.service: found for found in containers}
    services = {}
    for name, service in config["services"].items():
        base = dict(service)
        if name in kept:
            wanted = service.get("environment") or {}
            given = {key: value for key, value in made[name].environment.items() if key in wanted}
            given |= _given(made[name])
            base["environment"] = {key: value.replace("$", "$$") for key, value in sorted(given.items())}
        for number, dependencies in enumerate(_dependencies(service)):
            services[f"{name}{_VARIANT}{number}" if number else name] = base | {"depends_on": dependencies}
    return {**config, "services": services}


def _dependencies(service: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All of them first, then every smaller set; a name of its own can stand only once in a file."""
    given = service.get("depends_on") or {}
    if service.get("container_name"):
        return [given]
    sizes = range(len(given), -1, -1) if len(given) <= _MOST_SETS else (len(given), 0)
    return [{name: given[name] for name in names} for size in sizes for names in combinations(given, size)]


def otherwise_changed(
    containers: Iterable[Container], hashes: Mapping[str, str], images: Mapping[str, str]
) -> dict[str, Shapes]:
    """Services of which more than the environment differs: by hash, or by the image behind its name."""
    known: dict[str, set[str]] = {}
    for variant, digest in hashes.items():
        known.setdefault(variant.split(_VARIANT)[0], set()).add(digest)
    changed = {}
    for found in sorted(containers, key=lambda one: one.service):
        is_, fits = {"hash": found.config_hash, "image": found.image}, known.get(found.service, set())
        digest = found.config_hash if found.config_hash in fits else hashes.get(found.service, "")
        wanted = {"hash": digest, "image": images.get(found.service, found.image)}
        if fits and is_ != wanted:
            changed[found.service] = (is_, wanted)
    return changed


def read_hashes(output: str) -> dict[str, str]:
    """`config --hash '*'` prints one service and one hash a line."""
    rows = (line.split() for line in output.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}
