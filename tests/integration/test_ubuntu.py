"""Ubuntu 24.04, a stand-in: apt's hooks and timers of a stock server, which reach out, have no part in it.

Real are apt with its timers, dpkg, needrestart, systemd-resolved (Debian's), the archive's signatures and
shape, and the interpreter's version.  The host's own lists contradict each other, as a site leaves them.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles.ubuntu import UBUNTU
from lab.hosts.prepared_host import RECEIPT
from lab.hosts.ubuntu_host import UBUNTU_IMAGE
from tests.kit.bundles.bundle_steps import try_bundle
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.faults.changed_packages import stub_package
from tests.kit.hosts.demo_hosts import install, snapshot
from tests.kit.hosts.platform_hosts import (
    install_again_as_row,
    install_as_row,
    require_silence,
    restart_as_row,
)

if TYPE_CHECKING:
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

PLATFORM = "ubuntu-24.04"
HOOKS = "/var/log/airgap-lab-hooks"
TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer")
LIST = "/etc/apt/sources.list.d/site.list"
# of noble itself; the update is one that a tenth of the hosts gets yet
HELD = "24.0.7-0ubuntu4"
OF_ANOTHER_KEY = b"deb [signed-by=/etc/apt/keyrings/site.gpg] http://archive.ubuntu.com/ubuntu/ noble main\n"


@pytest.fixture(scope="module")
def platform_bundle() -> Path:
    return made_bundle(UBUNTU, "`python -m lab.bundles.ubuntu`")


@pytest.fixture(scope="module")
def host(sealed_host, platform_bundle) -> SealedHost:
    started: SealedHost = sealed_host("ubuntu", bundle=platform_bundle, image=UBUNTU_IMAGE)
    started.put(OF_ANOTHER_KEY, LIST)
    return started


@pytest.fixture(scope="module")
def before(host) -> dict[str, list[str]]:
    return snapshot(host)


@pytest.fixture(scope="module")
def installed(host, before) -> dict[str, Any]:
    return install_as_row(PLATFORM, host)


def sh(host: SealedHost, script: str) -> str:
    return host.require(["sh", "-c", script], timeout=120)


def test_the_bundle_resolves_is_built_again_and_verifies(platform_bundle):
    scratch = UBUNTU.parent / "tests" / "ubuntu"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    spec, keyring = UBUNTU / "ubuntu.bundle.yml", UBUNTU / "trusted.gpg"
    try_bundle(PLATFORM, spec, platform_bundle, keyring, scratch, stand_in=True)
    shutil.rmtree(scratch)


def test_the_newest_of_each_suite_is_taken_also_what_only_some_hosts_get_yet(platform_bundle):
    """An update that a tenth of the hosts gets is in the bundle on every machine that builds it."""
    groups = json.loads((platform_bundle / "bundle.json").read_bytes())["platforms"][PLATFORM]["packages"]
    versions = {package["name"]: package["version"] for package in groups["docker"]}
    assert versions["docker.io"] == "26.1.3-0ubuntu1~24.04.1"
    assert versions["docker-compose-v2"] == "2.27.1+ds1-0ubuntu1~24.04.1"
    assert versions["containerd"] == "1.7.24-0ubuntu1~24.04.2"
    # what every host has, and newer of it, stays out
    assert not {"libc6", "libsystemd0", "passwd"} & versions.keys()


def test_the_host_says_that_it_is_an_ubuntu_with_the_interpreter_of_one(host, before):
    assert "ID=ubuntu" in host.read("/etc/os-release").decode()
    assert sh(host, "/usr/bin/python3 -c 'import sys; print(sys.version_info[:2])'") == "(3, 12)\n"
    assert {"docker.io", "containerd"}.isdisjoint({line.split()[0] for line in before["packages"]})
    assert sh(host, "dpkg --print-foreign-architectures") == "i386\n"
    assert "nameserver 127.0.0.53" in host.read("/etc/resolv.conf").decode()
    assert sh(host, f"systemctl is-active {' '.join(TIMERS)}").split() == ["active", "active"]


def test_a_phased_update_that_the_host_holds_back_is_refused_by_name(host, before, tmp_path):
    host.put(stub_package(tmp_path, "docker.io", HELD), "/root/held.deb")
    # apt-mark wants the host's lists, which it cannot read
    sh(host, "dpkg -i /root/held.deb && echo docker.io hold | dpkg --set-selections")
    rc, envelope = install(host)
    sh(host, "echo docker.io purge | dpkg --set-selections; dpkg --purge docker.io; rm /root/held.deb")
    (error,) = envelope["errors"]
    assert (rc, error["code"]) == (3, "package-held"), error
    assert f"docker.io is held at {HELD}" in error["message"]
    assert snapshot(host) == before


def test_it_is_installed_from_ubuntus_own_packages(host, installed):
    receipt = json.loads(host.read(RECEIPT))
    assert receipt["bundle"]["platform"] == PLATFORM
    changed = {row["name"]: row["to"] for row in receipt["packages"]}
    assert changed.keys() >= {"docker.io", "docker-compose-v2", "containerd", "runc"}
    # a server has these, and newer ones than the bundle's stay
    assert not {"python3", "iptables", "adduser"} & changed.keys()
    assert sh(host, "ls -1 /opt/graphistry-airgap/runtimes/*/lib") == "python3.12\n"


def test_neither_hooks_of_the_host_s_apt_nor_needrestart_ran(host, installed):
    assert host.exec(["test", "-e", HOOKS]).rc != 0
    assert host.exec(["test", "-e", "/etc/needrestart/conf.d/airgap-lab.conf"]).rc == 0


def test_nothing_of_the_host_s_own_apt_is_touched(host, before, installed):
    def of_apt(lines):
        return [line for line in lines if "/etc/apt" in line or "needrestart" in line]

    assert of_apt(snapshot(host)["etc"]) == of_apt(before["etc"])
    assert of_apt(before["etc"])


def test_the_second_installation_changes_nothing(host, installed):
    install_again_as_row(PLATFORM, host)


def test_nothing_tried_to_leave(host, installed):
    require_silence(host)


def test_containers_ask_whom_the_host_asks(host, installed):
    """By the stub: Docker takes it for the product's network."""
    asks = ["docker", "exec", "graphistry-nexus-1", "getent", "hosts", "a.example"]
    host.mark()
    assert host.exec(asks, timeout=60).rc != 0
    asked = {line.split(" > ")[1].split(": ")[0] for line in host.egress().packets}
    host.mark()
    assert asked == {"192.0.2.254.53"}


def test_the_host_s_own_lists_contradict_each_other(host, installed):
    """Its own apt reads none of them so: ours did not look."""
    refused = host.exec(["apt-get", "update"], timeout=60)
    assert refused.rc != 0
    assert "Conflicting values set for option Signed-By" in refused.stderr
    host.require(["rm", LIST])


def test_the_hooks_would_have_been_seen(host, installed):
    """The host's own apt runs them, and they try to leave: so their silence above says something."""
    host.exec(["timeout", "10", "apt-get", "update"], timeout=60)
    assert "apt-esm-hook update" in host.read(HOOKS).decode()
    assert host.egress().packets


def test_it_comes_back_after_a_restart(host, installed):
    restart_as_row(PLATFORM, host)
