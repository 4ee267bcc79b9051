"""The running stack: every service healthy, only caddy published, public health paths answered."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graphistry_airgap.checks import knock, reach
from graphistry_airgap.checks.machine import Machine, ask, env_files
from graphistry_airgap.target.envfile import context as env_context
from graphistry_airgap.target.preflight.probes import network as probe_network

KNOCK = Path(knock.__file__)
HEALTH_PATHS = (
    "/caddy/health/",
    "/healthz",
    "/healthcheck/",
    "/ht/",
    "/streamgl-viz/health",
    "/pivot/health",
    "/streamgl-sessions/health",
    "/streamgl-gpu/primary/health",
    "/streamgl-gpu/secondary/cpu/health",
    "/streamgl-gpu/secondary/gpu/health",
)


@pytest.fixture(scope="module")
def containers(host: Any, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """As Compose tells of them, one row each."""
    if facts["purpose"] != "server":
        return []
    text = ask(host, f"cd {facts['release_directory']} && sh ./graphistry ps --all --format json")
    rows = [json.loads(line) for line in text.splitlines() if line.startswith(("{", "["))]
    return [row for item in rows for row in (item if isinstance(item, list) else [item])]


@dataclass(frozen=True, repr=False)
class Defined:
    """The release's services as Compose reads them, and never shown as pytest shows what a test is given."""

    services: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def defined(host: Any, facts: dict[str, Any]) -> Defined:
    if facts["purpose"] != "server":
        return Defined({})
    text = ask(host, f"cd {facts['release_directory']} && sh ./graphistry config --format json")
    return Defined(json.loads(text)["services"])


@pytest.mark.usefixtures("server_only")
def test_every_service_of_the_release_is_healthy(defined: Defined, containers: list[dict[str, Any]]) -> None:
    state = {row["Service"]: row.get("Health") or row["State"] for row in containers}
    wrong = {
        name: state.get(name, "absent")
        for name in sorted(defined.services)
        if state.get(name) not in {"healthy", "running"}
    }
    assert not wrong, f"not healthy: {wrong}"


@pytest.mark.usefixtures("server_only")
def test_the_release_reads_its_env_files_in_the_known_order(
    host: Any, facts: dict[str, Any], defined: Defined
) -> None:
    """Else what the tool says of a value is not what containers get."""
    given: dict[str, set[str]] = {}
    for service in defined.services.values():
        for name, value in (service.get("environment") or {}).items():
            given.setdefault(name, set()).add((value or "").replace("$$", "$"))
    wrong = env_context.won_by_others(env_files(host, facts), given)
    assert not wrong, f"another env file wins than in the order .env, telemetry, custom, cluster: {wrong}"


@pytest.mark.usefixtures("server_only")
def test_only_caddy_is_published(containers: list[dict[str, Any]]) -> None:
    published = {
        (row["Service"], port["TargetPort"])
        for row in containers
        for port in row.get("Publishers") or []
        if port.get("PublishedPort")
    }
    assert {service for service, _ in published} == {"caddy"}
    assert {port for _, port in published} <= {reach.HTTP, reach.HTTPS}


@pytest.fixture(scope="module")
def bound(containers: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Addresses and ports that lead to caddy's HTTP."""
    return reach.bindings(containers, reach.HTTP)


@pytest.fixture(scope="module")
def doors(host: Any, bound: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Where users knock; loopback on a host that has no other address, or where nothing else is open."""
    own = probe_network.addresses(Machine.over(host))
    users = reach.for_users(bound, own)
    return users or [(reach.LOOPBACK, port) for _, port in bound]


@pytest.fixture(scope="module")
def silence(host: Any, facts: dict[str, Any], doors: list[tuple[str, int]]) -> dict[str, str]:
    """Each URL that is asked for, with the reason why it gave no good answer; empty for one."""
    urls = [reach.url(*door, "/caddy/health/") for door in doors]
    urls += [reach.url(*doors[0], path) for path in HEALTH_PATHS if doors]
    command = [facts["python"], "-I", "-c", KNOCK.read_text(encoding="utf-8"), *dict.fromkeys(urls)]
    answers: dict[str, str] = json.loads(ask(host, shlex.join(command)))
    return answers


@pytest.mark.usefixtures("server_only")
def test_users_reach_the_product_s_port(
    facts: dict[str, Any],
    bound: list[tuple[str, int]],
    doors: list[tuple[str, int]],
    silence: dict[str, str],
) -> None:
    """Docker may have opened it on loopback alone, where only this host finds it."""
    if reach.only_loopback(bound):
        if "loopback-only" in facts["waived"]:
            pytest.skip("its ports are open on loopback alone, which the site file waives (loopback-only)")
        pytest.fail(
            f"caddy is open on {', '.join(sorted({address for address, _ in bound}))} alone, and no user "
            "reaches it there; take host_binding_ipv4 out of /etc/docker/daemon.json (default-network-opts), "
            "remove the network (`./graphistry down`, which keeps the data) and install again, or accept it "
            "with `waive: [loopback-only]`",
            pytrace=False,
        )
    if {address for address, _ in doors} == {reach.LOOPBACK}:
        pytest.skip("this host has no address but loopback: nobody else can reach it yet")
    urls = [reach.url(*door, "/caddy/health/") for door in doors]
    silent = {url: silence[url] for url in urls if silence[url]}
    assert not silent, f"no answer: {silent}"


@pytest.mark.usefixtures("server_only")
@pytest.mark.parametrize("path", HEALTH_PATHS)
def test_public_health_path_answers_through_caddy(
    path: str, doors: list[tuple[str, int]], silence: dict[str, str]
) -> None:
    assert doors, "caddy has no published port"
    said = silence[reach.url(*doors[0], path)]
    # the check's name has the path, so that one cause is one error
    assert not said, f"{reach.url(*doors[0], '')}: {said}"


@pytest.mark.usefixtures("server_only")
def test_an_administrator_exists(host: Any, facts: dict[str, Any]) -> None:
    if "administrator" in facts["waived"]:
        pytest.skip("waived in the site file")
    script = f"cd {facts['release_directory']} && CMD_NAME=list_accounts sh etc/scripts/nexus-command.sh"
    assert ask(host, script).split()


@pytest.mark.usefixtures("server_only")
def test_the_stack_comes_back_after_a_boot(host: Any) -> None:
    assert host.service("graphistry").is_enabled, "graphistry.service is not enabled"


@pytest.mark.usefixtures("template_only")
def test_a_template_runs_nothing(host: Any) -> None:
    names = ask(host, "docker ps --all --format '{{.Names}}'").split()
    assert not names, f"a template has no containers, each of its clones would have them: {', '.join(names)}"
