"""host-profile.sh: the format of `host profile` from any POSIX shell and awk, whatever the values are."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from graphistry_airgap.connected.profiles.read import read_profile
from graphistry_airgap.connected.spec import NamedPath
from graphistry_airgap.content import PACKAGE
from graphistry_airgap.core.adapters.machine import this_machine
from graphistry_airgap.core.errors import FindingsError
from graphistry_airgap.installation.host_profile import take_profile

pytestmark = pytest.mark.subprocesses

SCRIPT = (PACKAGE / "bootstrap" / "host-profile.sh").read_text(encoding="utf-8")
FIXED = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
USED = "awk basename cat date df dirname grep head od printf sort tr uname"
ROCKY = """\
NAME="Rocky Linux"
ID="rocky"
# VERSION_ID="8"
VERSION_ID="9.6"
PRETTY_NAME="Rocky Linux 9.6 (Blue Onyx)"
"""
RPMS = """\
printf 'bash\\t5.1.8-9.el9\\tx86_64\\n'
printf 'gpg-pubkey\\t8483c65d-5ccc5b19\\t(none)\\n'
printf 'docker-ce\\t3:28.3.2-1.el9\\tx86_64\\n'
"""
# what a program of the machine may be in the place of one of these
SHELLS = [
    pytest.param(
        [shell], marks=pytest.mark.skipif(not shutil.which(shell[0]), reason=f"there is no {shell[0]}")
    )
    for shell in (("dash",), ("bash", "--posix"), ("busybox", "sh"))
]


class World:
    """A machine of which the script sees its os-release and a few programs, and no more."""

    def __init__(self, path: Path, os_release: bytes | str, **programs: str) -> None:
        self.path = path
        self.bin = path / "bin"
        self.bin.mkdir()
        (path / "os-release").write_bytes(
            os_release if isinstance(os_release, bytes) else os_release.encode()
        )
        for name, body in programs.items():
            self.program(name.replace("_", "-"), body)

    def program(self, name: str, body: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{body}")
        (self.bin / name).chmod(0o755)

    def run(self, shell=("dash",)) -> subprocess.CompletedProcess[bytes]:
        tools = shutil.which("busybox") if shell[0] == "busybox" else None
        for name in USED.split():
            if not (self.bin / name).exists():
                (self.bin / name).symlink_to(tools or shutil.which(name))
        text = SCRIPT.replace(FIXED, f"PATH={self.bin}").replace(
            "/etc/os-release", str(self.path / "os-release")
        )
        assert text.count(str(self.path)) == 2
        (self.path / "script").write_text(text)
        command = [shutil.which(shell[0]), *shell[1:], str(self.path / "script")]
        return subprocess.run(command, capture_output=True, check=False, env={"LANG": "tr_TR.UTF-8"})

    def profile(self, shell=("dash",)):
        done = self.run(shell)
        assert (done.returncode, done.stderr) == (0, b"")
        (self.path / "p").write_bytes(done.stdout)
        return json.loads(done.stdout)

    def parsed(self):
        return read_profile(NamedPath("p", self.path / "p"))


@pytest.mark.parametrize("shell", SHELLS)
def test_this_machine_as_the_tool_sees_it(shell):
    """The tool runs as root here; so does the script."""
    command = [*shell[0], PACKAGE / "bootstrap" / "host-profile.sh"]
    done = subprocess.run(command, capture_output=True, check=True)
    said, known = json.loads(done.stdout), take_profile(this_machine())
    assert [place["path"] for place in said["disk"]] == [place["path"] for place in known["disk"]]
    assert [place["total_bytes"] for place in said["disk"]] == [
        place["total_bytes"] for place in known["disk"]
    ]
    del known["os"]["platform"]
    ours = {"made_by", "created", "disk", "docker", "findings"}
    assert {k: v for k, v in said.items() if k not in ours} == {
        k: v for k, v in known.items() if k not in ours
    }


@pytest.mark.parametrize("shell", SHELLS)
def test_a_stand_in_of_an_rpm_host(tmp_path, shell):
    world = World(tmp_path, ROCKY, rpm=RPMS)
    found = world.profile(shell[0])
    assert found["os"] == {"id": "rocky", "version_id": "9.6", "pretty_name": "Rocky Linux 9.6 (Blue Onyx)"}
    assert found["package_system"] == "dnf"
    assert found["packages"] == [
        {"name": "bash", "version": "5.1.8-9.el9", "architecture": "x86_64"},
        {"name": "docker-ce", "version": "3:28.3.2-1.el9", "architecture": "x86_64"},
    ]
    parsed = world.parsed()
    assert (parsed.platform, parsed.architecture) == ("rhel-9", os.uname().machine)


def test_rpms_programs_beside_dpkgs_database(tmp_path):
    """Either may be installed on the other's systems; the one that lists packages is the machine's own."""
    dpkg_query = "printf 'installed ok\\tlibc6\\t2.41-12\\tamd64\\ndeinstall ok\\tgone\\t1\\tall\\n'"
    world = World(tmp_path, ROCKY, rpm=RPMS, dpkg_query=dpkg_query, dpkg="echo amd64")
    assert [one["name"] for one in world.profile()["packages"]] == ["libc6"]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b'"a \\"quoted\\" \\\\ \\$HOME name"', 'a "quoted" \\ $HOME name'),
        (b"'single \"double\"'", 'single "double"'),
        (b"plain", "plain"),
        (b'""', ""),
        (b"'", "'"),
        (b'"$(touch /run/pwned) `id`"', "$(touch /run/pwned) `id`"),
        (b'"caf\xc3\xa9 \xff\x01\x7f"', "caf?? ???"),
        (b'"tab\there"', "tab?here"),
        (b'"{\\"schema\\": 2}\\n"\r', '{"schema": 2}n'),
        (b"%s%n & \\0", "%s%n & \\0"),
        (b"first\nPRETTY_NAME=last", "last"),
    ],
)
def test_hostile_values_of_os_release(tmp_path, shell, written, read):
    world = World(tmp_path, b"ID=debian\nVERSION_ID=13\nPRETTY_NAME=" + written + b"\n", rpm=RPMS)
    assert world.profile(shell[0])["os"] == {"id": "debian", "version_id": "13", "pretty_name": read}


@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_names_of_packages_stay_inside_their_strings_and_are_refused_at_build(tmp_path, shell):
    rows = 'printf \'a"}],"fips":true,"x\\\\\\t1\\tx86_64\\n\\377\\t1&2\\tx86_64\\n\''
    world = World(tmp_path, ROCKY, rpm=rows)
    packages = world.profile(shell[0])["packages"]
    assert sorted(one["name"] for one in packages) == ["?", 'a"}],"fips":true,"x\\']
    assert {one["version"] for one in packages} == {"1", "1&2"}
    with pytest.raises(FindingsError):
        world.parsed()


@pytest.mark.parametrize("shell", SHELLS)
def test_dockers_images_by_config(tmp_path, shell):
    ids = [f"sha256:{digit * 64}" for digit in "ab"]
    world = World(tmp_path, ROCKY, rpm=RPMS)
    listed = f"{ids[0]}\\tgraphistry/a:1\\n{ids[0]}\\tb:2\\n{ids[1]}\\t<none>:<none>\\n"
    world.program(
        "docker",
        'case "$*" in *version*) echo 26.1.5 ;; *info*) echo "[[Backing extfs]]" ;; '
        f"*ls*) printf '{listed}' ;; esac",
    )
    world.program("grep", f'[ "$1" = -qsx ] || exec {shutil.which("grep")} "$@"')
    assert world.profile(shell[0])["docker"] == {
        "version": "26.1.5",
        "image_store": "classic",
        "images": [{"config": ids[0], "names": ["b:2", "graphistry/a:1"]}, {"config": ids[1], "names": []}],
    }
    world.program(
        "docker", 'case "$*" in *info*) echo "[[driver-type io.containerd.snapshotter.v1]]" ;; esac'
    )
    assert world.profile(shell[0])["docker"] == {"version": "", "image_store": "containerd"}
    world.program("docker", "exit 1")
    found = world.profile(shell[0])
    assert "docker" not in found
    assert [finding["code"] for finding in found["findings"]] == ["docker-unread"]
    world.parsed()


def test_a_machine_without_packages_gives_no_half_profile(tmp_path):
    done = World(tmp_path, ROCKY).run()
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"neither dpkg-query nor rpm" in done.stderr


def test_it_asks_only_for_programs_that_it_names(tmp_path):
    """The list in the guide is the whole list."""
    world = World(tmp_path, ROCKY, rpm=RPMS)
    assert b"not found" not in world.run().stderr
    assert len(SCRIPT.splitlines()) < 250
