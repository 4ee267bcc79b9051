"""Small questions to the host, also where it has no good answer."""

import subprocess

import pytest

from graphistry_airgap.core.adapters.process import run
from graphistry_airgap.installation.adapters import host

pytestmark = pytest.mark.subprocesses


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b'ID=debian\nVERSION_ID="13"\n', "debian-13"),
        (b"ID='debian'\r\nVERSION_ID='13'\r\nNAME=\xff\n# a=b\n", "debian-13"),
        (b'ID="rhel"\nVERSION_ID="9.4"\n', "rhel-9"),
        (b'ID="rocky"\nVERSION_ID="9.6"\n', "rhel-9"),
        (b'ID="almalinux"\nVERSION_ID="9"\n', "rhel-9"),
        (b'ID="ol"\nVERSION_ID="9.5"\n', "rhel-9"),
        (b'ID="rocky"\nVERSION_ID="8.10"\n', "rocky-8.10"),
        (b"ID=debian\n", "debian-unknown"),
        (b"", "unknown-unknown"),
        (None, "unknown-unknown"),
    ],
)
def test_the_platform_s_name(tmp_path, text, name):
    if text is not None:
        (tmp_path / "os-release").write_bytes(text)
    assert host.platform_name(tmp_path / "os-release") == name


def test_a_list_of_packages_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path):
    kept = tmp_path / "packages-before"
    kept.write_text("ii \tbash\t5.2\nrc \tgone\t1\nii \tdpk")
    with host.packages_before(kept) as before:
        assert before == {"bash": "5.2"}


def test_a_host_without_docker_has_no_images(monkeypatch):
    """A stage before Docker's may fail, and the receipt must be written all the same."""
    monkeypatch.setattr(subprocess, "run", _nothing_there)
    assert host.local_images(["a:1"]) == []


def _nothing_there(argv, **_):
    raise FileNotFoundError(2, "No such file or directory", argv[0])


def test_a_stack_that_prints_warnings_or_hangs(tmp_path, monkeypatch):
    (tmp_path / "graphistry").write_text(
        'echo "[warning] x"; echo "{not json"; echo "[1]"\n'
        'echo \'{"Service": "caddy", "State": "running"}\'\n'
    )
    assert [row["service"] for row in host.stack_services(tmp_path)] == ["caddy"]
    outcome = run(["sleep", "5"], timeout=0.1)
    assert (outcome.returncode, outcome.ok) == (124, False)
    assert "did not end" in outcome.words


def test_rows_of_rpm_tell_each_key_apart_and_know_no_epoch_of_0(tmp_path):
    kept = tmp_path / "packages-before"
    kept.write_text(
        "rpm\tbash\t0:5.1.8-9.el9\tThe GNU Bourne Again shell\n"
        "rpm\tdocker-ce\t3:26.1.5-1.el9\tDocker\n"
        "rpm\tgpg-pubkey\t0:1f4ced02-6b0253bb\tvendor <vendor@example.com> public key\n"
    )
    with host.packages_before(kept) as before:
        assert before == {
            "bash": "5.1.8-9.el9",
            "docker-ce": "3:26.1.5-1.el9",
            "gpg-pubkey-1f4ced02-6b0253bb": "vendor <vendor@example.com> public key",
        }
