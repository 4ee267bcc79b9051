"""What install.sh judges before its first change: mounts where things will lie, and the state of packages."""

import subprocess

import pytest

from graphistry_airgap.bootstrap.render import install_sh
from graphistry_airgap.content import PACKAGE

pytestmark = pytest.mark.subprocesses
BOOTSTRAP = PACKAGE / "bootstrap"
CODE = install_sh().decode().removesuffix('main "$@"\n')
ROOT_MOUNT = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw"


def run(here, harness, *, program="/opt/graphistry-airgap"):
    told = f"HERE='{here}' BOOTSTRAP='{BOOTSTRAP}' PROGRAM={program} MOUNTS='{here}/mounts' stage='{here}'\n"
    return subprocess.run(["sh", "-c", CODE + told + harness], capture_output=True, text=True, check=False)


def mounted(tmp_path, *lines):
    (tmp_path / "mounts").write_text("\n".join([ROOT_MOUNT, *lines, ""]))


# ---- places


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/var/x", "/ rw,relatime,rw"),
        ("/opt/x", "/opt rw,noexec,rw"),
        ("/opt", "/opt rw,noexec,rw"),
        ("/optical", "/ rw,relatime,rw"),
        ("/usr/lib", "/usr rw,ro,errors=x"),
        ("/srv", "/srv rw,late,rw"),
        ("/media/my disk/x", "/media/my disk ro,ro"),
    ],
)
def test_the_last_mount_that_a_path_lies_on_decides(tmp_path, path, found):
    mounted(
        tmp_path,
        "30 22 8:2 / /opt rw,noexec - ext4 /dev/sda2 rw",
        "31 22 8:3 / /usr rw shared:7 master:2 - xfs /dev/sda3 ro,errors=x",
        "32 22 8:4 / /srv rw - ext4 /dev/sda4 rw",
        "33 32 8:5 / /srv rw,late - ext4 /dev/sda5 rw",
        "34 22 8:6 / /media/my\\040disk ro - iso9660 /dev/sr0 ro",
    )
    assert run(tmp_path, f"mount_of '{path}'").stdout == f"{found}\n"


@pytest.mark.parametrize(
    ("line", "call", "code", "says"),
    [
        ("/opt rw,noexec", "check_places", "path-noexec", "/opt is mounted noexec"),
        ("/opt ro", "check_places", "path-read-only", "the tool lies in /opt/graphistry-airgap"),
        ("/etc ro", "check_places", "path-read-only", "mount -o remount,rw /etc"),
        ("/var ro", "check_places", "path-read-only", "in /var/lib, and /var is mounted read-only"),
        ("/usr ro", "check_usr", "path-read-only", "packages are to be installed in /usr"),
        ("/usr ro", "check_places", "", ""),
        ("/opt/other rw,noexec", "check_places", "", ""),
        ("/var/lib/docker rw,noexec", "check_places", "", ""),
    ],
)
def test_what_stops_an_installation_before_anything_is_done(tmp_path, line, call, code, says):
    point, options = line.split()
    mounted(tmp_path, f"30 22 8:2 / {point} {options} - ext4 /dev/sda2 rw")
    done = run(tmp_path, f"exec 3>&1\njson=yes\n{call}\n")
    assert done.returncode == (3 if code else 0)
    assert (f'"code":"{code}"' in done.stdout) == bool(code)
    assert says in done.stderr
    assert ("hint: " in done.stderr) == bool(code)


