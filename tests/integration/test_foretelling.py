"""What check mode foretells is what the run does: on a fresh host, and on one that was harmed in five ways.

The roles are run by `ansible-playbook` itself, with `--diff`; the tests follow each other on one host.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lab.hosts.prepared_host import INSTALL, PASSWORD
from tests.kit.hosts import plain_play

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost
    from tests.kit.hosts.plain_play import Answer

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

RELEASE = "/var/graphistry/releases/v2.50.1"
CUSTOM_ENV = f"{RELEASE}/data/config/custom.env"
SECRETS = ("DJANGO_SECRET_KEY", "GRAPHISTRY_NEXUS_")
# what check mode cannot know on a host without Docker and release: task, and the stage that has to come first
UNKNOWN_ON_A_FRESH_HOST = {
    "Make the running Docker agree with daemon.json": "docker",
    "Make nvidia the default runtime of Docker": "docker",
    "Describe the GPUs for CDI": "toolkit",
    "Import the images that the host lacks": "docker",
    "Write settings, secrets and permissions": "release",
    "Keep the settings of telemetry for root alone": "release",
    "Keep the settings of the cluster for root alone": "release",
    "Put the Caddyfile in place": "release",
    "Set the cookies that fit": "release",
    "Start everything but caddy": "tls",
    "Make the first administrator": "release",
    "Start caddy": "tls",
}
# the containers follow from the env file, which check mode does not write
UNKNOWN_ON_A_HARMED_HOST = {
    "Start everything but caddy": "configuration",
    "Start caddy": "configuration",
}
# a key of daemon.json, a line of custom.env, a service, an image, a unit
HARM = f"""
python3 - <<'PYTHON'
import json
path = "/etc/docker/daemon.json"
with open(path) as stream:
    settings = json.load(stream)
del settings["log-driver"], settings["log-opts"]
with open(path, "w") as stream:
    json.dump(settings, stream)
PYTHON
sed -i /AIR_GAPPED/d {CUSTOM_ENV}
of() {{ docker ps -q --filter label=com.docker.compose.service="$1"; }}
docker stop "$(of redis)"
image=$(docker inspect -f '{{{{.Config.Image}}}}' "$(of notebook)")
docker rm -f "$(of notebook)"
docker rmi -f "$image"
echo '# mine' >>/etc/systemd/system/graphistry.service
"""
HARMED = {
    ("docker", "/etc/docker/daemon.json#log-opts"),
    ("configuration", f"{CUSTOM_ENV}#AIR_GAPPED"),
    ("services", "redis"),
    ("images", "graphistry/jupyter-notebook:v2.50.1-12"),
    ("services", "/etc/systemd/system/graphistry.service"),
}


@pytest.fixture(scope="module")
def host(sealed_host: Callable[..., SealedHost], bundle: Path) -> SealedHost:
    """Of ours it has the tool alone, whose Ansible is used."""
    host = sealed_host("foretelling", site="schema: 0\n", password=PASSWORD)
    assert host.exec([*INSTALL, "--quiet"], timeout=600).rc == 2
    plain_play.put(host, bundle)
    return host


def changes_of(answers: list[Answer]) -> set[str]:
    """Each as one text, so that they can be compared whatever their order."""
    return {json.dumps(change, sort_keys=True) for answer in answers for change in answer.changes}


def things(answers: list[Answer]) -> set[tuple[str, str]]:
    return {(change["subject"], change["what"]) for answer in answers for change in answer.changes}


def unknown(answers: list[Answer]) -> dict[str, str]:
    return {answer.task: answer.unknown_until for answer in answers if answer.unknown_until}


def assert_foretold(foretold: list[Answer], done: list[Answer]) -> None:
    """Both ways: whatever was done was foretold or is of a task that said what it waits for."""
    assert [answer.task for answer in foretold] == [answer.task for answer in done]
    assert changes_of(foretold) <= changes_of(done), "foretold and left undone"
    waiting = unknown(foretold)
    known = [answer for answer in done if answer.task not in waiting]
    assert changes_of(known) <= changes_of(foretold), "done and not foretold"


def assert_no_secret(host: SealedHost, *texts: str) -> None:
    lines = [line.partition("=") for line in host.read(CUSTOM_ENV).decode().splitlines() if line[:1] != "#"]
    values = [value.strip("'\"") for name, _, value in lines if name.startswith(SECRETS)]
    assert len(values) == 4
    for secret in (*values, PASSWORD):
        assert len(secret) > 8
        assert not [text for text in texts if secret in text]


def test_a_fresh_host_becomes_what_was_foretold(host: SealedHost) -> None:
    foretold, before = plain_play.play(host, "--check", "--diff")
    assert host.exec(["test", "-e", "/var/graphistry"]).rc != 0
    done, after = plain_play.play(host, "--diff")
    assert unknown(foretold) == UNKNOWN_ON_A_FRESH_HOST
    assert_foretold(foretold, done)
    assert {"repository", "packages", "docker", "release", "services"} <= {one for one, _ in things(done)}
    assert_no_secret(host, before, after)


def test_nothing_is_foretold_and_done_on_a_host_that_is_as_it_should_be(host: SealedHost) -> None:
    foretold, _ = plain_play.play(host, "--check", "--diff")
    assert (things(foretold), unknown(foretold)) == (set(), {})
    done, _ = plain_play.play(host, "--diff")
    assert things(done) == set()


def test_nothing_left_the_host(host: SealedHost) -> None:
    """Asked before a service is stopped: of a name that no container has, Docker asks the site's resolver."""
    assert host.egress().packets == ()


def test_a_host_harmed_in_five_ways_is_mended_as_foretold(host: SealedHost) -> None:
    host.require(["sh", "-ec", HARM])
    foretold, before = plain_play.play(host, "--check", "--diff")
    done, after = plain_play.play(host, "--diff")
    assert unknown(foretold) == UNKNOWN_ON_A_HARMED_HOST
    assert_foretold(foretold, done)
    assert things(done) >= HARMED
    assert_no_secret(host, before, after)
    left, _ = plain_play.play(host, "--check", "--diff")
    assert (things(left), unknown(left)) == (set(), {})
