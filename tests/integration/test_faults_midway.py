"""Faults in the middle of an installation: each is explained, loses nothing, and the next run goes on.

Two hosts start alike, with Docker settings of their own, a package newer than the bundle's and one older.  On
the first one the tests build on each other, in the order in which they stand: one thing after the other goes
wrong, until an installation goes through.  On the second nothing does, and both must end in the same state.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.hosts.prepared_host import INSTALLED_TOOL, KEYRING, MEDIUM, site_file
from tests.kit.faults.changed_packages import stub_package, under_version
from tests.kit.faults.host_faults import running, site, wait_until
from tests.kit.faults.killed_runs import kill_when
from tests.kit.hosts.demo_hosts import demo_host, install, tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

SITE_KEYS = {"labels": ["network=closed"], "live-restore": False, "shutdown-timeout": 20}
NEWER, NEWER_VERSION = "tini", "1:0.19.0-local1"
OLDER, OLDER_VERSION = "libnfnetlink0", "0.9"
DAEMON_JSON = "/etc/docker/daemon.json"
POOL = "10.201.0.0/16"
DROP_IN = "/etc/systemd/system/docker.service.d/test.conf"
RELEASES = "/var/graphistry/releases"
USER_FILES = f"{RELEASES}/v2.50.1/data/data_cache"
STATE = "/var/lib/graphistry-airgap"
BY_SCRIPT = ["sh", f"{MEDIUM}/install.sh", "--json"]
BY_TOOL = [INSTALLED_TOOL, "--json", "install", "--bundle", MEDIUM]

# What a run makes for itself and must not leave, wherever it died.
LEFTOVERS = f"""\
dpkg --audit
ls /var/lib/dpkg/updates
find /run/graphistry-airgap -mindepth 1 -maxdepth 1 ! -name lock ! -name log
find {STATE} -maxdepth 1 -name 'airgap-preflight-*'
find {STATE} -name docker-restart-due -o -name stages-begun.jsonl
find /opt/graphistry-airgap -maxdepth 1 -name '.*' -mindepth 1
find {RELEASES} -maxdepth 1 -name '.*'
find /etc/docker /var/graphistry -name '.*.json.*' -o -name '.*.env.*'
find /var/lib/docker/tmp /var/cache/apt/archives -type f ! -name lock
find /tmp /var/tmp /root -mindepth 1 -newer {KEYRING} ! -path '*/systemd-private-*' \\
    ! -name 'runc-process*'
docker image ls -a --format '{{{{.Repository}}}}:{{{{.Tag}}}}' | grep -e 127.0.0.1 -e none
ss -tlnpH | grep 127.0.0.1: | grep -v containerd
"""
# One line for each thing that two equal installations have in common; ids, times and secrets differ.
STATE_OF = f"""\
dpkg-query -W -f '${{Package}} ${{Version}} ${{db:Status-Abbrev}}\\n'
apt-mark showmanual
find /etc /var/graphistry /opt/graphistry-airgap -path /etc/graphistry-airgap -prune -o \\
    -path '{RELEASES}/*/data/*/*' -prune -o -printf '%p %y %m %u:%g %l\\n' | sed 's/ d 2/ d /'
find /etc {RELEASES} -path /etc/graphistry-airgap -prune -o -path '{RELEASES}/*/data' -prune -o -type f \\
    ! -name machine-id ! -name '*.pyc' ! -name '*-' ! -name hostname ! -name hosts ! -name ld.so.cache \\
    -exec sha256sum {{}} +