def test_a_link_is_followed_before_its_mount_is_looked_up(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    mounted(tmp_path, f"30 22 8:2 / {tmp_path}/real rw,noexec - ext4 /dev/sda2 rw")
    done = run(tmp_path, "exec 3>&1\ncheck_places\n", program=f"{tmp_path}/link/graphistry-airgap")
    assert done.returncode == 3
    assert f"{tmp_path}/real is mounted noexec" in done.stderr


def test_a_program_that_does_not_start_is_told_in_the_system_s_words(tmp_path):
    false = "exec 3>&1\nreadlink() { echo /bin/false; }\nfapolicyd_runs() { return 1; }\n"
    mounted(tmp_path)
    done = run(tmp_path, false + "try_to_run\n")
    assert (done.returncode, "does not start" in done.stderr) == (3, True)
    assert run(tmp_path, "fapolicyd_runs() { return 1; }\ntry_to_run\n").returncode == 0
    assert run(tmp_path, false + "fapolicyd_runs() { return 0; }\ntry_to_run\n").returncode == 0
    assert not (tmp_path / "runs").exists() or done.returncode == 3


# ---- packages


def packages(tmp_path, rows, *, check=0, words=""):
    """apt and dpkg that say this of a host; `bootstrap` lists one package of the bundle's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in {
        "dpkg-query": f"printf '{rows}'",
        "apt-get": f"[ \"$1\" = check ] || exit 9\nprintf '{words}'\nexit {check}",
        "rpmdb": f"printf '{words}'\nexit {check}",
    }.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    bootstrap = tmp_path / "copy/runtime/debian-13/bootstrap"
    bootstrap.parent.mkdir(parents=True)
    bootstrap.write_text("package python3=3.13.5-1\n")
    return "exec 3>&1\nPATH=$HERE/bin:$PATH platform=debian-13 json=yes\n"


FINE = "installed ok bash\\nconfig-files ok gone\\ntriggers-pending ok man-db\\n"


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (FINE, ""),
        (FINE + "half-configured ok mailer\\n", "mailer (half-configured)"),
        (FINE + "half-installed ok mailer\\nunpacked ok x\\n", "mailer (half-installed), x (unpacked)"),
        (FINE + "installed reinstreq mailer\\n", "mailer (installed)"),
        (FINE + "half-configured ok python3\\n", ""),
    ],
)
def test_a_foreign_package_that_is_half_done_is_named_before_python_is_installed(tmp_path, rows, named):
    begin = packages(tmp_path, rows)
    done = run(tmp_path, f'{begin}. "$BOOTSTRAP/packages-apt.sh"\ncheck_package_state\n')
    assert done.returncode == (3 if named else 0), done.stderr
    assert ('"code":"dpkg-interrupted"' in done.stdout) == bool(named)
    assert f"dpkg was interrupted: {named}\n" in done.stderr or not named


def test_a_missing_dependency_is_told_in_apt_s_words(tmp_path):
    words = "Reading...\\n mailer : Depends: nowhere\\nE: Unmet dependencies.\\n"
    begin = packages(tmp_path, FINE, check=100, words=words)
    done = run(tmp_path, f'{begin}. "$BOOTSTRAP/packages-apt.sh"\ncheck_package_state\n')
    assert done.returncode == 3
    assert '"code":"dpkg-dependencies-broken"' in done.stdout
    assert "mailer : Depends: nowhere" in done.stderr
    assert "Reading" not in done.stderr


@pytest.mark.parametrize("status", [0, 1])
def test_rpm_s_database_is_verified_before_python_is_installed(tmp_path, status):
    begin = packages(tmp_path, "", check=status, words="rpmdb: page 3 is damaged\\n")
    done = run(tmp_path, f'{begin}. "$BOOTSTRAP/packages-dnf.sh"\ncheck_package_state\n')
    assert done.returncode == (3 if status else 0)
    assert ("page 3 is damaged" in done.stderr) == bool(status)


@pytest.mark.parametrize(
    ("row", "full"), [("50 50 0", True), ("5000 4000 1000", False), ("0 0 0", False), ("- - -", False)]
)
def test_inodes_that_are_used_up_are_told_before_anything_is_copied(tmp_path, row, full):
    begin = packages(tmp_path, "")
    inodes, blocks = f"dev {row} 9% /opt", "dev 9 9 99999999 9% /opt"
    df = f"echo head\n[ $1 = -Pi ] && echo '{inodes}' || echo '{blocks}'"
    (tmp_path / "bin/df").write_text(f"#!/bin/sh\n{df}\n")
    (tmp_path / "bin/df").chmod(0o755)
    done = run(tmp_path, f"{begin}need_room 16\n")
    assert done.returncode == (3 if full else 0)
    assert ('"code":"inodes-too-few"' in done.stdout) == full
    assert ("the inodes of /opt are used up (0 of 50 are free)" in done.stderr) == full
