"""`host profile`: what is in it, what must never be, and what is said where something cannot be read."""

import json
import os
import subprocess
from functools import partial

import pytest
from jsonschema import Draft202012Validator

from graphistry_airgap.connected.profiles.read import read_profile
from graphistry_airgap.connected.spec import NamedPath
from graphistry_airgap.content import PACKAGE
from graphistry_airgap.core.adapters.files import write_output
from graphistry_airgap.core.errors import HostError, InputError
from graphistry_airgap.installation.host_profile import MakeHostProfile, take_profile
from graphistry_airgap.knowledge.formats import load_schema
from graphistry_airgap.target.docker.api import DockerUnreachableError
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.probes import docker as probe_docker

pytestmark = pytest.mark.subprocesses

KERNEL = "6.12.117+deb13-cloud-amd64"
STATUS = """\
Package: libc6
Status: install ok installed
Version: 2.41-12
Architecture: amd64

Package: half
Status: install ok half-configured
Version: 1
Architecture: amd64

Package: gone
Status: deinstall ok config-files
Version: 1
Architecture: all

"""
# what a machine could be known by
TELLING = (
    "web1.bank.example",
    "192.0.2.7",
    "52:54:00:12:34:56",
    "SERIAL-4711",
    "alice",
    "GPU-8b3f",
    "s3cret",
)


def run(argv, environment):
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def tree(tmp_path):
    """A machine as files."""
    files = {
        "etc/os-release": 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian \\"trixie\\" 13"\n',
        "etc/hostname": "web1.bank.example",
        "etc/machine-id": "SERIAL-4711",
        "etc/passwd": "alice:x:1000:1000::/home/alice:/bin/sh",
        "proc/cmdline": "root=UUID=SERIAL-4711 token=s3cret",
        "proc/sys/kernel/osrelease": KERNEL,
        "proc/sys/kernel/hostname": "web1.bank.example",
        "proc/meminfo": "MemTotal: 1024 kB\n",
        "proc/cpuinfo": "processor : 0\nserial: SERIAL-4711\nprocessor : 1\n",
        "proc/sys/crypto/fips_enabled": "1\n",
        "sys/class/dmi/id/product_serial": "SERIAL-4711",
        "sys/class/net/eth0/address": "52:54:00:12:34:56",
        "sys/fs/selinux/enforce": "1",
        "sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de",
        "sys/bus/pci/devices/0000:01:00.0/class": "0x030200",
        "sys/bus/pci/devices/0000:01:00.0/device": "0x20B5",
        "proc/driver/nvidia/gpus/0000:01:00.0/information": "GPU UUID: GPU-8b3f",
        "var/lib/dpkg/status": STATUS,
        f"lib/modules/{KERNEL}/kernel/x.ko": "",
        "lib/modules/6.1-old/build/Makefile": "",
    }
    for name, text in files.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "root"


def command(tree):
    write = partial(write_output, mode=0o600)
    return MakeHostProfile(Host(run=run, root=tree), write, PACKAGE / "bootstrap" / "host-profile.sh")


def test_what_is_in_it(tree):
    found = take_profile(Host(run=run, root=tree))
    Draft202012Validator(load_schema("host-profile-v1")).validate(found)
    assert found["os"] == {
        "id": "debian",
        "version_id": "13",
        "pretty_name": 'Debian "trixie" 13',
        "platform": "debian-13",
    }
    assert (found["architecture"], found["package_system"]) == ("amd64", "apt")
    assert found["kernel"] == {"running": KERNEL, "installed": [KERNEL], "headers": []}
    assert found["packages"] == [{"name": "libc6", "version": "2.41-12", "architecture": "amd64"}]
    assert found["gpus"] == [{"device": "0x20b5"}]
    assert (found["memory_bytes"], found["cpus"]) == (1024 * 1024, 2)
    assert (found["secure_boot"], found["selinux"], found["fips"]) == (False, "enforcing", True)
    assert "docker" not in found
    assert found["findings"] == []


def test_nothing_in_it_names_the_machine_or_its_users(tree):
    text = json.dumps(take_profile(Host(run=run, root=tree)))
    assert [word for word in TELLING if word in text] == []


def test_a_firmware_that_does_not_show_its_switch(tree):
    (tree / "sys/firmware/efi").mkdir(parents=True)
    found = take_profile(Host(run=run, root=tree))
    assert "secure_boot" not in found
    assert [finding["code"] for finding in found["findings"]] == ["secure-boot-unread"]


def test_the_file_is_the_users_own_and_can_be_read_back(tree, tmp_path):
    result = command(tree).run(tmp_path / "web1.profile.json")
    assert (tmp_path / "web1.profile.json").stat().st_mode & 0o777 == 0o600
    profile = read_profile(NamedPath("web1.profile.json", tmp_path / "web1.profile.json"))
    assert (profile.platform, profile.kernel, sorted(profile.packages)) == ("debian-13", KERNEL, ["libc6"])
    assert "debian-13" in result.messages[0]
    assert result.data["profile"]["kernel"]["running"] == KERNEL