sed 's/=.\\{{20,\\}}/=secret/' {RELEASES}/*/data/config/*.env
docker image ls -a --no-trunc --format '{{{{.Repository}}}}:{{{{.Tag}}}} {{{{.ID}}}}'
docker volume ls --format '{{{{.Name}}}}'
docker network ls --format '{{{{.Name}}}} {{{{.Driver}}}}'
docker ps -a --format '{{{{.Names}}}} {{{{.Image}}}} {{{{.State}}}} {{{{.Ports}}}}'
docker info --format '{{{{.DefaultRuntime}}}} {{{{.LoggingDriver}}}} {{{{.Labels}}}}'
systemctl list-unit-files --plain --no-legend
"""


def prepare(host: SealedHost, bundle: Path, work: Path) -> SealedHost:
    host.put(json.dumps(SITE_KEYS).encode(), DAEMON_JSON)
    for name, version in ((NEWER, NEWER_VERSION), (OLDER, OLDER_VERSION)):
        real = next((bundle / "packages").rglob(f"{name}_*.deb"))
        host.put(under_version(work, real, version), f"/tmp/{name}.deb")
        host.require(["dpkg", "-i", f"/tmp/{name}.deb"])
        host.require(["rm", f"/tmp/{name}.deb"])
    host.require(["apt-mark", "hold", NEWER])
    return host


@pytest.fixture(scope="module")
def host(bundle: Path, keyring: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealedHost]:
    """Where everything goes wrong."""
    with demo_host("midway", bundle=bundle, keyring=keyring) as made:
        yield prepare(made, bundle, tmp_path_factory.mktemp("midway"))


@pytest.fixture(scope="module")
def calm_host(bundle: Path, keyring: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealedHost]:
    """Where nothing went wrong."""
    with demo_host("calm", bundle=bundle, keyring=keyring) as made:
        prepare(made, bundle, tmp_path_factory.mktemp("calm"))
        status, document = install(made)
        assert status == 0, json.dumps(document, indent=1)
        yield made


def lines(host: SealedHost, script: str) -> list[str]:
    return sorted(set(host.exec(["sh", "-c", script]).stdout.splitlines()))


def the_error(document: dict[str, Any], code: str) -> dict[str, Any]:
    assert [error["code"] for error in document["errors"]] == [code], json.dumps(document, indent=1)
    error: dict[str, Any] = document["errors"][0]
    assert error["hint"]
    return error


def settings(host: SealedHost) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.read(DAEMON_JSON))
    return found


def version_of(host: SealedHost, name: str) -> str:
    return host.require(["dpkg-query", "-W", "-f", "${Version}", name])


def recorded(host: SealedHost) -> dict[str, Any]:
    """What the receipt says was done, whatever number of runs it took."""
    receipt = json.loads(host.read(f"{STATE}/receipt.json"))
    return {key: receipt[key] for key in ("complete", "bundle", "site", "packages", "images", "checks")}


def settings_changed(host: SealedHost) -> list[dict[str, Any]]:
    """Keys of Docker's that the receipt says were changed; the first run that was killed had set them."""
    changes: list[dict[str, Any]] = json.loads(host.read(f"{STATE}/receipt.json"))["changes"]
    return [one for one in changes if (one["subject"], one["kind"]) == ("docker", "setting")]


def drop_in(host: SealedHost, text: str) -> None:
    host.put(f"[Service]\n{text}".encode(), DROP_IN)
    host.exec(["systemctl", "daemon-reload"])


def mend(host: SealedHost) -> None:
    host.require(["rm", DROP_IN])
    host.require(["rmdir", DROP_IN.rpartition("/")[0]])
    host.require(["systemctl", "daemon-reload"])


# ---- one fault after the other -----------------------------------------------------------------------------


def test_killed_while_it_looks_at_the_host(host):
    kill_when(host, f"[ -d {STATE}/airgap-preflight-* ]", BY_SCRIPT)


def test_killed_while_packages_are_unpacked(host):
    """The run before left a directory of its own, which this one takes away."""
    kill_when(host, "[ -e /usr/sbin/dockerd -o -e /usr/sbin/dockerd.dpkg-new ]", BY_TOOL)
    assert lines(host, "dpkg --audit; ls /var/lib/dpkg/updates")
    assert settings(host) | SITE_KEYS == settings(host)
    assert host.exec(["test", "-e", f"{STATE}/receipt.json"]).rc != 0


def test_docker_that_does_not_come_up(host, tmp_path):
    """At the same time somebody else installs a package, for a while."""
    drop_in(host, "ExecStart=\nExecStart=/bin/sh -c 'echo the storage is away >&2; exit 1'\n")
    host.put(stub_package(tmp_path, "slow", "1", takes=60), "/tmp/slow.deb")
    with running(host, "slow", "dpkg", "-i", "/tmp/slow.deb"):
        wait_until(host, "grep -q . /var/lib/dpkg/tmp.ci/preinst")
        status, document = tool(host, "install", "--bundle", MEDIUM)
    host.require(["dpkg", "--purge", "slow"])
    host.require(["rm", "/tmp/slow.deb"])
    error = the_error(document, "docker-down")
    assert "package-lock-held" in {finding["code"] for finding in document["data"]["findings"]}
    assert (status, error["stage"]) == (1, "docker")
    assert "the storage is away" in error["message"]
    assert lines(host, "dpkg --audit; ls /var/lib/dpkg/updates") == []
    assert settings(host) | SITE_KEYS == settings(host)
    mend(host)


def test_killed_between_the_changed_settings_and_their_reload(host):
    """The daemon never gets to its reload here, so what runs lags behind the file."""
    drop_in(host, "ExecReload=\nExecReload=/bin/sleep 300\n")
    kill_when(host, f"grep -q default-runtime {DAEMON_JSON}", BY_TOOL)
    mend(host)
    host.exec(["systemctl", "kill", "--kill-whom=control", "docker.service"])
    assert settings(host)["default-runtime"] == "nvidia"
    assert host.require(["docker", "info", "-f", "{{.DefaultRuntime}}"]).strip() == "runc"


def test_killed_while_images_land(host, bundle):
    images = "/var/lib/docker/image/overlay2/imagedb/content/sha256"
    kill_when(host, f"[ $(ls {images} | wc -l) -ge 2 ]", BY_TOOL)
    assert host.require(["docker", "info", "-f", "{{.DefaultRuntime}}"]).strip() == "nvidia"
    wanted = {image["name"] for image in json.loads((bundle / "bundle.json").read_bytes())["images"]}
    assert len(wanted & set(lines(host, "docker image ls --format '{{.Repository}}:{{.Tag}}'"))) < len(wanted)


def test_killed_while_the_release_is_copied(host):
    kill_when(host, f"[ -d {RELEASES}/.v2.50.1.incoming ]", BY_TOOL, brief=True)
    logged = host.require(["sh", "-c", f"cat $(ls {STATE}/log/*-install.jsonl | tail -n 1)"]).splitlines()
    assert [line["stage"] for line in map(json.loads, logged) if line["event"] == "stage"][-1] == "release"


def test_killed_while_services_start(host):
    kill_when(host, "[ $(docker ps -q | wc -l) -ge 3 ]", BY_TOOL)
    assert "graphistry-caddy-1" not in lines(host, "docker ps --format '{{.Names}}'")


def test_a_service_that_never_gets_healthy(host):
    """The disk for the users' files takes no more, which nexus alone looks at and others wait for."""
    # one that the killed run has started already would keep the directory that it was given
    host.exec(["docker", "rm", "-f", "graphistry-nexus-1"])
    host.require(["mkdir", "-p", USER_FILES])
    host.require(["mount", "-t", "tmpfs", "-o", "mode=755,nr_inodes=1", "full", USER_FILES])
    with site(host, f"{site_file()}services: {{timeout: 75}}\n"):
        status, document = tool(host, "install", "--bundle", MEDIUM)
    host.require(["mount", "-o", "remount,nr_inodes=1000", USER_FILES])
    error = the_error(document, "service-unhealthy")
    assert (status, error["stage"], error["service"]) == (1, "services", "nexus")
    assert "No space left on device" in error["log"]
    assert "No space left on device" in error["message"]
    assert "graphistry-caddy-1" not in lines(host, "docker ps --format '{{.Names}}'")
    assert json.loads(host.read(f"{STATE}/receipt.json"))["complete"] is False


def test_the_next_run_goes_through(host):
    status, document = install(host)
    assert status == 0, json.dumps(document, indent=1)
    assert document["data"]["checks"]["failed"] == 0
    receipt = json.loads(host.read(f"{STATE}/receipt.json"))
    assert receipt["complete"] is True
    assert lines(host, LEFTOVERS) == []


# ---- a host where nothing went wrong -----------------------------------------------------------------------


def test_both_end_in_the_same_state(host, calm_host):
    assert lines(calm_host, LEFTOVERS) == []
    disturbed, calm = set(lines(host, STATE_OF)), set(lines(calm_host, STATE_OF))
    assert calm
    assert (sorted(disturbed - calm), sorted(calm - disturbed)) == ([], [])
    assert recorded(host) == recorded(calm_host)
    assert settings_changed(calm_host)
    assert settings_changed(host) == settings_changed(calm_host)


def test_a_newer_package_stays_and_an_older_one_is_upgraded(calm_host, bundle):
    platform = json.loads((bundle / "bundle.json").read_bytes())["platforms"]["debian-13"]
    locked = {item["name"]: item["version"] for group in platform["packages"].values() for item in group}
    assert version_of(calm_host, NEWER) == NEWER_VERSION
    assert version_of(calm_host, OLDER) == locked[OLDER]
    assert calm_host.require(["apt-mark", "showhold"]).split() == [NEWER]


def test_docker_settings_of_the_site_survive(calm_host):
    assert settings(calm_host) | SITE_KEYS == settings(calm_host)
    kept = calm_host.require(["sh", "-c", f"cat {STATE}/replaced/etc/docker/*"])
    assert json.dumps(SITE_KEYS) in kept
    by_hand = settings(calm_host) | {"max-concurrent-uploads": 2, "labels": ["network=closed", "rack=7"]}
    calm_host.put(json.dumps(by_hand).encode(), DAEMON_JSON)
    status, document = tool(calm_host, "install", "--bundle", MEDIUM)
    assert (status, document["data"]["changed"]) == (0, 0)
    assert settings(calm_host) == by_hand


@pytest.mark.long
def test_containers_of_others_are_not_stopped(calm_host):
    calm_host.require(["docker", "run", "-d", "--name", "neighbour", "redis:6.2.7"])
    started = ["docker", "inspect", "-f", "{{.State.StartedAt}} {{.State.Pid}}", "neighbour"]
    before, all_before = calm_host.require(started), calm_host.require(["docker", "ps", "-q"])
    settings_before = calm_host.read(DAEMON_JSON)
    pools = f"docker:\n  address_pools: [{{base: {POOL}, size: 24}}]\n"
    with site(calm_host, site_file().replace("docker:\n", pools)):
        status, document = tool(calm_host, "install", "--bundle", MEDIUM)
        error = the_error(document, "foreign-containers-running")
        assert status == 3
        assert "neighbour" in error["message"]
        assert calm_host.require(started) == before
        assert calm_host.read(DAEMON_JSON) == settings_before
        assert calm_host.require(["docker", "ps", "-q"]) == all_before

        # with live-restore they outlive the restart, which is not lost when a run dies before it
        calm_host.put(json.dumps(settings(calm_host) | {"live-restore": True}).encode(), DAEMON_JSON)
        calm_host.require(["systemctl", "reload", "docker"])
        wait_until(calm_host, "docker info -f '{{.LiveRestoreEnabled}}' | grep -q true")
        kill_when(calm_host, f"[ -e {STATE}/docker-restart-due ]", BY_TOOL)
        assert "incomplete" in {error["code"] for error in tool(calm_host, "status")[1]["errors"]}
        assert POOL not in calm_host.require(["docker", "info", "-f", "{{json .DefaultAddressPools}}"])
        status, document = tool(calm_host, "install", "--bundle", MEDIUM)
    assert status == 0, json.dumps(document, indent=1)
    assert calm_host.require(started) == before
    assert lines(calm_host, LEFTOVERS) == []
    assert POOL in calm_host.require(["docker", "info", "-f", "{{json .DefaultAddressPools}}"])


def test_nothing_tried_to_leave(host, calm_host):
    assert (host.egress().packets, calm_host.egress().packets) == ((), ())
