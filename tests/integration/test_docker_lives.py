"""A site's own Docker with containers of others in it: refusals touch nothing, an optional setting stops
nobody, and a `daemon.json` with which the real dockerd does not start is never left behind.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from lab.hosts.kept_host import ENGINE
from lab.hosts.prepared_host import MEDIUM, site_file
from tests.kit.faults.host_faults import content, living_state, site
from tests.kit.hosts.demo_hosts import copied_host, tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

FILE = "/etc/docker/daemon.json"
DROP_IN = "/etc/systemd/system/docker.service.d/site.conf"
NEIGHBOUR, PASSING = "neighbour", "passing"
IMAGE = "tar -chf - $(ldd /usr/bin/sleep | grep -o '/[^ ]*') /usr/bin/sleep | docker import - neighbour:1"
POOLS = "\n  address_pools: [{base: 10.201.0.0/16, size: 24}]"
# a site's, as it was typed: what comes back is these bytes
OWN = b'{ "labels": ["site=a"],\n\n   "debug": false }'


@pytest.fixture(scope="module")
def host(bundle: Path) -> Iterator[SealedHost]:
    with copied_host("docker-lives", ENGINE) as made:
        yield made


@pytest.fixture
def neighbour(host: SealedHost) -> Iterator[SealedHost]:
    with others(host):
        yield host


@contextmanager
def others(host: SealedHost) -> Iterator[None]:
    host.require(["sh", "-c", IMAGE])
    start(host, NEIGHBOUR)
    try:
        yield
    finally:
        host.require(["sh", "-c", "docker ps -aq | xargs docker rm -f"])
        host.require(["docker", "image", "rm", "neighbour:1"])


def start(host: SealedHost, name: str, *options: str) -> None:
    host.require(["docker", "run", "-d", *options, "--name", name, "neighbour:1", "/usr/bin/sleep", "9999"])


def lives(host: SealedHost) -> tuple[str, str]:
    """Docker and the neighbour, as the processes that they are."""
    daemon = host.require(["systemctl", "show", "-P", "MainPID", "docker"])
    return daemon, host.require(["docker", "inspect", "-f", "{{.State.Pid}} {{.State.StartedAt}}", NEIGHBOUR])


@contextmanager
def drop_in(host: SealedHost, text: str) -> Iterator[None]:
    with content(host, DROP_IN, f"[Service]\n{text}".encode()):
        host.require(["systemctl", "daemon-reload"])
        yield
    host.require(["systemctl", "daemon-reload"])


def template(docker: str = "") -> str:
    """Without services: what is asked here is over when Docker runs."""
    text = site_file(purpose="template")
    return text.replace("image_store: default", f"image_store: default{docker}")


def told(document: dict[str, Any], code: str) -> str:
    assert [error["code"] for error in document["errors"]] == [code], json.dumps(document, indent=1)
    (error,) = document["errors"]
    assert error["hint"]
    return str(error["message"])


@pytest.mark.parametrize(
    ("daemon", "drop", "docker", "code"),
    [
        ('{"log-driver": "json-file", "log-opts": {"max-file": 3}}', "", "", "daemon-json-refused"),
        ('{"userns-remap": "default"}', "", "", "daemon-setting-fatal"),
        (
            '{"log-driver": "json-file"}',
            "ExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --log-driver=journald\n",
            "",
            "daemon-json-refused",
        ),
        (
            "{}",
            "ExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --config-file=/srv/d.json\n",
            "",
            "daemon-setting-fatal",
        ),
        ("{}", "", POOLS, "foreign-containers-running"),
    ],
)
def test_a_refusal_touches_neither_docker_nor_its_neighbour(neighbour, daemon, drop, docker, code):
    host = neighbour
    with content(host, FILE, daemon.encode()), drop_in(host, drop), site(host, template(docker)):
        before, state = lives(host), living_state(host)
        status, document = tool(host, "install", "--bundle", MEDIUM)
        assert sorted(living_state(host) ^ state) == []
        assert lives(host) == before
    assert status == 3
    assert code in [error["code"] for error in document["errors"]]


def test_a_docker_that_cannot_reload_is_not_restarted_either(neighbour):
    """A unit without ExecReload: live-restore, which the installation adds, would come by a reload."""
    host = neighbour
    with drop_in(host, "ExecReload=\n"), content(host, FILE, OWN), site(host, template()):
        before = lives(host)
        status, document = tool(host, "install", "--bundle", MEDIUM)
        assert lives(host) == before
        assert host.read(FILE) == OWN
    message = told(document, "docker-not-reloaded")
    assert status == 1
    assert "Docker does not reload its configuration" in message
    assert f"{FILE} is as it was before, and Docker runs on with it" in message


def test_a_file_that_the_site_s_own_guard_refuses_goes_and_what_ran_runs(neighbour):
    """A site has pinned its `daemon.json` in a drop-in; dockerd itself would take the new one."""
    host = neighbour
    start(host, PASSING, "--rm")
    with content(host, FILE, OWN), site(host, template(f"{POOLS}\n  allow_restart: true")):
        host.require(["chmod", "640", FILE])
        digest = host.require(["sha256sum", FILE])
        with (
            content(host, "/etc/docker/pinned", digest.encode()),
            drop_in(host, "ExecStartPre=/usr/bin/sha256sum --check --status /etc/docker/pinned\n"),
        ):
            daemon, _ = lives(host)
            status, document = tool(host, "install", "--bundle", MEDIUM)
            assert lives(host)[0] not in (daemon, "0\n")
        assert host.read(FILE) == OWN
        assert host.require(["stat", "-c", "%a", FILE]) == "640\n"
    assert status == 1
    message = told(document, "docker-down")
    assert f"{FILE} is as it was before, and Docker runs with it" in message
    assert f"these containers ran and do not now: {PASSING}" in message
    assert host.require(["docker", "ps", "--format", "{{.Names}}"]).split() == [NEIGHBOUR]


def test_a_data_root_with_which_dockerd_does_not_start_is_given_up(host):
    """Remains of another Docker, of which `dockerd --validate` sees nothing."""
    database = "/srv/docker/network/files/local-kv.db"
    with content(host, FILE, OWN), content(host, database, b"no database" * 1000):
        with site(host, template("\n  data_root: /srv/docker")):
            status, document = tool(host, "install", "--bundle", MEDIUM)
        assert host.read(FILE) == OWN
        assert host.require(["docker", "info", "-f", "{{.DockerRootDir}}"]) == "/var/lib/docker\n"
        assert host.exec(["systemctl", "is-active", "docker"]).stdout == "active\n"
    message = told(document, "docker-down")
    assert status == 1
    assert "failed to start daemon: Error initializing network controller" in message.splitlines()[0]
    assert "invalid database" in message.splitlines()[0]
    assert f"{FILE} is as it was before, and Docker runs with it" in message
    host.require(["rm", "-r", "/srv/docker"])


def test_optional_settings_stop_no_container_of_somebody_else_s(neighbour):
    """Docker itself is restarted once: the toolkit's hook comes, and live-restore came before by a reload."""
    host = neighbour
    with site(host, template()):
        _, stays = lives(host)
        _, document = tool(host, "install", "--bundle", MEDIUM)
        # all is done; what this run does not pass is that no container is on a template
        assert "a_template_runs_nothing" in told(document, "check-failed")
        before = lives(host)
        assert before[1] == stays
        assert "docker-log-rotation-left" in [finding["code"] for finding in document["data"]["findings"]]
        assert set(json.loads(host.read(FILE))) == {"live-restore", "default-runtime", "runtimes"}
        assert host.require(["docker", "info", "-f", "{{.LiveRestoreEnabled}}"]) == "true\n"

        _, document = tool(host, "install", "--bundle", MEDIUM)
        told(document, "check-failed")
        assert document["data"]["changed"] == 0
        assert lives(host) == before


def test_nothing_tried_to_leave(host):
    assert host.egress().packets == ()
