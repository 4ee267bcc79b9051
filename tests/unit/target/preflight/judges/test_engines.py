"""Dockers beside the packages', masked units, plugins in Docker's order, containers that wait for a start."""

import json
from pathlib import Path

import pytest

from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.probes import engines as probe_engines
from tests.kit.fakes.place_profiles import BUNDLED_COMPOSE, PLUGIN, dormant, findings, plugin, program

ROOTS = f"{probe_engines.ROOTS_PLUGINS}/docker-compose"
DATA = "/var/lib/docker"


class Packages:
    def __init__(self, *names):
        self.names = names

    def owned(self, paths):
        return {path for path in paths if path.endswith(self.names)} if self.names else set()


class Tree:
    """A pretended machine, on which each program answers with the text of its file."""

    def __init__(self, root):
        self.root = root
        self.host = Host(run=self.run, root=root)
        self.asked = []

    def run(self, argv, environment):
        self.asked.append(argv)
        program = next(word for word in argv if word.startswith("/"))
        return 0, Path(program).read_text(), ""

    def write(self, name, text=""):
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def container(self, name, policy, *, ports=(), state=None, network="bridge", **more):
        folder = f"{DATA}/containers/{name}"
        bindings = {f"{port}/tcp": [{"HostIp": "", "HostPort": str(port)}] for port in ports}
        settings = {"RestartPolicy": {"Name": policy}, "PortBindings": bindings, "NetworkMode": network}
        config = {"Name": f"/{name}", "Config": {"Image": f"{name}:1", "Labels": None}, "State": state or {}}
        self.write(f"{folder}/config.v2.json", json.dumps(config | more))
        self.write(f"{folder}/hostconfig.json", json.dumps(settings))

    def engines(self, packages=None, *, running=False):
        return probe_engines.engines(self.host, packages or Packages(), DATA, running=running)


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def told(profile, requirements=None):
    return [(item.severity, item.code) for item in findings(profile, requirements)]


# ---- programs


def test_programs_that_no_package_brought_are_named_with_their_versions(tree):
    tree.write("/usr/local/bin/dockerd", "Docker version 20.10.24, build 5d6db84\n")
    tree.write("/usr/local/bin/runc", "runc version v1.1.4\n")
    tree.write("/usr/bin/docker", "Docker version 26.1.5, build a72d7cd\n")
    tree.write("/usr/sbin/containerd", "no answer\n")
    assert tree.engines(Packages("/usr/bin/docker"))["programs"] == [
        program("dockerd", "20.10.24"),
        program("runc", "1.1.4"),
        program("containerd", "", "/usr/sbin"),
    ]


def test_a_link_to_a_package_s_program_is_the_package_s(tree):
    tree.write("/usr/lib/docker/docker")
    (tree.root / "usr/bin").mkdir(parents=True)
    (tree.root / "usr/bin/docker").symlink_to("../lib/docker/docker")
    assert tree.engines(Packages("/usr/lib/docker/docker"))["programs"] == []


def test_an_engine_is_an_error_and_a_program_of_one_a_warning():
    (error,) = findings({"engines.programs": [program("dockerd", ""), program("docker", "20.10.24")]})
    assert (error.severity, error.code) == ("error", "docker-foreign-engine")
    assert "/usr/local/bin/dockerd (of unknown version), /usr/local/bin/docker 20.10.24" in error.message
    assert told({"engines.programs": [program("docker", "28.0")]}) == [("warning", "docker-foreign-program")]


# ---- units


def test_masked_is_a_link_to_nothing_or_an_empty_file(tree):
    folder = tree.write("/etc/systemd/system/x").parent
    (folder / "docker.service").symlink_to("/dev/null")
    (folder / "docker.socket").symlink_to("/lib/systemd/system/docker.socket")
    tree.write("/run/systemd/system/containerd.service")
    assert tree.engines()["masked"] == ["docker.service", "containerd.service"]


def test_a_unit_of_the_site_s_own_is_not_masked(tree):
    tree.write("/etc/systemd/system/docker.service", "[Service]\n")
    tree.write("/run/systemd/system/docker.service")
    assert tree.engines()["masked"] == []


