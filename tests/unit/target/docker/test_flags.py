"""What systemd will start dockerd with: unit, drop-ins and files of variables in a pretended machine."""

import pytest

from graphistry_airgap.target.docker import flags as docker_flags
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.probes import (
    daemon as probe_daemon,
    docker as probe_docker,
)

UNIT = "/usr/lib/systemd/system/docker.service"
# as Docker's older packages for EL, and many sites' own units, have it
WITH_SYSCONFIG = (
    "[Service]\nEnvironmentFile=-/etc/sysconfig/docker\nExecStart=/usr/bin/dockerd -H fd:// $OPTIONS\n"
)
REQUIREMENTS = {
    "gpu": {},
    "packages": [],
    "data_root": "/var/lib/docker",
    "image_store": "default",
    "address_pools": [],
}


class Machine:
    def __init__(self, root):
        self.root = root
        self.host = Host(run=lambda argv, environment: (1, "", ""), root=root)

    def write(self, name, text):
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return self

    def keys(self):
        return docker_flags.flags(self.host).keys

    def judged(self):
        found = probe_daemon.daemon(self.host, REQUIREMENTS, {})["judged"]
        return {one["key"]: one["kind"] for one in found}


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def with_flags(machine, options):
    return machine.write(UNIT, f"[Service]\nExecStart=/usr/bin/dockerd -H fd:// {options}\n")


def test_the_file_of_variables_of_a_host_with_dnf_is_read(machine):
    machine.write(UNIT, WITH_SYSCONFIG)
    machine.write("/etc/sysconfig/docker", "# site\nOPTIONS='--log-driver=journald --bip 10.9.0.1/24'\n")
    assert machine.keys() == {"hosts": ["fd://"], "log-driver": ["journald"], "bip": ["10.9.0.1/24"]}


def test_a_file_of_variables_that_is_not_there_gives_none(machine):
    machine.write(UNIT, WITH_SYSCONFIG)
    assert machine.keys() == {"hosts": ["fd://"]}


def test_a_file_of_variables_wins_over_a_later_single_variable(machine):
    machine.write(UNIT, WITH_SYSCONFIG).write("/etc/sysconfig/docker", "OPTIONS=--mtu=1400\n")
    machine.write(
        "/etc/systemd/system/docker.service.d/a.conf", "[Service]\nEnvironment=OPTIONS=--mtu=9000\n"
    )
    assert machine.keys()["mtu"] == ["1400"]


@pytest.mark.parametrize("reset", ["Environment=", "EnvironmentFile="])
def test_an_empty_assignment_forgets_what_was_before(machine, reset):
    machine.write(UNIT, WITH_SYSCONFIG).write("/etc/sysconfig/docker", "OPTIONS=--mtu=1400\n")
    if reset == "Environment=":
        machine.write(
            UNIT, WITH_SYSCONFIG.replace("EnvironmentFile=-/etc/sysconfig/docker", "Environment=OPTIONS=-D")
        )
    machine.write("/etc/systemd/system/docker.service.d/a.conf", f"[Service]\n{reset}\n")
    assert machine.keys() == {"hosts": ["fd://"]}


def test_drop_ins_of_all_services_count_and_yield_to_the_unit_s_namesake(machine):
    machine.write(UNIT, WITH_SYSCONFIG)
    machine.write("/etc/systemd/system/service.d/a.conf", "[Service]\nEnvironment=OPTIONS=--mtu=9000\n")
    assert machine.keys()["mtu"] == ["9000"]
    machine.write("/usr/lib/systemd/system/docker.service.d/a.conf", "[Service]\n")
    assert machine.keys() == {"hosts": ["fd://"]}


