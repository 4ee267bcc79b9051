"""The probes read a tree of files, a real Unix socket and real programs; nothing is mocked."""

import fcntl
import hashlib
import http.server
import json
import os
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from graphistry_airgap.knowledge.platforms import PLATFORMS
from graphistry_airgap.target.host import resources as probe_host
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.packages.apt.system import Apt
from graphistry_airgap.target.preflight.probes import (
    docker as probe_docker,
    network as probe_network,
    packages as probe_packages,
    site as probe_site,
)

pytestmark = pytest.mark.subprocesses

TCP_HEADER = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
)
# captured: nginx on 10.0.0.9:80, an established connection from port 80, a listener on 127.0.0.1:443
TCP = (
    TCP_HEADER
    + "   0: 0900000A:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242\n"
    + "   1: 0100007F:0050 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4243\n"
    + "   2: 0100007F:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4244\n"
)
TCP6 = TCP_HEADER + (
    "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 4245\n"
)
ROUTES = (
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
)


def run(argv, environment):
    done = subprocess.run(
        argv,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


class Tree:
    """Files of a pretended machine below a directory."""

    def __init__(self, root):
        self.root = root
        self.host = Host(run=run, root=root)

    def write(self, name, content="", *, mode=0o644):
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path

    def process(self, pid, name, *inodes):
        self.write(f"/proc/{pid}/comm", name + "\n")
        handles = self.root / f"proc/{pid}/fd"
        handles.mkdir()
        for number, inode in enumerate(inodes, start=3):
            (handles / str(number)).symlink_to(f"socket:[{inode}]")


# the machine


def test_system_and_resources_of_a_debian_host(tree):
    tree.write(
        "/etc/os-release", 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n# x=y\n'
    )
    tree.write("/proc/sys/kernel/osrelease", "6.12.48+deb13-amd64\n")
    (tree.root / "lib/modules/6.12.48+deb13-amd64/build").mkdir(parents=True)
    one = "processor\t: {}\nmodel name\t: x\nflags\t\t: fpu sse2\n\n"
    tree.write("/proc/cpuinfo", one.format(0) + one.format(1))
    tree.write("/proc/meminfo", "MemTotal:       16384 kB\nMemFree: 1 kB\n")
    system = probe_host.system(tree.host)
    assert (system["id"], system["version"], system["platform"]) == ("debian", "13", "debian-13")
    assert system["kernel_headers"] is True
    found = {"cpus": 2, "memory": 16 * 1024 * 1024, "processor": ["fpu", "sse2"]}
    assert probe_host.resources(tree.host) == found
    assert system["modules"] == {}


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("/proc/modules", "xt_addrtype 16384 4 - Live 0x0\n", True),
        ("/proc/modules", "xt_addrtypes 16384 4 - Live 0x0\n", None),
        ("/proc/net/ip_tables_matches", "comment\naddrtype\n", True),
        ("/lib/modules/6.12/modules.dep", "kernel/net/netfilter/xt_addrtype.ko.xz:\n", True),
        ("/lib/modules/6.12/modules.builtin", "kernel/net/netfilter/xt-addrtype.ko\n", True),
        ("/lib/modules/6.12/modules.dep", "kernel/net/netfilter/xt_addrtype2.ko.xz:\n", False),
        ("/lib/modules/6.13/modules.dep", "kernel/net/netfilter/xt_addrtype.ko.xz:\n", None),
    ],
)
def test_modules_that_docker_needs_are_looked_for_where_the_platform_may_lack_them(tree, name, text, found):
    tree.write("/etc/os-release", 'ID=rocky\nVERSION_ID="10.0"\n')
    tree.write("/proc/sys/kernel/osrelease", "6.12\n")
    tree.write(name, text)
    assert probe_host.system(tree.host)["modules"] == {"xt_addrtype": found}


def test_space_is_read_where_a_path_will_lie(tree):
    (tree.root / "var/lib").mkdir(parents=True)
    found = probe_host.disks(tree.host, ["/var/lib/docker/deep", "/var/lib"])
    deep = found["/var/lib/docker/deep"]
    assert deep["lies_at"] == "/var/lib"
    assert deep["free"] > 0
    assert deep["device"] == found["/var/lib"]["device"]


