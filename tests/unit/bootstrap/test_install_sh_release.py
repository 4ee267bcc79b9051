"""What install.sh says to another release over one in use, before it changes Python or the tool."""

import json
import subprocess

import pytest

from graphistry_airgap.bootstrap.render import install_sh
from graphistry_airgap.target.record.files import Kept

pytestmark = pytest.mark.subprocesses
CODE = install_sh().decode().removesuffix('main "$@"\n')


@pytest.fixture
def host(tmp_path):
    """A host with v2.50.1 in use, and a bundle of v2.50.2."""
    (tmp_path / "copy/runtime/debian-13").mkdir(parents=True)
    brings(tmp_path, "v2.50.2")
    has(tmp_path, "v2.50.1")
    database(tmp_path, "v2.50.1").joinpath("PG_VERSION").write_text("14")
    return tmp_path


def brings(host, version):
    (host / "copy/runtime/debian-13/bootstrap").write_text(f"release {version}\npackage python3=3.13\n")


def has(host, version):
    """Written by the tool's own hand, beside the receipt."""
    receipt = {
        "bundle": {"id": "v9.9.9", "release": version, "signers": ["v8.8.8"]},
        "site": {"docker": {"data_root": str(host / "docker")}},
        "packages": [{"name": "release", "to": "v7.7.7"}],
    }
    Kept(host / "receipt.json", host / "packages-before", host / "begun").write_receipt(receipt, stamp="1")


def database(host, version):
    folder = host / f"docker/volumes/{version}_postgres_data/_data"
    folder.mkdir(parents=True)
    return folder


def check(host):
    told = f"stage='{host}' platform=debian-13 INSTALLED='{host}/installed'\n"
    script = f"{CODE}{told}exec 3>&1\njson=yes\ncheck_release\n"
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)


def test_another_release_over_a_used_one_is_refused_with_both_names(host):
    done = check(host)
    (error,) = json.loads(done.stdout)["errors"]
    assert (done.returncode, error["code"]) == (3, "host-other-release")
    assert "has Graphistry v2.50.1" in error["message"]
    assert "the bundle brings v2.50.2" in error["message"]
    assert f"{host}/docker/volumes/v2.50.1_postgres_data holds its database" in error["message"]
    assert "use its own bundle" in error["hint"]


def passes(host):
    done = check(host)
    return (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_same_release_goes_on(host):
    brings(host, "v2.50.1")
    assert passes(host)


def test_one_whose_database_never_started_does_not_stand_against_it(host):
    (host / "docker/volumes/v2.50.1_postgres_data/_data/PG_VERSION").unlink()
    assert passes(host)
    (host / "docker/volumes/v2.50.1_postgres_data/_data").rmdir()
    assert passes(host)


@pytest.mark.parametrize("damage", ["", "{", "released v2.50.1\n", None])
def test_what_the_tool_wrote_down_and_is_lost_or_damaged_is_left_to_the_tool(host, damage):
    if damage is None:
        (host / "installed").unlink()
    else:
        (host / "installed").write_text(damage)
    assert passes(host)
