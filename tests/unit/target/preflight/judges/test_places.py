"""Where things are written and run: the kernel's table of mounts, links, hooks, inodes."""

import pytest

from graphistry_airgap.target.host import mounts as mount_table
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.probes import places as probe_places
from tests.kit.fakes.good_host import mount
from tests.kit.fakes.place_profiles import MOUNTS, findings, package

TABLE = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
30 22 8:2 / /opt rw,nosuid,noexec - ext4 /dev/sda2 rw
31 22 8:3 / /usr rw,relatime - xfs /dev/sda3 ro
32 22 8:4 / /media/my\\040disk ro - iso9660 /dev/sr0 ro
33 22 0:9 / /srv rw - ext4 /dev/sdb rw
34 33 0:8 / /srv rw,noexec - tmpfs over rw
"""


def nothing(argv, environment):
    raise AssertionError(argv)


@pytest.fixture
def host(tmp_path):
    for name in ("proc/self", "opt/deep", "usr", "srv/data", "media/my disk", "var"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(TABLE)
    return Host(run=nothing, root=tmp_path)


@pytest.mark.parametrize(
    ("path", "point", "kind", "option"),
    [
        ("/var/graphistry/x", "/", "ext4", "rw"),
        ("/opt/deep/new", "/opt", "ext4", "noexec"),
        ("/optical", "/", "ext4", "rw"),
        ("/usr", "/usr", "xfs", "ro"),
        ("/media/my disk/bundle", "/media/my disk", "iso9660", "ro"),
        ("/srv/data", "/srv", "tmpfs", "noexec"),
    ],
)
def test_the_last_mount_that_a_path_lies_on_decides(host, path, point, kind, option):
    found = mount_table.over(mount_table.read(host), path)
    assert (found.point, found.kind) == (point, kind)
    assert option in found.options


def test_a_link_is_followed_before_its_mount_is_looked_up(host):
    (host.root / "var/graphistry").symlink_to("../opt/deep")
    found = probe_places.places(host, ["/var/graphistry", "/var/graphistry/new"], "", "dnf")["mounts"]
    assert [place["resolved"] for place in found.values()] == ["/opt/deep", "/opt/deep/new"]
    assert all("noexec" in place["options"] for place in found.values())


def test_a_file_in_the_way_is_named(host):
    (host.root / "var/graphistry").write_text("x")
    found = probe_places.places(host, ["/var/graphistry/data"], "", "dnf")["mounts"]["/var/graphistry/data"]
    assert found["obstacle"] == "/var/graphistry"


@pytest.mark.parametrize("system", ["apt", "dnf"])
def test_hooks_are_asked_for_where_apt_would_run_them(host, system):
    asked = []

    def run(argv, environment):
        asked.append(argv)
        return 0, "mount -o remount,rw /usr\n\nneedrestart\n", ""

    found = probe_places.places(Host(run=run, root=host.root), ["/usr"], "", system)
    assert found["remount_hooks"] == (["mount -o remount,rw /usr"] if system == "apt" else [])
    assert bool(asked) == (system == "apt")


def test_what_the_kernel_does_not_tell_is_no_mount(tmp_path):
    assert mount_table.over(mount_table.read(Host(run=nothing, root=tmp_path)), "/usr") is None


DUE = {"packages.wanted": [package("runc", "absent")]}


def told(profile, requirements=None):
    return [(item.severity, item.code, item.path) for item in findings(profile, requirements)]


def read_only(path):
    return {MOUNTS: {path: mount(path, mount=path, options=["ro"])}}


def test_usr_has_to_be_writable_only_where_packages_are_due():
    assert told(read_only("/usr")) == []
    assert told(read_only("/usr") | DUE) == [("error", "path-read-only", "/usr")]


def test_a_hook_of_the_host_s_apt_is_named_with_what_it_does_not_do():
    profile = read_only("/usr") | DUE | {"places.remount_hooks": ["mount -o remount,rw /usr"]}
    (error,) = findings(profile)
    assert "mount -o remount,rw /usr" in error.message
    assert "mount -o remount,ro /usr" in error.hint


def test_an_image_based_host_gets_no_advice_to_remount():
    (error,) = findings(read_only("/usr") | DUE | {"places.image_based": True})
    assert "ostree" in error.message
    assert "remount" not in error.hint


@pytest.mark.parametrize("path", ["/etc", "/var/lib", "/var/lib/docker", "/var/graphistry"])
def test_each_place_that_is_written_to(path):
    assert told(read_only(path)) == [("error", "path-read-only", path)]


def noexec(path):
    return {MOUNTS: {path: mount(path, mount=path, options=["rw", "noexec"])}}


def test_dpkg_starts_scripts_where_they_lie_and_rpm_does_not():
    assert told(noexec("/var/lib/dpkg") | DUE) == [("error", "path-noexec", "/var/lib/dpkg")]
    assert told(noexec("/var/lib/dpkg") | DUE, {"package_system": "dnf"}) == []
    assert told(noexec("/var/lib/dpkg")) == []


@pytest.mark.parametrize("path", ["/var/lib/docker", "/opt", "/usr"])
def test_noexec_where_nothing_of_ours_is_started(path):
    assert told(noexec(path)) == []


def test_docker_s_data_in_memory_is_a_warning_and_the_product_s_an_error():
    for path, severity in (("/var/lib/docker", "warning"), ("/var/graphistry", "error")):
        found = told({MOUNTS: {path: mount(path, kind="tmpfs")}})
        assert found == [(severity, "path-volatile", path)]


def test_a_link_into_the_bundle_is_found_for_docker_s_data_too():
    found = findings({MOUNTS: {"/var/lib/docker": mount("/d", resolved="/media/bundle")}})
    assert [item.code for item in found] == ["path-on-medium"]
    assert "which leads to /media/bundle" in found[0].message
    assert told({MOUNTS: {"/var/lib/docker": mount("/d", resolved="/media/bundle-2")}}) == []


# ---- inodes


def inodes(free, total=1000):
    return {
        "releases.installed": [],
        MOUNTS: {"/var/graphistry": mount("/var/graphistry", inodes=free, inodes_total=total)},
    }


FILES = {"release_files": {str(number): {} for number in range(100)}}


@pytest.mark.parametrize(
    ("free", "total", "severities"),
    [(599, 1000, ["error"]), (600, 1000, []), (0, 0, []), (0, 1000, ["error"])],
)
def test_known_files_and_a_reserve_are_needed(free, total, severities):
    assert [item.severity for item in findings(inodes(free, total), FILES)] == severities


def test_an_estimate_alone_warns_and_says_that_it_is_one():
    profile = {MOUNTS: {"/usr": mount("/usr", mount="/usr", inodes=600, inodes_total=1000)}}
    wanted = [package(str(number), "absent") for number in range(10)]
    (warning,) = findings(profile | {"packages.wanted": wanted})
    assert (warning.severity, warning.code) == ("warning", "inodes-too-few")
    assert "0 files are known, about 1500 more estimated" in warning.message
