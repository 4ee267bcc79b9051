"""The main job on a sealed host, with each image store: installed, running, trusted, private, repeatable."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import stat
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lab.bundles.demo import DEMO
from lab.hosts.prepared_host import ADMINISTRATOR_FILE, INSTALLED_TOOL, PASSWORD, RECEIPT, site_file
from tests.kit.hosts.demo_hosts import asked_alone, install, snapshot, tool
from tests.kit.hosts.platform_hosts import restart_as_row
from tests.kit.matrix import platform_step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from lab.hosts.sealed_host import SealedHost
    from tests.kit.matrix import Step

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

RELEASE = "/var/graphistry/releases/v2.50.1"
CUSTOM_ENV = f"{RELEASE}/data/config/custom.env"
STATE = "/var/lib/graphistry-airgap"
STAGES = [
    "preflight",
    "repository",
    "driver",
    "docker",
    "toolkit",
    "images",
    "release",
    "configuration",
    "tls",
    "services",
    "verify",
]
SERVICES = (
    set(yaml.safe_load((DEMO / "release/docker-compose.yml").read_text())["services"])
    if DEMO.exists()
    else set()
)
SECRETS = {
    "DJANGO_SECRET_KEY",
    "GRAPHISTRY_NEXUS_ENCRYPTION_KEYS",
    "GRAPHISTRY_NEXUS_SIGNING_KEY",
    "GRAPHISTRY_NEXUS_SIGNING_SALT",
}
PUBLIC_HEALTH = (
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
# The small services, each on the port that the vendor's architecture page gives it.
ENVIRONMENT_PAGES = {
    "nexus": 8000,
    "forge-etl-python": 8080,
    "streamgl-viz": 8080,
    "streamgl-sessions": 8080,
    "streamgl-gpu": 8080,
    "pivot": 8080,
    "notebook": 8888,
    "graph-app-kit-public": 8501,
    "graph-app-kit-private": 8501,
}
REQUESTS = """
import json, sys, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
answers = []
for url, fields in json.load(sys.stdin):
    body = None if fields is None else json.dumps(fields).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with opener.open(request, timeout=60) as answer:
            answers.append([answer.status, answer.read().decode(errors="replace")])
    except urllib.error.HTTPError as error:
        answers.append([error.code, error.read().decode(errors="replace")])
json.dump(answers, sys.stdout)
"""


@dataclass(frozen=True)
class Installed:
    """A host after its first installation, and what was seen before and meanwhile."""

    host: SealedHost
    store: str
    before: dict[str, list[str]] = field(repr=False)
    envelope: dict[str, Any] = field(repr=False)
    commands: str = field(repr=False)

    def sh(self, script: str, *, stdin: str | None = None) -> str:
        data = None if stdin is None else stdin.encode()
        return self.host.require(["sh", "-c", script], stdin=data, timeout=120)

    def requests(self, *wanted: tuple[str, object], inside: str = "") -> list[tuple[int, str]]:
        """Answers to (url, fields to post) asked on the host, or in the container of a service."""
        place = f"docker exec -i graphistry-{inside}-1 " if inside else ""
        asked = self.sh(f"{place}python3 -I -c {shlex.quote(REQUESTS)}", stdin=json.dumps(wanted))
        return [(status, text) for status, text in json.loads(asked)]

    def web(self, *wanted: tuple[str, object]) -> list[tuple[int, str]]:
        return self.requests(*((f"http://127.0.0.1{path}", fields) for path, fields in wanted))

    def settings(self) -> dict[str, str]:
        lines = self.host.read(CUSTOM_ENV).decode().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def containers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.sh("docker ps -aq | xargs docker inspect"))
        return found

    def images(self, bundle: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Each image of the bundle with what Docker says about it."""
        names = [image["name"] for image in bundle["images"]]
        found = json.loads(self.sh(f"docker image inspect {shlex.join(names)}"))
        return list(zip(bundle["images"], found, strict=True))

    def receipt(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.host.read(RECEIPT))
        return document


@dataclass(frozen=True)
class Again:
    """A second installation, and what the host looked like before and after it."""

    envelope: dict[str, Any] = field(repr=False)
    before: dict[str, list[str]] = field(repr=False)
    after: dict[str, list[str]] = field(repr=False)


@contextmanager
def watched_commands(host: SealedHost) -> Iterator[None]:
    """Write every command line that runs meanwhile to /run/commands."""
    loop = "while :; do cat /proc/[0-9]*/cmdline | tr '\\0' ' '; echo; sleep 0.5; done"
    start = 'setsid sh -c "$1" >/run/commands 2>/dev/null </dev/null & echo $! >/run/watcher'
    host.require(["sh", "-c", start, "start", loop])
    yield
    host.require(["sh", "-c", "kill $(cat /run/watcher)"])


