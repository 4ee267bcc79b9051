"""Docker's refusals as Compose prints them; the texts are those of Compose 2.26 and Docker 26.1."""

import pytest

from graphistry_airgap.target.stack import refusal as compose_refusal

CREATED = """\
 Container graphistry-caddy-1  Creating
 Container graphistry-caddy-1  Created
 Container graphistry-caddy-1  Starting
"""
RLIMIT = (
    "Error response from daemon: failed to create task for container: failed to create shim task: OCI "
    "runtime create failed: runc create failed: unable to start container process: error during container "
    "init: error setting rlimits for ready process: error setting rlimit type 7: operation not "
    "permitted: unknown"
)
PORT = (
    "Error response from daemon: driver failed programming external connectivity on endpoint "
    "graphistry-caddy-1 (4196cf95b4690676ec370a707fc4aed1814273dcba410bc280f739e08f8bdd27): Bind for "
    "0.0.0.0:8099 failed: port is already allocated"
)
POOL = (
    "failed to create network graphistry_extra: Error response from daemon: could not find an available, "
    "non-overlapping IPv4 address pool among the defaults to assign to the network"
)
LABEL = 'network grph_net was found but has incorrect label com.docker.compose.network set to "grph_net"'
RUNTIME = "Error response from daemon: unknown or invalid runtime name: nvidia"
LOGGING = 'Error response from daemon: error looking up logging plugin nosuch: plugin "nosuch" not found'
# NVIDIA's hook, as the container toolkit's issues have it
HOOK = (
    "Error response from daemon: failed to create task for container: failed to create shim task: OCI "
    "runtime create failed: runc create failed: unable to start container process: error during container "
    "init: error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy'\n"
    "nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open shared "
    "object file: no such file or directory: unknown"
)


@pytest.mark.parametrize(
    ("before", "words", "helps"),
    [
        (CREATED, RLIMIT, "lower `nofile` in `default-ulimits`"),
        (CREATED, PORT, "sport = :8099"),
        (
            " Network graphistry_extra  Creating\n Network graphistry_extra  Error\n",
            POOL,
            "docker.address_pools",
        ),
        ("", LABEL, "docker network rm grph_net"),
        (" Container graphistry-caddy-1  Creating\n", RUNTIME, "runtime nvidia"),
        (" Container graphistry-caddy-1  Creating\n", LOGGING, "log driver nosuch,"),
        (CREATED, HOOK, "journalctl -u docker"),
    ],
)
def test_the_daemon_s_words_stand_alone_and_whole(before, words, helps):
    assert compose_refusal.refused(f"{before}{words}\n") == words
    assert helps in compose_refusal.way_out(words)


@pytest.mark.parametrize(
    "said",
    [
        "dependency failed to start: container graphistry-postgres-1 is unhealthy",
        "dependency failed to start: container graphistry-postgres-1 exited (1)",
        " Container graphistry-postgres-1  Error\ncontainer graphistry-postgres-1 is unhealthy",
        ' Container graphistry-nexus-1  Waiting\ntime="2026-01-02T03:04:05Z" level=warning msg="not set"',
        "",
    ],
)
def test_a_dependency_that_is_not_well_is_no_refusal(said):
    assert compose_refusal.refused(said) == ""


def test_warnings_come_after_the_refusal():
    warning = 'time="2026-01-02T03:04:05Z" level=warning msg="The \\"X\\" variable is not set."'
    assert compose_refusal.refused(f"{warning}\n{CREATED}{RUNTIME}\n") == f"{RUNTIME}\n{warning}"


def test_a_refused_port_of_docker_28_names_the_port():
    said = (
        "failed to set up container networking: driver failed programming external connectivity on endpoint "
        "x (0a): failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use"
    )
    assert "port 80:" in compose_refusal.way_out(said)


@pytest.mark.parametrize(
    "line",
    [
        " Container graphistry-{}-1  {}",
        " Container graphistry-{}-1  Error {}",
        # of a terminal, where it is cut
        " ✘ Container grph-{}-1  Error response from daemon: unknown or invalid runtime name: ...   0.0s ",
    ],
)
def test_a_refusal_of_six_containers_is_one(line):
    six = "\n".join(line.format(name, RUNTIME) for name in "abcdef")
    assert compose_refusal.refused(f"{CREATED}{six}\n{RUNTIME}\n") == RUNTIME


def test_refusals_that_differ_are_all_told():
    said = f" Container a  {RUNTIME}\n Container b  {PORT}\n{PORT}\n"
    assert compose_refusal.refused(said) == f"{RUNTIME}\n{PORT}"
