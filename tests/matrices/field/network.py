"""Rows about networks: pools, routes, firewalls, and where the product's ports open."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from graphistry_airgap.checks import reach
from graphistry_airgap.core.errors import AirgapError, FindingsError
from graphistry_airgap.installation.site_file import Site
from graphistry_airgap.installation.site_networks import require_pools
from graphistry_airgap.knowledge.formats import load_document
from graphistry_airgap.target.docker import daemon_json as daemon_config
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.probes import docker as probe_docker
from lab.hosts.prepared_host import ADMINISTRATOR_FILE, MEDIUM
from tests.kit.fakes.network_profiles import bridge, findings, firewall_findings, profile, route
from tests.kit.faults.host_faults import content, living_state, site
from tests.kit.hosts.demo_hosts import tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graphistry_airgap.target.finding import Finding
    from lab.hosts.sealed_host import SealedHost

HERE = Path(__file__).resolve().parent
CASES = HERE.parents[2].parent / "shared" / "cases"
CAPTURES = HERE.parents[1] / "data" / "nft"
DAEMON_JSON = "/etc/docker/daemon.json"


def case(name: str) -> bytes:
    path = CASES / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path.read_bytes()


def told(found: Sequence[Finding]) -> dict[str, Any]:
    return {
        "exit": 3 if any(item.severity == "error" for item in found) else 0,
        "codes": [item.code for item in found],
        "text": "\n".join(f"{item.severity}: {item.message}; {item.hint}" for item in found),
        "data": {item.code: item.severity for item in found},
    }


def judged(
    pools: Any = (),
    site_pools: Sequence[Any] = (),
    routes: Sequence[dict[str, Any]] = (),
    bridge_subnet: str = "",
    waive: Sequence[str] = (),
    **given: Any,
) -> dict[str, Any]:
    """What preflight says about a host with this daemon.json and these routes."""
    engine = (
        {"networks": [bridge_subnet], "bridges": [bridge("bridge", bridge_subnet)]} if bridge_subnet else {}
    )
    made = profile(pools=pools or [], engine=engine, **given)
    made["routes"] += [route(**one) for one in routes]
    return told(findings(made, address_pools=list(site_pools), waive=list(waive)))


def daemon_json(file: str) -> dict[str, Any]:
    """The file of a case, judged for a host without networks."""
    value = json.loads(case(f"daemon-json/{file}"))
    opts = value.get("default-network-opts", {}).get("bridge", {})
    binding = opts.get("com.docker.network.bridge.host_binding_ipv4")
    return judged(pools=value.get("default-address-pools", []), network={"host_binding": binding})


def flagged(options: str, **given: Any) -> dict[str, Any]:
    """What preflight says where Debian's unit gives dockerd these flags."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "etc/default/docker")
        path.parent.mkdir(parents=True)
        path.write_text(f'DOCKER_OPTS="{options}"\n')
        host = Host(run=lambda argv, environment: (1, "", ""), root=Path(folder))
        found = probe_docker.settings(host, ["docker.io"])
    return judged(pools=found["address_pools"], network=found["network"], flags=found["flags"], **given)


def firewall(capture: str, **network: Any) -> dict[str, Any]:
    """A ruleset as nft listed it."""
    made = profile(network=network)
    made["firewall"]["nft"]["entries"] = json.loads((CAPTURES / capture).read_text())["nftables"]
    return told(firewall_findings(made))


def doors(bound: Sequence[str], own: Sequence[str]) -> dict[str, Any]:
    """Where `verify` asks when Compose tells these addresses of caddy's port."""
    published = [{"URL": one, "TargetPort": 80, "PublishedPort": 80} for one in bound]
    seen = reach.bindings([{"Service": "caddy", "Publishers": published}], reach.HTTP)
    only = reach.only_loopback(seen)
    asked = [address for address, _ in reach.for_users(seen, own)]
    return {"exit": 1 if only else 0, "data": {"asked": asked, "only_loopback": only}}


def site_file(pools: Sequence[Any]) -> dict[str, Any]:
    """A site file with these pools, as each command reads it first."""
    document = {"schema": 1, "purpose": "server", "docker": {"address_pools": pools}}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "site.yml"
        path.write_text(yaml.safe_dump(document))
        try:
            require_pools(
                Site.from_document(load_document(path, "site-v1", what="the site file")), "site.yml"
            )
        except AirgapError as error:
            errors = error.errors if isinstance(error, FindingsError) else [error]
            return {
                "exit": int(error.exit_code),
                "codes": [one.code for one in errors],
                "text": "\n".join(f"{one.message}; {one.hint}" for one in errors),
            }
    return {"exit": 0, "codes": [], "text": ""}