def test_a_unit_that_was_put_beside_the_packages_counts(machine):
    machine.write(
        "/usr/local/lib/systemd/system/docker.service", "[Service]\nExecStart=/usr/local/bin/dockerd -D\n"
    )
    assert machine.keys() == {"debug": ["true"]}


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--bip=10.9.0.1/24"], {"bip": "10.9.0.1/24"}),
        (["--iptables=false", "--ipv6"], {"iptables": False, "ipv6": True}),
        (["-H", "fd://", "-H", "tcp://0.0.0.0:2375"], {"hosts": ["fd://", "tcp://0.0.0.0:2375"]}),
        (
            ["--default-address-pool", "base=10.200.0.0/16,size=24", "--default-address-pool=size=24"],
            {"default-address-pools": [{"base": "10.200.0.0/16", "size": 24}, "size=24"]},
        ),
        (
            ["--default-address-pool=base=10.200.0.0/16,size=many"],
            {"default-address-pools": [{"base": "10.200.0.0/16", "size": "many"}]},
        ),
        (
            ["--default-network-opt", "bridge=com.docker.network.driver.mtu=1400"],
            {"default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "1400"}}},
        ),
        (["--feature=containerd-snapshotter"], {"features": {"containerd-snapshotter": True}}),
        (["--feature", "cdi=false"], {"features": {"cdi": False}}),
        (["--log-opt", "max-size=5m"], {"log-opts": {"max-size": "5m"}}),
        (["--add-runtime", "kata=/opt/kata"], {"runtimes": {"kata": {"path": "/opt/kata"}}}),
        (["-g", "/srv/one", "--data-root=/srv/two"], {"data-root": "/srv/two"}),
    ],
)
def test_flags_in_the_types_of_the_file(arguments, wanted):
    assert docker_flags.as_settings(docker_flags.keys_of(arguments)) == wanted


def test_data_root_and_networks_of_flags_are_settings_like_those_of_the_file(machine):
    with_flags(machine, "--data-root=/srv/docker --bip=10.9.0.1/24 --live-restore --iptables=false")
    machine.write("/etc/docker/daemon.json", '{"mtu": 1400}')
    found = probe_docker.settings(machine.host)
    assert (found["data_root"], found["live_restore"]) == ("/srv/docker", True)
    assert (found["network"]["bip"], found["network"]["iptables"]) == ("10.9.0.1/24", False)
    assert found["keys"] == ["mtu"]
    assert found["flags"] == ["bip", "data-root", "hosts", "iptables", "live-restore"]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("-H tcp://0.0.0.0:2375", {"hosts": "risky"}),
        ("--iptables=false", {"iptables": "fatal"}),
        ("--config-file=/srv/docker.json", {"config-file": "fatal"}),
        ("--config-file=/etc/docker/daemon.json", {}),
        ("--default-runtime=kata", {"default-runtime": "fatal"}),
        ("--default-ulimit nofile=1024", {"default-ulimits": "risky"}),
        ("--frobnicate", {"frobnicate": "unknown"}),
    ],
)
def test_what_flags_give_is_judged_by_the_table(machine, options, wanted):
    assert with_flags(machine, options).judged() == wanted


@pytest.mark.parametrize(("gpu", "wanted"), [({"indices": ""}, "host-docker-flags"), ({}, None)])
def test_a_default_runtime_as_a_flag_leaves_no_room_for_nvidia_s(machine, gpu, wanted):
    with_flags(machine, "--default-runtime=runc")
    problem = probe_daemon.daemon(machine.host, {**REQUIREMENTS, "gpu": gpu}, {})["problem"]
    assert (problem or {}).get("code") == wanted
    assert problem is None or "default-runtime (runc)" in problem["message"]


def test_runtimes_of_flags_and_file_count_together(machine):
    with_flags(machine, "--add-runtime one=/usr/bin/one --default-runtime=one")
    machine.write("/usr/bin/one", "").write("/usr/bin/two", "")
    machine.write("/etc/docker/daemon.json", '{"runtimes": {"two": {"path": "/usr/bin/two"}}}')
    assert machine.judged() == {}
