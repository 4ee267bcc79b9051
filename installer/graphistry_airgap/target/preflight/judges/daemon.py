"""Judgements about dockerd's settings, flags and file together, as dockerd itself will take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...docker import settings as daemon_table
from ...finding import ERROR, INFO, WARNING, Finding
from . import docker as findings_docker, network as findings_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FILE = "/etc/docker/daemon.json"
_LOOK = "`systemctl cat docker` shows the flags with their drop-ins; /etc/default/docker may add some"


def refused(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Docker's own words first; the conflict in ours where no dockerd can be asked yet."""
    daemon = profile["docker"]["daemon"]
    if daemon["refusal"]:
        yield Finding(
            ERROR,
            "daemon-json-refused",
            f"dockerd refuses its own settings: {daemon['refusal']}",
            daemon["refusal"],
            f"a {_FILE} with which dockerd starts",
            f"mend it until `dockerd --validate` with the unit's flags is content; {_LOOK}",
            _FILE,
        )
    elif daemon["conflicts"]:
        names = ", ".join(daemon["conflicts"])
        yield Finding(
            ERROR,
            "docker-flags-conflict",
            f"{names} stands both in {_FILE} and as a flag of Docker's unit: Docker does not start so",
            names,
            "each setting in one of the two places",
            f"take it out of one; {_LOOK}",
            _FILE,
        )
    elif daemon["refusal_then"]:
        yield Finding(
            ERROR,
            "daemon-json-would-be-refused",
            f"dockerd would refuse {_FILE} with what this installation adds: {daemon['refusal_then']}",
            daemon["refusal_then"],
            "settings that go together with data root, address pools, log rotation and live-restore",
            _LOOK,
            _FILE,
        )
    problem = daemon["problem"]
    if problem and not _told_elsewhere(problem["code"], profile, requirements):
        yield Finding(
            ERROR,
            problem["code"],
            problem["message"],
            problem["message"],
            "each setting in one place, and one that this installation can keep",
            problem["hint"],
            _FILE,
        )


def _told_elsewhere(code: str, profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> bool:
    """What is wrong with pools or with the image store, their own judges tell."""
    if code == "host-address-pools-conflict":
        return findings_network.contradicts(profile, requirements)
    return code.startswith("host-image-store") and any(findings_docker.image_store(profile, requirements))


def settings(profile: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Finding]:
    """By the table: fatal ones stop, risky ones and unknown ones are said."""
    daemon = profile["docker"]["daemon"]
    for one in daemon["judged"]:
        if one["kind"] == daemon_table.FATAL:
            yield Finding(
                ERROR,
                "daemon-setting-fatal",
                f"Docker's setting {one['key']} does not go with this product: {one['why']}",
                one["key"],
                f"{one['key']} as Docker has it by default, or another value",
                f"change it in {_FILE} (or in the unit's flags) and restart Docker; nothing was changed",
                _FILE,
            )
        elif one["kind"] == daemon_table.RISKY:
            yield Finding(
                WARNING,
                "daemon-setting-risky",
                f"Docker's setting {one['key']}: {one['why']}",
                one["key"],
                "nothing, if that is meant",
                f"see {_FILE}",
                _FILE,
            )
        else:
            yield Finding(
                WARNING,
                "daemon-setting-unknown",
                f"Docker's setting {one['key']} stays as it is; {one['why']}",
                one["key"],
                "a setting that dockerd knows",
                "`dockerd --help` lists them; one that is spelt otherwise keeps Docker from starting",
                _FILE,
            )
    if daemon["twice"]:
        names = ", ".join(daemon["twice"])
        yield Finding(
            WARNING,
            "daemon-json-twice",
            f"{_FILE} has more than once: {names}. Of lists and single values Docker takes the last one, "
            "objects it fills with all of them; what this installation writes says the same in one place",
            names,
            "each setting once",
            "look whether that is what you mean",
            _FILE,
        )


def optional(profile: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Finding]:
    """What would be good to have and is not worth anybody's container."""
    daemon, engine = profile["docker"]["daemon"], profile["docker"]["engine"]
    if daemon["optional"] and engine["containers"]:
        names = ", ".join(daemon["optional"])
        yield Finding(
            INFO,
            "docker-log-rotation-left",
            f"{names} would need a restart of Docker, which runs containers: it is left as it is, and "
            "container logs grow without end",
            names,
            "nothing",
            "set log-driver and log-opts there yourself, and restart Docker when it suits",
            _FILE,
        )