# ---- the compose plugin


def metadata(version):
    return json.dumps({"SchemaVersion": "0.1.0", "Vendor": "Docker Inc.", "Version": version})


def test_root_s_own_plugin_comes_first_for_the_unit_and_not_for_the_stages(tree):
    tree.write(ROOTS, metadata("v2.6.0"))
    tree.write(PLUGIN, metadata("v2.20.1"))
    tree.write("/usr/libexec/docker/cli-plugins/docker-compose", metadata("2.26.1-4"))
    assert tree.engines()["compose"] == {
        "stages": PLUGIN,
        "unit": ROOTS,
        "versions": {ROOTS: "2.6.0", PLUGIN: "2.20.1"},
    }


def test_folders_of_root_s_configuration_come_before_all(tree):
    tree.write("/root/.docker/config.json", json.dumps({"cliPluginsExtraDirs": ["/srv/plugins", 7]}))
    tree.write("/srv/plugins/docker-compose", metadata("v2.30.0"))
    tree.write(ROOTS, metadata("v2.6.0"))
    assert tree.engines()["compose"]["unit"] == "/srv/plugins/docker-compose"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"Vendor": "x"}'])
def test_a_plugin_that_does_not_tell_its_version(tree, text):
    tree.write(PLUGIN, text)
    assert tree.engines()["compose"]["versions"] == {PLUGIN: ""}


@pytest.mark.parametrize(
    ("version", "severity"),
    [("2.6.0", "error"), ("1.29.2", "error"), ("", "error"), ("2.26.0", "info"), ("2.39.1", "info")],
)
def test_a_plugin_older_than_the_bundle_s_is_refused(version, severity):
    found = told({"engines.compose": plugin(version)}, BUNDLED_COMPOSE)
    assert found == [(severity, "compose-plugin-shadowed")]


def test_who_would_use_it_is_said():
    packaged = "/usr/libexec/docker/cli-plugins/docker-compose"
    (error,) = findings({"engines.compose": plugin("2.6.0", stages=packaged, unit=ROOTS)}, BUNDLED_COMPOSE)
    assert error.message.startswith("the unit graphistry.service would use the compose plugin /root/")
    assert told({"engines.compose": plugin("2.6.0", stages=packaged, unit=packaged)}, BUNDLED_COMPOSE) == []


# ---- containers that a start of Docker starts


def test_policies_as_docker_reads_them(tree):
    tree.container("always", "always", ports=[80], HasBeenManuallyStopped=True)
    tree.container("unless", "unless-stopped", network="host")
    tree.container("stopped", "unless-stopped", HasBeenManuallyStopped=True)
    tree.container("failed", "on-failure", state={"ExitCode": 1})
    tree.container("ended", "on-failure", state={"ExitCode": 0})
    tree.container("no", "no")
    tree.write(f"{DATA}/containers/broken/config.v2.json", "{")
    found = tree.engines()["dormant"]
    assert [item["name"] for item in found] == ["always", "failed", "unless"]
    assert found[0]["ports"] == [80]
    assert found[2]["host_network"]
    assert tree.engines(running=True)["dormant"] == []


def test_own_containers_may_start_and_a_foreign_one_on_another_port_is_named():
    own = dormant("caddy", 80, directory="/var/graphistry/current")
    assert told({"engines.dormant": [own]}) == []
    (warning,) = findings({"engines.dormant": [own, dormant("db", 5432), dormant("x", host_network=True)]})
    assert "db (db:1; ports 5432), x (x:1; ports the host's network)" in warning.message


def test_each_container_on_a_port_of_the_product_is_an_error():
    found = findings({"engines.dormant": [dormant("a", 80, 8080), dormant("b", 443)]})
    assert [item.code for item in found] == ["port-taken-at-start"] * 2
    assert "takes port 80" in found[0].message


def test_the_ports_are_those_that_the_release_will_publish():
    given = {"ports": [8080, 443], "engines.dormant": [dormant("a", 80), dormant("b", 8080)]}
    assert told(given) == [("error", "port-taken-at-start"), ("warning", "containers-start-with-docker")]
