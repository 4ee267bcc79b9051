"""A changed variable on a running stack: exactly its readers are made anew, and the operator's bytes stay.

The tests follow each other on one host; each ends with a stack that a further run does not change.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.kit.hosts.demo_hosts import tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

RELEASE = "/var/graphistry/releases/v2.50.1"
CUSTOM_ENV = f"{RELEASE}/data/config/custom.env"
RMM = {
    "forge-etl-python",
    "streamgl-gpu",
    "dask-cuda-worker",
    "notebook",
    "graph-app-kit-public",
    "graph-app-kit-private",
}
# they name no env file
WITHOUT_ENV_FILE = {"caddy", "nginx", "postgres", "redis"}
RERUNS = 10
# it takes a name over from the installer's block with the value that it has there
AT_THE_TOP = b"# mine: caf\xe9\r\nexport  AIR_GAPPED = '1' # why\r\n"
# a byte that is no UTF-8, a comment, a quoted value over two lines, and no newline at the end
BY_HAND = b"# by hand: caf\xe9\r\nexport  PIVOT_DATA_DIR = 'data' # why\nMY_NOTE=\"two\nlines\"\nMY_LAST=1"


@pytest.fixture(scope="module")
def host(installed_host: Callable[[str], SealedHost]) -> SealedHost:
    host = installed_host("env")
    write(host, AT_THE_TOP + content(host))
    return host


@pytest.fixture(scope="module", autouse=True)
def secrets(host: SealedHost) -> list[bytes]:
    """Those of the first installation."""
    return secret_lines(host)


def again(host: SealedHost) -> dict[str, Any]:
    code, document = tool(host, "install", timeout=600)
    assert code == 0, document["errors"]
    found: dict[str, Any] = document["data"]
    return found


def containers(host: SealedHost) -> dict[str, dict[str, Any]]:
    """Service to `docker inspect` of its container."""
    names = host.exec(["sh", "-c", "docker ps -aq --no-trunc | xargs docker inspect"]).stdout
    return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in json.loads(names)}


def environment(host: SealedHost, service: str) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in containers(host)[service]["Config"]["Env"])


def new_since(before: dict[str, dict[str, Any]], host: SealedHost) -> set[str]:
    """Services with another container, or one that was started again."""
    after = containers(host)
    assert set(after) == set(before)
    return {
        name
        for name, one in after.items()
        if one["Id"] != before[name]["Id"] or one["State"]["StartedAt"] != before[name]["State"]["StartedAt"]
    }


def put(host: SealedHost, *words: str) -> None:
    code, document = tool(host, "env", *words)
    assert code == 0, document["errors"]


def content(host: SealedHost) -> bytes:
    return bytes.fromhex(
        host.exec(["python3", "-c", f"print(open({CUSTOM_ENV!r}, 'rb').read().hex())"]).stdout
    )


def write(host: SealedHost, data: bytes) -> None:
    """In place, as an editor does that keeps owner and mode."""
    script = f"import sys; open({CUSTOM_ENV!r}, 'wb').write(sys.stdin.buffer.read())"
    assert host.exec(["python3", "-c", script], stdin=data).rc == 0


def secret_lines(host: SealedHost) -> list[bytes]:
    names = (b"DJANGO_SECRET_KEY=", b"GRAPHISTRY_NEXUS_")
    return [line for line in content(host).splitlines() if line.startswith(names)]


def settled(host: SealedHost) -> None:
    assert content(host).startswith(AT_THE_TOP)
    before = containers(host)
    assert again(host)["changed"] == 0
    assert new_since(before, host) == set()


@pytest.mark.parametrize(
    ("assignment", "anew"),
    [
        pytest.param("FORGE_NUM_WORKERS=2", {"forge-etl-python"}, marks=pytest.mark.long),
        ("RMM_ALLOCATOR=default", RMM),
        pytest.param("COOKIE_SECURE=true", {"nexus"}, marks=pytest.mark.long),
    ],
)
def test_exactly_the_readers_are_made_anew(host, assignment, anew):
    before = containers(host)
    put(host, "set", assignment)
    assert again(host)["changed"] > 0
    assert new_since(before, host) == anew
    name, value = assignment.split("=")
    for service in anew:
        assert environment(host, service)[name] == value
    settled(host)


def test_what_a_variable_fills_into_the_compose_file_counts_too(host):
    """UPLOAD_MAX_SIZE reaches nginx through the compose file, CUDA_VISIBLE_DEVICES under another name."""
    before = containers(host)
    put(host, "set", "UPLOAD_MAX_SIZE=2G", "NOTEBOOK_CUDA_VISIBLE_DEVICES=0")
    again(host)
    assert new_since(before, host) == {"nginx", "forge-etl-python", "nexus", "notebook"}
    assert environment(host, "nginx")["UPLOAD_MAX_SIZE"] == "2G"
    settled(host)


def test_a_variable_that_nobody_knows_is_read_by_all_that_get_it(host):
    value = 'it\'s "$HOME" # \\ = é'
    before = containers(host)
    put(host, "set", f"MY_TRICKY={value}")
    again(host)
    assert new_since(before, host) == set(before) - WITHOUT_ENV_FILE
    assert environment(host, "pivot")["MY_TRICKY"] == value
    code, document = tool(host, "env", "get", "MY_TRICKY")
    assert (code, document["data"]["value"]) == (0, value)


def test_a_variable_that_is_gone_counts_as_well(host):
    before = containers(host)
    put(host, "unset", "RMM_ALLOCATOR", "MY_TRICKY")
    again(host)
    assert new_since(before, host) == set(before) - WITHOUT_ENV_FILE
    assert environment(host, "notebook")["RMM_ALLOCATOR"] == "managed"
    settled(host)


@pytest.mark.long
def test_secrets_and_lines_by_hand_survive_ten_runs(host, secrets):
    assert len(secrets) == 4
    write(host, content(host) + BY_HAND)
    again(host)
    before, data = containers(host), content(host)
    assert data.startswith(AT_THE_TOP)
    assert data.endswith(BY_HAND)
    for _ in range(RERUNS):
        assert again(host)["changed"] == 0
        assert content(host) == data
    assert secret_lines(host) == secrets
    assert new_since(before, host) == set()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"RMM_ALLOCATOR=managd", "value-invalid"),
        (b"GRAPHISTRY_NEXUS_SIGNING_SALT=abc123xyz", "secret-weak"),
        (b"FEP_GPU_WATCHER_WARN_THRESHOLD=95%\nFEP_GPU_WATCHER_KILL_THRESHOLD=90%", "values-out-of-order"),
        (b"MY_NOTE='never closed", "env-file-unreadable"),
    ],
)
def test_what_cannot_work_is_neither_obeyed_nor_overwritten(host, line, code):
    good, before = content(host), containers(host)
    write(host, good + b"\n" + line + b"\n")
    status, document = tool(host, "install")
    assert status == 3
    assert [error["code"] for error in document["errors"]] == [code]
    assert document["errors"][0]["hint"]
    assert content(host) == good + b"\n" + line + b"\n"
    assert new_since(before, host) == set()
    write(host, good)


def test_a_database_keeps_what_it_was_made_with(host):
    before = containers(host)
    put(host, "set", "POSTGRES_PASSWORD=another-one-of-ours")
    status, document = tool(host, "install")
    assert (status, document["errors"][0]["code"]) == (3, "host-database-settings")
    assert "POSTGRES_PASSWORD" in document["errors"][0]["message"]
    assert "another-one" not in json.dumps(document)
    assert new_since(before, host) == set()
    put(host, "unset", "POSTGRES_PASSWORD")
    settled(host)
