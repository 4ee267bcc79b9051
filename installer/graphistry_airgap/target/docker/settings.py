"""Settings of dockerd that decide whether this product runs, each with its reason.

Fatal: the product, or Docker itself, does not start with it. Risky: it works, and something of the product
does not, or is open to others. Harmless: known, and no matter to the product. What is in none of them is said
as unknown. Sources: dockerd's reference (docs.docker.com/reference/cli/dockerd) and moby's daemon/config.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FATAL, RISKY, HARMLESS, UNKNOWN = "fatal", "risky", "harmless", "unknown"


@dataclass(frozen=True)
class Judged:
    key: str
    kind: str
    why: str


def _not(wanted: Any) -> Callable[[Any], bool]:
    return lambda value: value != wanted and not isinstance(value, type(None))


def _is(wanted: Any) -> Callable[[Any], bool]:
    return lambda value: bool(value == wanted)


def _any(value: Any) -> bool:
    return value not in (None, "", [], {}, False)


# key -> (when it matters, kind, why)
_RULES: dict[str, tuple[Callable[[Any], bool], str, str]] = {
    "userns-remap": (
        _any,
        FATAL,
        "containers would run as other users and could not write the release's data directories, "
        "and containers with GPUs do not start under it",
    ),
    "config-file": (
        lambda value: value not in (None, "", "/etc/docker/daemon.json"),
        FATAL,
        "Docker would not read /etc/docker/daemon.json, where the product's settings and NVIDIA's runtime go",
    ),
    "iptables": (_is(False), FATAL, "Docker would open no ports and let no container reach another network"),
    "bridge": (_is("none"), RISKY, "containers outside of the product's own network have none"),
    "ip-masq": (_is(False), RISKY, "containers cannot reach databases outside of this host"),
    "ip-forward": (_is(False), RISKY, "users reach the product only where the host forwards by itself"),
    "icc": (_is(False), RISKY, "on Docker's own bridge containers cannot reach each other"),
    "no-new-privileges": (
        _is(True),
        RISKY,
        "a service that gives up root by sudo or setuid programs at its start does not start",
    ),
    "authorization-plugins": (_any, RISKY, "a plugin decides about each call that the installation makes"),
    "selinux-enabled": (_is(True), RISKY, "containers may not read directories without the label for them"),
    "cgroup-parent": (_any, RISKY, "limits of that group hold for the product's services together"),
    "default-ulimits": (
        _any,
        RISKY,
        "a limit above what the host allows keeps every container from starting, a low one stops databases",
    ),
    "storage-driver": (
        lambda value: value not in (None, "", "overlay2", "overlayfs"),
        RISKY,
        "other drivers than overlay2 need several times the space and time, or are not supported any more",
    ),
    "log-driver": (
        lambda value: value not in (None, "", "json-file", "local", "journald"),
        RISKY,
        "`./graphistry logs` and the messages of a failed service show nothing with this driver",
    ),
    "live-restore": (_is(False), RISKY, "each restart of Docker stops the product"),
    "experimental": (_is(True), RISKY, "what Docker calls experimental may change"),
}
_HARMLESS = frozenset(
    (
        "allow-direct-routing",
        "allow-nondistributable-artifacts",
        "api-cors-header",
        "bip",
        "bip6",
        "bridge-accept-fwmark",
        "builder",
        "cdi-spec-dirs",
        "containerd",
        "containerd-namespace",
        "containerd-plugins-namespace",
        "cpu-rt-period",
        "cpu-rt-runtime",
        "data-root",
        "debug",
        "default-address-pools",
        "default-cgroupns-mode",
        "default-gateway",
        "default-gateway-v6",
        "default-ipc-mode",
        "default-network-opts",
        "default-runtime",
        "default-shm-size",
        "dns",
        "dns-opts",
        "dns-search",
        "exec-opts",
        "exec-root",
        "features",
        "firewall-backend",
        "fixed-cidr",
        "fixed-cidr-v6",
        "group",
        "host-gateway-ip",
        "host-gateway-ips",
        "hosts",
        "http-proxy",
        "https-proxy",
        "init",
        "init-path",
        "insecure-registries",
        "ip",
        "ip6tables",
        "ipv6",
        "labels",
        "log-format",
        "log-level",
        "log-opts",
        "max-concurrent-downloads",
        "max-concurrent-uploads",
        "max-download-attempts",
        "metrics-addr",
        "min-api-version",
        "mtu",
        "network-control-plane-mtu",
        "no-proxy",
        "node-generic-resources",
        "oom-score-adjust",
        "pidfile",
        "proxies",
        "raw-logs",
        "registry-mirrors",
        "runtimes",
        "seccomp-profile",
        "shutdown-timeout",
        "storage-opts",
        "swarm-default-advertise-addr",
        "tls",
        "tlscacert",
        "tlscert",
        "tlskey",
        "tlsverify",
        "userland-proxy",
        "userland-proxy-path",
        "validate",
    )
)
_TEXT_MAPS = ("log-opts",)


def judge(config: Mapping[str, Any], *, exists: Callable[[str], bool]) -> Iterator[Judged]:
    """What is to be said of these settings; `exists` tells whether a program is there."""
    for key in sorted(config):
        value = config[key]
        rule = _RULES.get(key)
        if rule is None and key not in _HARMLESS:
            yield Judged(key, UNKNOWN, "it is not known what it does to the product")
        elif rule and rule[0](value):
            yield Judged(key, rule[1], rule[2])
    yield from _types(config)
    yield from _runtimes(config, exists)
    if _any(config.get("hosts")) and _open_socket(config):
        yield Judged("hosts", RISKY, "whoever reaches that port without TLS is root on this host")


def _types(config: Mapping[str, Any]) -> Iterator[Judged]:
    """Docker wants texts here, numbers in quotes too; with anything else it does not start."""
    for key in _TEXT_MAPS:
        value = config.get(key)
        wrong = (
            sorted(name for name, one in value.items() if not isinstance(one, str))
            if isinstance(value, dict)
            else []
        )
        if wrong:
            shown = ", ".join(f'"{name}": {(value or {})[name]!r}' for name in wrong)
            yield Judged(
                key, FATAL, f"Docker does not start with a value that is no text ({shown}); put it in quotes"
            )


def _runtimes(config: Mapping[str, Any], exists: Callable[[str], bool]) -> Iterator[Judged]:
    """Runtimes whose program is gone."""
    runtimes = config.get("runtimes")
    runtimes = runtimes if isinstance(runtimes, dict) else {}
    default = config.get("default-runtime")
    for name in sorted(runtimes):
        path = runtimes[name].get("path") if isinstance(runtimes[name], dict) else None
        if not isinstance(path, str) or not path or exists(path):
            continue
        why = f"its program {path} does not exist"
        if name == "nvidia":
            yield Judged(f"runtimes.{name}", RISKY, f"{why}; the toolkit enters its own in its place")
        elif name == default:
            yield Judged(f"runtimes.{name}", FATAL, f"{why}, and no container starts with it")
        else:
            yield Judged(f"runtimes.{name}", RISKY, why)
    if isinstance(default, str) and default not in ("", "runc", "nvidia", *runtimes):
        yield Judged("default-runtime", FATAL, f"no runtime of the name {default} is known to Docker")


def _open_socket(config: Mapping[str, Any]) -> bool:
    hosts = config.get("hosts")
    found = [one for one in hosts if isinstance(one, str)] if isinstance(hosts, list) else []
    return any(one.startswith("tcp://") for one in found) and not config.get("tlsverify")
