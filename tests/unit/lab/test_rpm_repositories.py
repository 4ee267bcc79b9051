"""The lab's dnf repositories: signed, with streams, around the programs of other packages, made once."""

import subprocess
import sys
from pathlib import Path

import pytest

from lab.repositories.rpm import packages_of

CHECKOUT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.subprocesses


def build(*words):
    command = [sys.executable, "-m", "lab.repositories.rpm", *words]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """A Debian package of each name that is asked for, with one program in it."""
    folder = tmp_path_factory.mktemp("pool")
    rows = [row for rows in packages_of(9).values() for row in rows]
    for name in {deb for row in rows for deb in row.get("debs", ())}:
        root = folder / name
        (root / "DEBIAN").mkdir(parents=True)
        (root / "usr/bin").mkdir(parents=True)
        (root / "usr/bin" / name).write_text("#!/bin/sh\n")
        control = f"Package: {name}\nVersion: 1.2.3+x-1\nArchitecture: amd64\nMaintainer: nobody\n"
        (root / "DEBIAN/control").write_text(f"{control}Description: {name}\n")
        made = folder / f"{name}_1.2.3+x-1_amd64.deb"
        subprocess.run(["dpkg-deb", "--build", "-Znone", root, made], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def made(pool, tmp_path_factory):
    out = tmp_path_factory.mktemp("repositories") / "out"
    done = build(out, pool)
    assert done.returncode == 0, done.stderr
    return out


def query(made, name, form):
    (rpm,) = made.rglob(f"{name}-[0-9]*.rpm")
    return subprocess.run(
        ["rpm", "-qp", "--nosignature", "--qf", form, rpm], check=True, capture_output=True
    ).stdout.decode()


def test_every_rpm_is_signed_and_every_repository(made):
    assert {path.name for path in made.iterdir()} == {"el9", "docker", "nvidia", "key.asc", ".inputs"}
    for rpm in made.rglob("*.rpm"):
        done = subprocess.run(["rpmkeys", "--checksig", "--verbose", rpm], capture_output=True, check=False)
        assert b"Signature, key ID" in done.stdout, rpm
    assert len(list(made.glob("*/repodata/repomd.xml.asc"))) == 3


def test_programs_versions_and_dependencies(made):
    assert query(made, "docker-ce", "%{EPOCH}:%{VERSION} [%{FILENAMES} ][%{REQUIRES} ]").split()[:3] == [
        "3:1.2.3",
        "/usr/bin/docker.io",
        "/usr/bin/tini",
    ]
    assert "/usr/sbin/iptables " in query(made, "iptables-nft", "[%{FILENAMES} ]")


def test_modular_packages_name_their_stream(made):
    labels = {
        subprocess.run(
            ["rpm", "-qp", "--nosignature", "--qf", "%{MODULARITYLABEL}", rpm],
            check=True,
            capture_output=True,
        )
        .stdout.decode()
        .split(":")[1]
        for rpm in made.rglob("kmod-nvidia-open-dkms-*.rpm")
    }
    assert labels == {"580-open", "590-open"}


def test_what_is_unchanged_is_left_and_what_is_foreign_too(made, pool, tmp_path):
    key = (made / "key.asc").read_bytes()
    assert build(made, pool).returncode == 0
    assert (made / "key.asc").read_bytes() == key
    assert "was not made by this script" in build(tmp_path, pool).stderr
    assert "no " in build(tmp_path / "new", tmp_path).stderr
    assert not (tmp_path / "new").exists()


def test_streams_end_with_el_9():
    """Of EL 10 each branch of the driver is there under the same names."""
    for major, modular in ((9, True), (10, False)):
        rows = packages_of(major)["nvidia"]
        assert any("stream" in row for row in rows) is modular
        assert {row["version"][:3] for row in rows if row["name"] == "nvidia-driver-cuda"} == {"580", "590"}