def corrected(first: Sequence[Any], second: Sequence[Any]) -> dict[str, Any]:
    """daemon.json after a site file with a mistake, and after its correction."""
    root = daemon_config.Root("/var/lib/docker")
    written = [list(first)]
    one = daemon_config.merge({}, daemon_config.Wanted(address_pools=list(first)), root)
    wanted = daemon_config.Wanted(address_pools=list(second), written_pools=written)
    two = daemon_config.merge(one, wanted, root)
    return {
        "exit": 0,
        "data": {"first": one.get(daemon_config.POOLS), "second": two.get(daemon_config.POOLS)},
    }


def _site(docker: str = "", waive: str = "") -> str:
    text = f"schema: 1\npurpose: server\nadministrator:\n  secret_file: {ADMINISTRATOR_FILE}\n"
    return text + (f"docker:\n  address_pools: [{docker}]\n" if docker else "") + waive


@contextmanager
def _routes(host: SealedHost, routes: Sequence[str]) -> Iterator[None]:
    with ExitStack() as stack:
        for one in routes:
            host.require(["ip", "route", "add", *one.split()])
            stack.callback(host.require, ["ip", "route", "del", *one.split()])
        yield


@contextmanager
def _rules(host: SealedHost, rules: bytes) -> Iterator[None]:
    """These rules of nftables, loaded by nft itself."""
    tables = [line.split()[1:3] for line in rules.decode().splitlines() if line.startswith("table ")]
    host.require(["nft", "-f", "-"], stdin=rules)
    try:
        yield
    finally:
        for family, name in tables:
            host.require(["nft", "delete", "table", family, name])


def _seen(host: SealedHost, *command: str) -> dict[str, Any]:
    """A command that refuses, and whether it left the host as it was."""
    before = living_state(host)
    status, document = tool(host, *command)
    rows = [*document["errors"], *document.get("data", {}).get("findings", [])]
    return {
        "exit": status,
        "codes": [one["code"] for one in rows],
        "text": "\n".join(f"{one['message']}; {one.get('hint', '')}" for one in rows),
        "data": {one["code"]: one.get("severity", "error") for one in rows},
        "unchanged": before == living_state(host),
    }


def preflight(
    host: SealedHost,
    *,
    docker: str = "",
    waive: str = "",
    daemon: str = "",
    daemon_case: str = "",
    restart: bool = False,
    routes: Sequence[str] = (),
    files: dict[str, str] | None = None,
    rules: str = "",
    rules_case: str = "",
    before: str = "",
    after: str = "",
) -> dict[str, Any]:
    """Preflight on a host with Docker, in a situation that is undone again."""
    with ExitStack() as stack:
        if before:
            host.require(["sh", "-c", before])
            stack.callback(host.require, ["sh", "-c", after])
        if daemon or daemon_case:
            if restart:
                stack.callback(host.require, ["systemctl", "restart", "docker"])
            data = case(f"daemon-json/{daemon_case}") if daemon_case else daemon.encode()
            stack.enter_context(content(host, DAEMON_JSON, data))
        if restart:
            host.require(["systemctl", "restart", "docker"])
        for path, text in (files or {}).items():
            stack.enter_context(content(host, path, text.encode()))
        if rules or rules_case:
            stack.enter_context(_rules(host, case(rules_case) if rules_case else rules.encode()))
        stack.enter_context(_routes(host, routes))
        stack.enter_context(site(host, _site(docker, waive)))
        return _seen(host, "preflight", "--bundle", MEDIUM)


def verified(host: SealedHost, ports: Sequence[str]) -> dict[str, Any]:
    """`verify` on a host whose caddy is published on these addresses."""
    release = host.require(["readlink", "-f", "/var/graphistry/current"]).strip()
    override = f"{release}/docker-compose.override.yml"
    listed = ", ".join(f'"{one}"' for one in ports)
    start = ["sh", "-c", "cd /var/graphistry/current && sh ./graphistry up -d --wait --no-deps caddy"]
    with ExitStack() as stack:
        stack.callback(host.require, start)
        text = f"services:\n  caddy:\n    ports: !override [{listed}]\n"
        stack.enter_context(content(host, override, text.encode()))
        host.require(start)
        status, document = tool(host, "verify", "--bundle", MEDIUM)
    failed = document["errors"]
    return {
        "exit": status,
        "codes": [one["code"] for one in failed],
        "text": "\n".join(f"{one['message']}; {one.get('hint', '')}" for one in failed),
    }


RUNS: dict[str, Callable[..., dict[str, Any]]] = {
    "judged": judged,
    "daemon_json": daemon_json,
    "flagged": flagged,
    "firewall": firewall,
    "doors": doors,
    "site_file": site_file,
    "corrected": corrected,
    "preflight": preflight,
    "verified": verified,
}
