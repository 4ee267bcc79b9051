"""A sealed host's trap sees every attempt to leave, and nothing else."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from lab.hosts.egress_trap import TrapError
from lab.hosts.sealed_host import SealedHost

LAB = Path(__file__).resolve().parents[2] / "lab"
pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

NAME = "airgap-test-trap"


@pytest.fixture(scope="module")
def host():
    subprocess.run([LAB / "hosts" / "image"], check=True)
    sealed = SealedHost(NAME)
    sealed.stop()
    with sealed:
        sealed.start()
        yield sealed


@pytest.fixture(autouse=True)
def _count_from_here(request):
    if "host" in request.fixturenames:
        request.getfixturevalue("host").mark()


def test_has_nothing_that_the_installer_needs(host):
    for program in ("python3", "docker", "curl", "gpgv", "iptables"):
        assert host.exec(["sh", "-c", f"command -v {program}"]).rc != 0, program
    assert host.exec(["systemctl", "is-system-running"]).stdout.strip() == "running"
    for unit in (
        "apt-daily.timer",
        "apt-daily-upgrade.timer",
        "systemd-timesyncd.service",
        "dpkg-db-backup.timer",
        "logrotate.timer",
    ):
        assert host.exec(["systemctl", "is-enabled", unit]).stdout.strip() in ("masked", "not-found"), unit


def test_quiet_host_counts_nothing(host):
    # forwarding is what a host's Docker switches on, and the kernel then joins one more multicast group
    host.require(["sysctl", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"])
    time.sleep(20)
    assert host.egress().packets == ()


@pytest.mark.parametrize(
    ("attempt", "trace"),
    [
        ("exec 3<>/dev/tcp/198.51.100.9/80", " > 198.51.100.9.80: "),
        ("exec 3<>/dev/tcp/192.0.2.77/80", " > 192.0.2.77.80: "),
        ("exec 3<>/dev/tcp/2001:db8:ffff::9/80", " > 2001:db8:ffff::9.80: "),
        ("echo x >/dev/udp/198.51.100.9/123", " > 198.51.100.9.123: "),
        ("ping -c 1 198.51.100.9", " > 198.51.100.9: ICMP echo request"),
        ("ping -c 1 ff02::fb%trap0", " > ff02::fb: ICMP6, echo request"),
        ("getent hosts deb.debian.org", "A? deb.debian.org."),
    ],
)
def test_attempt_is_counted_and_printed(host, attempt, trace):
    host.exec(["bash", "-c", attempt], timeout=3)
    assert any(trace in packet for packet in host.egress().packets)


def test_controls_count_and_are_not_the_installers(host):
    seen = host.controls()
    assert seen["address"] > 0
    assert seen["name"] > 0
    assert seen["container"] is None  # no Docker here; the demo has one
    assert host.egress().count == 0


def test_host_without_trap_is_an_error_and_not_silence(host):
    host.require(["ip", "link", "delete", "trap0"])
    with pytest.raises(TrapError):
        host.egress()
    host.lay_trap()
    assert host.egress().count == 0


def test_files_arrive_with_their_mode(host):
    host.put(b"a: 1\n", "/etc/lab/secret.yml", mode=0o600)
    assert host.read("/etc/lab/secret.yml") == b"a: 1\n"
    assert host.require(["stat", "-c", "%a %U", "/etc/lab/secret.yml"]) == "600 root\n"


def test_stop_leaves_nothing():
    name = f"{NAME}-stop"
    SealedHost(name).start()
    SealedHost(name).stop()
    for listing in (
        ["docker", "ps", "-a"],
        ["docker", "volume", "ls"],
        ["ip", "netns"],
        ["ls", "/run/airgap-lab"],
    ):
        assert name not in subprocess.run(listing, check=True, capture_output=True, text=True).stdout