def test_without_a_file_the_profile_is_the_answer(tree):
    result = command(tree).run(None)
    (text,) = result.messages
    assert json.loads(text) == result.data["profile"]


def test_what_could_not_be_read_is_said_to_people(tree, tmp_path):
    (tree / "sys/firmware/efi").mkdir(parents=True)
    said = command(tree).run(tmp_path / "p").messages
    assert said[1:] == ["not read: the firmware's variable cannot be read"]


@pytest.mark.parametrize("name", ["none/p", "."])
def test_a_place_that_cannot_be_written(tree, tmp_path, name):
    with pytest.raises(InputError) as caught:
        command(tree).run(tmp_path / name)
    assert caught.value.code == "output-unwritable"
    assert list(tmp_path.iterdir()) == [tree]


def test_a_pipe_is_not_replaced_and_a_link_is_followed(tree, tmp_path):
    """As root `-o /dev/null` would be the end of /dev/null."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to-pipe").symlink_to("pipe")
    (tmp_path / "to-file").symlink_to("file")
    for name in ("pipe", "to-pipe"):
        with pytest.raises(InputError, match="not a file"):
            command(tree).run(tmp_path / name)
    assert (tmp_path / "pipe").is_fifo()
    command(tree).run(tmp_path / "to-file")
    assert (tmp_path / "to-file").is_symlink()
    assert (tmp_path / "file").is_file()


def test_a_machine_without_a_package_database(tree):
    (tree / "var/lib/dpkg/status").write_text("")
    with pytest.raises(HostError) as caught:
        take_profile(Host(run=lambda *_: (127, "", ""), root=tree))
    assert caught.value.code == "packages-unreadable"


def test_an_rpm_host(tree):
    rows = "bash\tx86_64\t0:5.1.8-9.el9\ngpg-pubkey\t(none)\t0:8483c65d-5ccc5b19\ncups\tnoarch\t1:2.3-1\n"
    (tree / "etc/os-release").write_text('ID="rocky"\nVERSION_ID="9.6"\n')

    def rpm(argv, _environment):
        return (0, rows, "") if argv[1] == "rpm" else (127, "", "")

    found = take_profile(Host(run=rpm, root=tree))
    assert (found["os"]["platform"], found["package_system"]) == ("rhel-9", "dnf")
    assert found["architecture"] == os.uname().machine
    assert [(one["name"], one["version"]) for one in found["packages"]] == [
        ("bash", "5.1.8-9.el9"),
        ("cups", "1:2.3-1"),
    ]


class Daemon:
    """The few answers of a Docker daemon with containerd's image store."""

    def __init__(self, _path):
        pass

    def info(self):
        store = [["driver-type", "io.containerd.snapshotter.v1"]]
        return {"DriverStatus": store, "DockerRootDir": "/var/lib/docker", "ServerVersion": "29.0.0"}

    def images(self):
        return [{"Id": f"sha256:{'a' * 64}", "RepoTags": ["<none>:<none>"]}]


class Closed(Daemon):
    def info(self):
        raise DockerUnreachableError("permission denied")


@pytest.fixture
def dockerd(tree):
    (tree / "proc/7").mkdir()
    (tree / "proc/7/comm").write_text("dockerd\n")


@pytest.mark.usefixtures("dockerd")
def test_images_whose_configs_only_root_can_read(tree, monkeypatch):
    monkeypatch.setattr(probe_docker, "DockerApi", Daemon)
    monkeypatch.setattr(probe_docker, "stored_configs", lambda *_: iter(()))
    found = take_profile(Host(run=run, root=tree))
    Draft202012Validator(load_schema("host-profile-v1")).validate(found)
    assert found["docker"] == {"version": "29.0.0", "image_store": "containerd", "images": []}
    assert [finding["code"] for finding in found["findings"]] == ["images-unread"]


@pytest.mark.usefixtures("dockerd")
def test_a_daemon_that_may_not_be_asked(tree, monkeypatch):
    monkeypatch.setattr(probe_docker, "DockerApi", Closed)
    found = take_profile(Host(run=run, root=tree))
    assert "docker" not in found
    assert [finding["code"] for finding in found["findings"]] == ["docker-unread"]


def test_the_script_is_handed_over_unchanged(tree, tmp_path):
    assert "profile" not in command(tree).run(tmp_path / "s.sh", as_script=True).data
    assert (tmp_path / "s.sh").read_bytes() == (PACKAGE / "bootstrap" / "host-profile.sh").read_bytes()
    (text,) = command(tree).run(None, as_script=True).messages
    assert f"{text}\n".encode() == (PACKAGE / "bootstrap" / "host-profile.sh").read_bytes()