def test_hardening_of_a_strict_host(tree):
    tree.write("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", b"\6\0\0\0\1")
    tree.write("/sys/fs/selinux/enforce", "1")
    tree.write("/proc/sys/crypto/fips_enabled", "1\n")
    tree.process(9, "fapolicyd")
    found = probe_host.hardening(tree.host)
    assert found == {
        "secure_boot": True,
        "nouveau": False,
        "selinux": "enforcing",
        "fapolicyd": True,
        "fips": True,
    }


def test_hardening_of_a_plain_host(tree):
    assert set(probe_host.hardening(tree.host).values()) == {False, "off"}


# network


def test_listeners_are_named_and_connections_are_not(tree):
    tree.write("/proc/net/tcp", TCP)
    tree.write("/proc/net/tcp6", TCP6)
    tree.process(77, "nginx", 4242, 4245)
    assert probe_network.listening(tree.host, {80, 443}) == [
        {"port": 80, "address": "10.0.0.9", "pid": 77, "process": "nginx"},
        {"port": 80, "address": "::", "pid": 77, "process": "nginx"},
        {"port": 443, "address": "127.0.0.1", "pid": 0, "process": ""},
    ]


def test_a_real_listener_is_found_on_the_real_machine():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = probe_network.listening(Host(run=run), {port})
    assert [(item["address"], item["pid"]) for item in found] == [("127.0.0.1", os.getpid())]


def test_routes_without_the_default_one(tree):
    tree.write("/proc/net/route", ROUTES)
    assert probe_network.routes(tree.host) == [
        {"network": "172.17.0.0/16", "device": "docker0", "gateway": False, "docker": True},
        {"network": "192.0.2.0/24", "device": "eth0", "gateway": False, "docker": False},
    ]


# Docker


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"log-driver": "json-file",}', "line 1, column 28: "),
        ('{\n  "bip": "10.0.0.1/24"\n  "x": 1\n}', "line 3, column 3: "),
        ("[1]", "line 1, column 1: the file holds a list, not an object"),
        ("", ""),
        ("{}", ""),
    ],
)
def test_the_place_of_a_json_error_is_named(tree, text, error):
    tree.write("/etc/docker/daemon.json", text)
    found = probe_docker.settings(tree.host)
    assert found["exists"]
    assert found["error"].startswith(error)
    assert bool(found["error"]) == bool(error)


def test_settings_keep_names_but_only_the_values_that_decide(tree):
    text = json.dumps(
        {"data-root": "/srv", "proxies": {"http-proxy": "http://user:hidden@proxy"}, "live-restore": True}
    )
    tree.write("/etc/docker/daemon.json", text)
    found = probe_docker.settings(tree.host)
    assert found["keys"] == ["data-root", "live-restore", "proxies"]
    assert (found["data_root"], found["live_restore"]) == ("/srv", True)
    assert "hidden" not in json.dumps(found)