def platform_row(step: str, store: str, expected: str) -> AbstractContextManager[Step]:
    return platform_step("debian-13", step, stand_in=False, expected=expected, variant=store)


@pytest.fixture(scope="module", params=["classic", pytest.param("containerd", marks=pytest.mark.long)])
def installed(request, sealed_host):
    host = sealed_host(f"install-{request.param}", site=site_file(image_store=request.param))
    before = snapshot(host)
    with watched_commands(host), platform_row("install", request.param, "15 services, changed") as row:
        rc, envelope = install(host, timeout=900)
        healthy = host.exec(["docker", "ps", "-q", "--filter", "health=healthy"]).stdout.split()
        changed = envelope["data"].get("changed")
        row.got = f"{len(healthy)} services, {'changed' if changed else 'nothing changed'}"
    assert rc == 0, json.dumps(envelope, indent=1)
    row.require()
    commands = host.read("/run/commands").decode(errors="replace")
    yield Installed(host, request.param, before, envelope, commands)
    host.stop()


@pytest.fixture(scope="module")
def again(installed):
    before = snapshot(installed.host) | own_files(installed)
    with platform_row("second-run", installed.store, "exit 0, changed 0") as row:
        rc, envelope = install(installed.host)
        row.got = f"exit {rc}, changed {envelope['data'].get('changed')}"
    assert rc == 0, json.dumps(envelope, indent=1)
    return Again(envelope, before, snapshot(installed.host) | own_files(installed))


@pytest.fixture(scope="module")
def manifest(bundle):
    return json.loads((bundle / "bundle.json").read_bytes())


def own_files(installed: Installed) -> dict[str, list[str]]:
    listing = f"find {STATE} /etc/graphistry-airgap {RELEASE}/data/config -type f -exec sha256sum {{}} +"
    return {"own": sorted(installed.sh(listing).splitlines(), key=lambda line: line[66:])}


# ---- what runs ---------------------------------------------------------------------------------------------


def test_the_envelope_names_every_stage(installed):
    envelope = installed.envelope
    assert (envelope["version"], envelope["command"], envelope["ok"]) == (1, "install", True)
    assert envelope["errors"] == []
    assert envelope["data"]["changed"] > 0
    stages = [stage["stage"] for stage in envelope["data"]["stages"]]
    assert stages == STAGES
    assert envelope["data"]["checks"]["failed"] == 0


def test_every_service_of_the_compose_file_is_healthy(installed):
    defined = installed.sh(f"cd {RELEASE} && ./graphistry config --services").split()
    assert sorted(defined) == sorted(SERVICES)
    health = {
        container["Config"]["Labels"]["com.docker.compose.service"]: container["State"]["Health"]["Status"]
        for container in installed.containers()
    }
    assert health == dict.fromkeys(SERVICES, "healthy")


def test_public_health_paths_answer_through_caddy(installed):
    answers = installed.web(*((path, None) for path in PUBLIC_HEALTH))
    statuses = {path: status for path, (status, _) in zip(PUBLIC_HEALTH, answers, strict=True)}
    assert {path: status for path, status in statuses.items() if not 200 <= status < 300} == {}


def test_only_80_and_443_are_reachable(installed):
    published = {
        (container["Name"], int(binding["HostPort"]))
        for container in installed.containers()
        for bindings in container["NetworkSettings"]["Ports"].values()
        for binding in bindings or []
    }
    assert published == {("/graphistry-caddy-1", 80), ("/graphistry-caddy-1", 443)}
    assert reachable_ports(installed.sh("cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6")) == {
        80,
        443,
    }


def reachable_ports(table: str) -> set[int]:
    """Listening TCP and bound UDP sockets that are not on a loopback address."""
    ports = set()
    for row in (line.split() for line in table.splitlines()):
        if row[0] == "sl" or row[3] not in {"0A", "07"}:
            continue
        address, port = row[1].split(":")
        if not address.endswith("7F") and address != "00000000000000000000000001000000":
            ports.add(int(port, 16))
    return ports


def test_sign_up_is_closed(installed):
    fields = {
        "username": "mallory",
        "email": "m@example.invalid",
        "password1": "x" * 16,
        "password2": "x" * 16,
    }
    state, refusal = installed.web(("/accounts/signup/", None), ("/accounts/signup/", fields))
    assert json.loads(state[1]) == {"open": False}
    assert refusal[0] == 403


