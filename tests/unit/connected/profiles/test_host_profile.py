"""What stays behind because the hosts have it, and which kernels they bring along."""

import pytest

from graphistry_airgap.connected.packages.apt_release import Package
from graphistry_airgap.connected.packages.closure import Closure
from graphistry_airgap.connected.profiles.host_profile import kernels_to_build_for, without_assumed
from tests.kit.fakes.host_profiles import KERNEL, document, read, rocky


def package(name, version, architecture="amd64"):
    return Package(name, version, architecture, "debian", f"pool/{name}.deb", 1, "0" * 64)


def by_number(_system, installed, wanted):
    return float(installed) >= float(wanted)


CLOSURE = Closure(
    repositories=(),
    groups={
        "python": (package("python3", "3"), package("libexpat1", "2")),
        "docker": (package("docker.io", "26"), package("iptables", "5"), package("libexpat1", "2")),
        "driver": (package("dkms", "3", "all"),),
    },
)
ALL = {"python3": "3", "libexpat1": "2", "docker.io": "26", "iptables": "5", "dkms": "3"}


def left_out(tmp_path, *held, closure=CLOSURE):
    profiles = [read(tmp_path / str(number), document(packages)) for number, packages in enumerate(held)]
    found = without_assumed(closure, profiles, by_number)
    assert found.groups == closure.groups
    assert {one.name for one in found.packages} | {one.name for one in found.assumed} == set(ALL)
    return sorted(one.name for one in found.assumed)


def test_without_a_profile_everything_travels(tmp_path):
    assert left_out(tmp_path) == []


def test_what_a_host_has_stays_behind_but_python_travels_always(tmp_path):
    assert left_out(tmp_path, ALL) == ["dkms", "docker.io", "iptables"]


@pytest.mark.parametrize(("version", "names"), [("4", []), ("5", ["iptables"]), ("6", ["iptables"])])
def test_an_older_version_does_not_count_a_newer_one_does(tmp_path, version, names):
    assert left_out(tmp_path, {"iptables": version}) == names


def test_what_one_host_of_several_lacks_or_has_older_travels(tmp_path):
    assert left_out(tmp_path, ALL, {**ALL, "iptables": "4.9"}) == ["dkms", "docker.io"]
    assert left_out(tmp_path, ALL, {"docker.io": "27"}, ALL) == ["docker.io"]


def test_a_package_of_a_foreign_architecture_is_another_package(tmp_path):
    made = document()
    made["packages"].append({"name": "iptables", "version": "5", "architecture": "i386"})
    profile = read(tmp_path / "p", made)
    assert without_assumed(CLOSURE, [profile], by_number).assumed == frozenset()


def test_kernels_stand_side_by_side_on_rpm_hosts(tmp_path):
    """A newer kernel-devel is another one, and does not build modules for the older kernel."""
    wanted = [package("kernel-devel", "5", "x86_64"), package("gcc", "11", "x86_64")]
    closure = Closure((), {"headers-5": tuple(wanted)})
    for number, version in enumerate("56"):
        profile = read(tmp_path / str(number), rocky({"kernel-devel": version, "gcc": "11"}))
        assert {one.name for one in without_assumed(closure, [profile], by_number).assumed} == {"gcc"}


def test_kernels_of_hosts_without_their_headers(tmp_path):
    ready = {"running": "6.12.1-amd64", "headers": ["6.12.1-amd64"]}
    profiles = [
        read(tmp_path / "web1", document()),
        read(tmp_path / "web2", document()),
        read(tmp_path / "ready", document(kernel=ready)),
        read(tmp_path / "other", document(kernel={"running": "6.12.2-amd64", "headers": ["6.12.1-amd64"]})),
    ]
    assert kernels_to_build_for(profiles) == {
        KERNEL: ["web1", "web2"],
        "6.12.2-amd64": ["other"],
    }