ANSWERS = {
    "/info": {
        "ServerVersion": "26.1.5",
        "DockerRootDir": "/srv/docker",
        "Driver": "overlay2",
        "LiveRestoreEnabled": True,
        "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    },
    "/containers/json": [
        {
            "Id": "0123456789abcdef",
            "Names": ["/g-caddy-1"],
            "Image": "graphistry/caddy:1",
            "Labels": {
                "com.docker.compose.project": "g",
                "com.docker.compose.service": "caddy",
                "com.docker.compose.project.working_dir": "/var/graphistry/current",
            },
            "Ports": [
                {"PrivatePort": 80, "PublicPort": 80, "Type": "tcp"},
                {"PrivatePort": 2019, "Type": "tcp"},
            ],
        }
    ],
    "/images/json": [{"Id": "sha256:" + "a" * 64, "RepoTags": ["x:1"]}],
    "/networks": [
        {"Name": "bridge", "IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}},
        {"Name": "host", "IPAM": {"Config": None}},
    ],
}


@contextmanager
def daemon(root, answers):
    """A daemon's socket with fixed answers; an unknown path gets what dockerd says for one."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0]
            known = path in answers
            body = json.dumps(answers[path] if known else {"message": "page not found"}).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

        def address_string(self):
            return "local"

    (root / "run").mkdir(exist_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(root / "run/docker.sock"), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


@pytest.fixture
def short_tree():
    """A socket's path must fit into 107 bytes, which pytest's own directories may not."""
    with tempfile.TemporaryDirectory() as folder:
        yield Tree(Path(folder))


IMAGE = {
    "name": "x:1",
    "config": "sha256:" + "c" * 64,
    "manifest": {"digest": "sha256:" + "a" * 64, "size": 1, "media_type": "x"},
    "layers": [],
}


def test_a_running_daemon_says_what_it_has(short_tree):
    short_tree.process(5, "dockerd")
    with daemon(short_tree.root, ANSWERS):
        found = probe_docker.engine(short_tree.host, [IMAGE])
    info = found.pop("info")
    assert (info["DockerRootDir"], info["LiveRestoreEnabled"]) == ("/srv/docker", True)
    assert found == {
        "running": True,
        "error": "",
        "version": "26.1.5",
        "data_root": "/srv/docker",
        "containerd_store": True,
        "driver": "overlay2",
        "live_restore": True,
        "containers": [
            {
                "id": "0123456789ab",
                "name": "g-caddy-1",
                "image": "graphistry/caddy:1",
                "project": "g",
                "service": "caddy",
                "directory": "/var/graphistry/current",
                "ports": [80],
            }
        ],
        "present": ["sha256:" + "c" * 64],
        "renamed": [],
        "networks": ["172.17.0.0/16"],
        "address_pools": [],
        "bridges": [{"name": "bridge", "subnets": ["172.17.0.0/16"], "project": "", "network": ""}],
    }


def test_a_socket_without_a_daemon_is_left_alone(short_tree):
    """systemd listens there for a stopped Docker and would start it."""
    with daemon(short_tree.root, {}):
        found = probe_docker.engine(short_tree.host, [])
    assert (found["running"], found["error"]) == (False, "")


def test_a_daemon_that_does_not_answer_is_reported(short_tree):
    short_tree.process(5, "dockerd")
    assert "docker.sock" in probe_docker.engine(short_tree.host, [])["error"]
    with daemon(short_tree.root, {}):
        assert "page not found" in probe_docker.engine(short_tree.host, [])["error"]


# packages

HOLDER = """
import fcntl, sys
with open(sys.argv[1], "r+") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    input()
"""
STATUS = """\
Package: runc
Status: hold ok installed
Architecture: amd64
Version: 1.1.15

Package: docker-ce
Status: install ok installed
Architecture: amd64
Version: 5:28.0

Package: tini
Status: deinstall ok config-files
Architecture: amd64
Version: 0.19.0

Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.41-13

Package: exim4
Status: install ok half-configured
Architecture: all
Version: 4.98

Package: dkms
Status: hold ok unpacked
Architecture: all
Version: 3.2.2
"""


@pytest.fixture
def dpkg(tree):
    tree.write("/var/lib/dpkg/status", STATUS)
    tree.write("/var/lib/dpkg/lock-frontend", mode=0o640)
    (tree.root / "var/lib/dpkg/updates").mkdir()
    return tree


def test_packages_are_compared_as_dpkg_does(dpkg):
    wanted = [("runc", "1.1.15+ds1-2"), ("tini", "0.19.0"), ("libc6", "2.41-12"), ("docker.io", "26.1")]
    wanted += [("dkms", "3.2.2")]
    found = probe_packages.packages(Apt(dpkg.host), [{"name": n, "version": v} for n, v in wanted])
    states = {item["name"]: (item["state"], item["held"]) for item in found["wanted"]}
    assert states == {
        "runc": ("older", True),
        "tini": ("absent", False),
        "libc6": ("newer", False),
        "docker.io": ("absent", False),
        "dkms": ("absent", True),
    }
    assert found["rivals"] == {"docker-ce": "5:28.0"}
    assert found["unfinished"] == ["dkms", "exim4"]
    assert found["lock"] == {}


def test_dpkg_s_journal_counts_as_unfinished_work(dpkg):
    dpkg.write("/var/lib/dpkg/updates/0001", "x")
    dpkg.write("/var/lib/dpkg/updates/tmp.i", "x")
    assert probe_packages.packages(Apt(dpkg.host), [])["journal"] == 1


def test_the_holder_of_the_lock_is_named_and_not_disturbed(dpkg):
    lock = dpkg.root / "var/lib/dpkg/lock-frontend"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        found = probe_packages.packages(Apt(dpkg.host), [])["lock"]
        holder.communicate("\n")
    assert found["path"] == "/var/lib/dpkg/lock-frontend"
    assert found["pid"] == holder.pid
    assert "python" in found["process"]
    with lock.open("r+") as handle:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


# the operator's side

GOOD = "username: admin\nemail: admin@example.com\npassword: 'correct horse: battery'\n"
SECRET = "/etc/administrator.yml"


def test_a_good_administrator_file_leaves_no_value_behind(tree):
    tree.write(SECRET, GOOD, mode=0o600)
    found = probe_site.administrator(tree.host, SECRET)
    assert found["keys"] == ["email", "password", "username"]
    assert (found["mode"], found["error"], found["weaknesses"]) == ("0600", "", [])
    assert "horse" not in json.dumps(found)
    assert "example.com" not in json.dumps(found)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("graphistry", "everybody knows"),
        ("Password123!", "everybody knows"),
        ("short", "fewer than"),
        ("zzzzzzzzzzzzzzzz", "repeats"),
        ("abcdefghij", "fewer than 12"),
        ("my-Admin-is-me", "user name"),
    ],
)
def test_weak_passwords_are_described_and_not_repeated(tree, password, reason):
    tree.write(SECRET, f"username: admin\nemail: a@b\npassword: {password}\n", mode=0o600)
    found = probe_site.administrator(tree.host, SECRET)
    assert reason in "; ".join(found["weaknesses"]).replace(
        "a value that everybody knows", "known everybody knows"
    )
    assert password not in json.dumps(found["weaknesses"])


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("username admin-s3cret\n", "line 1 is not of the form"),
        ("username: a\npassword: 's3cret\n", "line 2 opens a quote"),
        ("users:\n  - s3cret\n", "line 2 is not of the form"),
        (b"\xff\xfe\x00s3cret", "not UTF-8"),
        ("password: 's3cret' and more\n", "line 1 opens a quote"),
        ('password: "s3\\"cret"\n', "line 1 holds a backslash"),
    ],
)
def test_an_unreadable_file_names_the_line_and_no_content(tree, content, error):
    tree.write(SECRET, content, mode=0o600)
    found = probe_site.administrator(tree.host, SECRET)
    assert error in found["error"]
    assert "s3cret" not in json.dumps(found)


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("'it''s \"#1\"'", 'it\'s "#1"'),
        ('"correct horse"  # it\'s "the" one', "correct horse"),
        ("correct horse # a comment", "correct horse"),
        ("'correct'\r", "correct"),
    ],
)
def test_a_value_is_what_yaml_makes_of_it(written, password):
    assert yaml.safe_load(f"password: {written}\n") == {"password": password}
    assert probe_site.parse_flat(f"\ufeffpassword: {written}\n") == {"password": password}


def test_a_missing_and_an_unnamed_file_are_absent(tree):
    assert probe_site.administrator(tree.host, SECRET)["exists"] is False
    assert probe_site.administrator(tree.host, "")["exists"] is False


def test_an_edited_release_is_told_from_the_bundle_s(tree):
    folder = "/var/graphistry/releases/v2.50.1"
    tree.write(f"{folder}/VERSION", "v2.50.1\n")
    tree.write(f"{folder}/docker-compose.yml", "edited\n")
    (tree.root / "var/graphistry/current").symlink_to("releases/v2.50.1")
    tree.write(f"{folder}/data/config/custom.env", "A=hidden\n# B=1\nexport C = 2\n", mode=0o640)
    files = {
        "VERSION": {"sha256": hashlib.sha256(b"v2.50.1\n").hexdigest()},
        "docker-compose.yml": {"sha256": hashlib.sha256(b"vendor\n").hexdigest()},
        "graphistry": {"sha256": "0" * 64},
    }
    found = probe_site.releases(tree.host, "/var/graphistry", "v2.50.1", files)
    assert found["installed"] == ["v2.50.1"]
    assert found["current"] == "releases/v2.50.1"
    assert found["differing"] == ["docker-compose.yml"]
    assert found["environment"]["mode"] == "0640"
    assert "A" in found["environment"]["names"]
    assert "hidden" not in json.dumps(found)


def test_families_of_systems_are_those_of_the_build(tree):
    for platform in PLATFORMS.values():
        for name in platform.ids:
            minor = ".4" if platform.package_system == "dnf" else ""
            tree.write("/etc/os-release", f'ID="{name}"\nVERSION_ID="{platform.version}{minor}"\n')
            assert probe_host.system(tree.host)["platform"] == platform.name