def test_the_administrator_of_the_secret_file_can_log_in(installed):
    right = {"username": "admin", "password": PASSWORD}
    good, wrong = installed.web(
        ("/api-token-auth/", right), ("/api-token-auth/", right | {"password": PASSWORD[:-1]})
    )
    assert good[0] == 200
    assert json.loads(good[1])["token"]
    assert wrong[0] == 400


def test_nvidia_is_the_default_runtime(installed):
    assert installed.sh("docker info -f '{{.DefaultRuntime}}'").strip() == "nvidia"
    assert {container["HostConfig"]["Runtime"] for container in installed.containers()} == {"nvidia"}


def test_the_wanted_image_store_is_in_use(installed):
    driver = "io.containerd.snapshotter.v1" if installed.store == "containerd" else "overlay2"
    assert driver in installed.sh("docker info -f '{{.Driver}} {{.DriverStatus}}'")


# ---- settings and secrets ----------------------------------------------------------------------------------


def test_custom_env_is_private_and_complete(installed):
    mode, owner = installed.sh(f"stat -c '%a %U:%G' {CUSTOM_ENV}").split()
    assert (int(mode, 8), owner) == (stat.S_IRUSR | stat.S_IWUSR, "root:root")
    settings = installed.settings()
    assert settings["AIR_GAPPED"] == "1"
    secrets = [settings[name] for name in SECRETS]
    assert all(len(value) >= 32 for value in secrets)
    assert len(set(secrets)) == len(SECRETS)


def test_each_service_got_the_settings(installed):
    settings = installed.settings()
    hashed = {name: f"sha256:{hashlib.sha256(settings[name].encode()).hexdigest()}" for name in SECRETS}
    pages = [(f"http://{service}:{port}/__env", None) for service, port in ENVIRONMENT_PAGES.items()]
    for status, text in installed.requests(*pages, inside="nexus"):
        assert status == 200
        environment = json.loads(text)["environment"]
        assert environment["AIR_GAPPED"] == "1"
        assert {name: environment[name] for name in SECRETS} == hashed
    first_start = installed.sh("docker logs graphistry-nexus-1 2>&1 | grep 'first start'")
    assert "IS_AIR_GAPPED=1" in first_start


def test_the_environment_is_not_shown_outside(installed):
    answers = installed.web(("/__env", None), ("/streamgl-viz/__env", None), ("/pivot/__env", None))
    assert [status for status, _ in answers] == [404, 404, 404]


def test_no_secret_is_anywhere_else(installed, again):
    """Searched by value, after two runs: files, journal, container logs, command lines, the run's output."""
    secrets = {name: installed.settings()[name] for name in SECRETS}
    values = "\n".join([*secrets.values(), PASSWORD]) + "\n"
    installed.host.put(values.encode(), "/dev/shm/values", mode=0o600)
    places = "/ /run /tmp /var/lib/docker/containers"
    # Docker itself keeps the environment of its containers, in files of root's
    docker = "-path /run/docker -o -path /run/containerd -o -name config.v2.json -o -name 'runc-process*'"
    search = "xargs -0 grep -aFl -f /dev/shm/values 2>/dev/null | sort -u"
    found = installed.sh(f"find {places} -xdev \\( {docker} \\) -prune -o -type f -print0 | {search}").split()
    assert found == [ADMINISTRATOR_FILE, CUSTOM_ENV]
    journal = installed.sh("journalctl --all --no-pager -o export")
    running = installed.sh("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")
    said = json.dumps([installed.envelope, again.envelope])
    for text in (journal, running, said, installed.commands):
        assert [value for value in values.split() if value in text] == []


def test_commands_were_watched(installed):
    assert "install.sh" in installed.commands
    assert "ansible" in installed.commands


# ---- images ------------------------------------------------------------------------------------------------


def test_images_are_the_bundles(installed, manifest):
    for image, found in installed.images(manifest):
        expected = image["config"] if installed.store == "classic" else image["manifest"]["digest"]
        assert found["Id"] == expected, image["name"]


def test_health_checks_of_the_images_are_kept(installed, manifest, bundle):
    for image, found in installed.images(manifest):
        config = json.loads((bundle / "images/blobs/sha256" / image["config"][7:]).read_bytes())
        assert config["config"]["Healthcheck"]["Test"]
        assert found["Config"]["Healthcheck"] == config["config"]["Healthcheck"], image["name"]


