"""A platform is written once; whatever else knows of it is made from that, and all tell hosts apart alike."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graphistry_airgap.bootstrap.render import install_sh
from graphistry_airgap.knowledge.platforms import FOLDER, PLATFORMS, load_platforms, load_refused
from graphistry_airgap.target.host.platforms import identify, platform_of, why_refused
from tests.kit.strict_schemas import strict

ROOT = Path(__file__).resolve().parents[2]
MAKER = ROOT / "scripts" / "make-platforms"
CODE = install_sh().decode().removesuffix('main "$@"\n')

# ID and VERSION_ID of os-release(5), as systems have them; what they are
HOSTS = [
    ("debian", "13", "debian-13"),
    ("debian", "12", "debian-12"),
    ("debian", "11", "debian-11"),
    ("debian", "130", "debian-130"),
    ("debian", "1", "debian-1"),
    ("rhel", "9.6", "rhel-9"),
    ("rocky", "9.4", "rhel-9"),
    ("almalinux", "9.7", "rhel-9"),
    ("ol", "9.5", "rhel-9"),
    ("centos", "9", "rhel-9"),
    ("rocky", "90.1", "rocky-90.1"),
    ("ubuntu", "22.04", "ubuntu-22.04"),
    ("ubuntu", "22.10", "ubuntu-22.10"),
    ("ubuntu", "20.04", "ubuntu-20.04"),
    ("rhel", "10.0", "rhel-10"),
    ("rocky", "10.1", "rhel-10"),
    ("almalinux", "10.1", "rhel-10"),
    # Kitten, the rolling preview: of Alma the releases alone have a minor version
    ("almalinux", "10", "almalinux-10"),
    ("ol", "10.0", "rhel-10"),
    ("centos", "10", "rhel-10"),
    ("almalinux", "9", "rhel-9"),
    ("ubuntu", "24.04", "ubuntu-24.04"),
    ("ubuntu", "24.10", "ubuntu-24.10"),
    ("ubuntu", "24.0", "ubuntu-24.0"),
    ("ubuntu", "2404", "ubuntu-2404"),
    ("linuxmint", "22", "linuxmint-22"),
    ("fedora", "41", "fedora-41"),
    ("amzn", "2023", "amzn-2023"),
    ("debian*", "13", "debian*-13"),
]


@pytest.mark.subprocesses
def test_what_is_made_from_them_is_up_to_date():
    done = subprocess.run([sys.executable, MAKER, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", load_platforms())
def test_each_is_of_its_format(name):
    strict("platform-v1").validate(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def test_no_host_is_two_of_them():
    known = {(name, f"{one.version}.0"): one.name for one in PLATFORMS.values() for name in one.ids}
    assert {host: platform_of(*host) for host in known} == known


@pytest.mark.parametrize(("os_id", "version", "platform"), HOSTS)
@pytest.mark.subprocesses
def test_the_tool_and_install_sh_tell_hosts_apart_alike(os_id, version, platform):
    assert platform_of(os_id, version) == platform
    harness = f'{CODE}\nname_platform "$1" "$2"; printf \'%s\' "$platform"'
    done = subprocess.run(["sh", "-c", harness, "sh", os_id, version], capture_output=True, check=True)
    assert done.stdout.decode() == platform


@pytest.mark.parametrize(
    ("os_id", "version", "refused"),
    [
        ("ubuntu", "20.04", True),
        ("ubuntu", "20.04.6", True),
        ("ubuntu", "20.10", False),
        ("ubuntu", "22.04", False),
        ("debian", "20.04", False),
    ],
)
@pytest.mark.subprocesses
def test_of_a_system_that_is_taken_no_more_both_say_why_and_the_way_out(os_id, version, refused):
    reason, way_out = why_refused(platform_of(os_id, version))
    harness = f'{CODE}\nwhy_refused "$1" "$2"; printf \'%s|%s\' "$reason" "$way_out"'
    done = subprocess.run(["sh", "-c", harness, "sh", os_id, version], capture_output=True, check=True)
    assert done.stdout.decode() == f"{reason}|{way_out}"
    assert (bool(reason), "upgrade the host to Ubuntu 22.04 or 24.04" in way_out) == (refused, refused)


def test_a_system_is_not_both_taken_and_refused():
    assert load_refused().keys() & PLATFORMS.keys() == set()
    assert {
        platform_of(name, one["version"]) for one in load_refused().values() for name in one["ids"]
    } == set(load_refused())


@pytest.mark.parametrize(
    ("release", "told"),
    [
        ({"ID": "ubuntu", "VERSION_ID": "24.04", "NAME": "Ubuntu"}, {}),
        ({"ID": "ubuntu", "VERSION_ID": "24.04", "NAME": "Some Desktop"}, {"rebuild": "Some Desktop"}),
        ({"ID": "almalinux", "VERSION_ID": "9.6", "NAME": "CloudLinux"}, {"rebuild": "CloudLinux"}),
        ({"ID": "centos", "VERSION_ID": "9", "NAME": "CentOS Stream"}, {"warning": True}),
        (
            {"ID": "linuxmint", "VERSION_ID": "22", "ID_LIKE": "ubuntu debian", "UBUNTU_CODENAME": "noble"},
            {"base": "ubuntu noble"},
        ),
        ({"ID": "pop", "VERSION_ID": "24.04", "ID_LIKE": "ubuntu debian"}, {"base": "ubuntu"}),
        ({"ID": "ubuntu", "VERSION_ID": "20.04", "ID_LIKE": "debian"}, {}),
        ({"ID": "centos", "VERSION_ID": "10", "NAME": "CentOS Stream"}, {"warning": True}),
        ({"ID": "almalinux", "VERSION_ID": "10.1", "NAME": "AlmaLinux"}, {}),
        ({"ID": "almalinux", "VERSION_ID": "10", "NAME": "AlmaLinux Kitten"}, {"preview": True}),
        ({"ID": "fedora", "VERSION_ID": "41"}, {}),
        ({}, {}),
    ],
)
def test_what_is_to_be_known_of_a_host_beside_its_platform(release, told):
    found = identify(release)
    assert {key for key in ("rebuild", "warning", "base", "preview") if found[key]} == told.keys()
    assert {key: found[key] for key in ("rebuild", "base") if key in told} == {
        key: value for key, value in told.items() if value is not True
    }
