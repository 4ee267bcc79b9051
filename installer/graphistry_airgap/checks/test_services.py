"""The running stack: every service healthy, only caddy published, public health paths answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
PROBE = (
    "import ssl,sys,urllib.request as u;"
    "c=ssl._create_unverified_context();"
    "o=u.build_opener(u.ProxyHandler({}),u.HTTPSHandler(context=c));"
    "print(o.open(sys.argv[1],timeout=30).status)"
)


def containers(host: Any, facts: dict[str, Any]) -> list[dict[str, Any]]:
    text = host.check_output(f"cd {facts['release_directory']} && sh ./graphistry ps --all --format json")
    rows = [json.loads(line) for line in text.splitlines() if line.startswith(("{", "["))]
    return [row for item in rows for row in (item if isinstance(item, list) else [item])]


@pytest.mark.usefixtures("server_only")
def test_every_service_of_the_release_is_healthy(host: Any, facts: dict[str, Any]) -> None:
    defined = host.check_output(
        f"cd {facts['release_directory']} && sh ./graphistry config --services"
    ).split()
    state = {row["Service"]: row.get("Health") or row["State"] for row in containers(host, facts)}
    wrong = {
        name: state.get(name, "absent") for name in defined if state.get(name) not in {"healthy", "running"}
    }
    assert not wrong, f"not healthy: {wrong}"


@pytest.mark.usefixtures("server_only")
def test_only_caddy_is_published(host: Any, facts: dict[str, Any]) -> None:
    published = {
        (row["Service"], port["PublishedPort"])
        for row in containers(host, facts)
        for port in row.get("Publishers") or []
        if port.get("PublishedPort")
    }
    assert {service for service, _ in published} == {"caddy"}
    assert {port for _, port in published} <= {80, 443}


@pytest.mark.usefixtures("server_only")
@pytest.mark.parametrize("path", HEALTH_PATHS)
def test_public_health_path_answers_through_caddy(host: Any, path: str) -> None:
    answer = host.run(f"/usr/bin/python3 -I -c '{PROBE}' 'http://127.0.0.1{path}'")
    assert answer.stdout.strip().startswith("2"), answer.stderr[-300:]


@pytest.mark.usefixtures("server_only")
def test_an_administrator_exists(host: Any, facts: dict[str, Any]) -> None:
    if "administrator" in facts["waived"]:
        pytest.skip("waived in the site file")
    script = f"cd {facts['release_directory']} && CMD_NAME=list_accounts sh etc/scripts/nexus-command.sh"
    assert host.check_output(script).split()


@pytest.mark.usefixtures("server_only")
def test_the_stack_comes_back_after_a_boot(host: Any) -> None:
    assert host.service("graphistry").is_enabled


@pytest.mark.usefixtures("template_only")
def test_a_template_runs_nothing(host: Any) -> None:
    assert host.check_output("docker ps --all --quiet") == ""