def test_no_name_of_the_import_is_left(installed, manifest):
    listed = installed.sh("docker image ls -a --format '{{.Repository}}:{{.Tag}}'").split()
    assert sorted(listed) == sorted(image["name"] for image in manifest["images"])
    found = json.loads(installed.sh("docker image ls -aq | xargs docker image inspect"))
    names = [name for image in found for name in [*image["RepoTags"], *image["RepoDigests"]]]
    names += installed.sh("ctr -n moby image ls -q").split()
    assert [name for name in names if re.match(r"127\.|localhost|\[", name)] == []


# ---- the host and the receipt ------------------------------------------------------------------------------


def test_apts_own_configuration_is_untouched(installed):
    def apt(section: list[str]) -> list[str]:
        return [line for line in section if "/etc/apt/" in line]

    assert apt(installed.before["etc"])
    assert apt(snapshot(installed.host)["etc"]) == apt(installed.before["etc"])


def test_the_receipt_says_what_was_trusted_and_done(installed, manifest, bundle):
    receipt = installed.receipt()
    assert receipt["complete"] is True
    assert receipt["purpose"] == "server"
    assert receipt["waived"] == []
    assert receipt["left_for_first_boot"] == []
    said = receipt["bundle"]
    assert said["id"] == manifest["id"]
    assert said["signed"] is True
    assert len(said["signers"]) == 1
    assert said["verified"] == "all bytes"
    assert said["sums_sha256"] == hashlib.sha256((bundle / "SHA256SUMS").read_bytes()).hexdigest()
    wanted = {image["name"] for image in manifest["images"]}
    assert {image["name"] for image in receipt["images"]} == wanted
    assert installed.sh(f"stat -c %a {RECEIPT} {STATE}").split() == ["600", "700"]


def test_the_receipt_lists_the_packages_that_were_installed(installed):
    def packages(lines: list[str]) -> dict[str, str]:
        return {name: version for name, _, version, _ in (line.split() for line in lines)}

    before, after = packages(installed.before["packages"]), packages(snapshot(installed.host)["packages"])
    expected = [
        {"name": name, "from": before.get(name), "to": version}
        for name, version in sorted(after.items())
        if before.get(name) != version
    ]
    assert installed.receipt()["packages"] == expected
    assert {"python3", "docker.io", "nvidia-container-toolkit"} <= {row["name"] for row in expected}


def test_the_tool_needs_little_memory(installed):
    events = installed.sh(f"cat {STATE}/log/*-install.jsonl").splitlines()
    peaks = [event["peak_memory_mib"]["tool"] for event in map(json.loads, events) if event["event"] == "end"]
    assert peaks
    assert max(peaks) < 300


# ---- again -------------------------------------------------------------------------------------------------


def test_the_second_installation_changes_nothing(again):
    assert again.envelope["data"]["changed"] == 0
    assert asked_alone(again.envelope)
    assert again.envelope["data"]["bundle"]["verified"] == "names and sizes"
    assert {section: again.after[section] for section in again.before if section != "own"} == {
        section: lines for section, lines in again.before.items() if section != "own"
    }


def test_the_second_installation_writes_its_log_only(again):
    changed = {line[66:] for line in set(again.before["own"]) ^ set(again.after["own"])}
    log = again.envelope["data"]["log"]
    assert log in changed
    assert {path for path in changed - {log} if not path.startswith(f"{STATE}/reports/")} == set()


def test_what_ansible_built_for_the_question_is_kept_and_not_written_again(installed, again):
    kept = f"stat -c '%U %a %i %y' $(dirname $(readlink -f {INSTALLED_TOOL}))/../modules/*.in_place-*"
    before = installed.sh(kept)
    assert before.startswith("root 644 ")
    assert len(before.splitlines()) == 1
    rc, envelope = install(installed.host)
    assert rc == 0
    assert asked_alone(envelope)
    assert installed.sh(kept) == before


def test_status_and_verify_agree(installed, again):
    rc, status = tool(installed.host, "status")
    assert rc == 0
    assert {row["service"]: row["health"] for row in status["data"]["services"]} == dict.fromkeys(
        SERVICES, "healthy"
    )
    rc, verified = tool(installed.host, "verify")
    assert rc == 0
    assert verified["errors"] == []


def test_nothing_tried_to_leave(installed, again):
    assert installed.host.egress().packets == ()
    controls = installed.host.controls()
    assert set(controls) == {"address", "name", "container"}
    assert all(controls.values()), controls


@pytest.mark.long
def test_it_comes_back_after_a_restart(installed, again):
    restart_as_row("debian-13", installed.host, stand_in=False)
