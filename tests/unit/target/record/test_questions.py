"""What a host answers before, between and after the stages."""

import hashlib

import pytest

from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.record import images, packages
from graphistry_airgap.target.record.questions import answer


def nothing_there(argv, _):
    return 127, "", f"{argv[0]}: No such file or directory"


@pytest.fixture
def ask(tmp_path):
    def asked(what, run=nothing_there, **given):
        question = {"ask": what, "state": tmp_path / "state", "program": tmp_path, "medium": tmp_path / "b"}
        question |= {"package_system": "apt", "images": [], "receipt": {}, "stamp": "1", **given}
        return answer(Host(run, tmp_path), question)

    return asked


def test_a_host_on_which_nothing_was_ever_installed(ask):
    said = {"os_release": "", "dgx": "", "receipt": None, "stages_begun": False, "sums_sha256": ""}
    assert ask("read") == said


def test_one_with_a_receipt_and_a_medium(ask, tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b/SHA256SUMS").write_text("x\n")
    ask("begin")
    assert ask("read")["stages_begun"] is True
    ask("write", receipt={"bundle": {}})
    said = ask("read")
    assert (said["stages_begun"], said["receipt"]) == (False, '{\n  "bundle": {}\n}\n')
    assert said["sums_sha256"] == hashlib.sha256(b"x\n").hexdigest()


def test_a_receipt_that_is_no_text_is_given_as_one_that_nobody_can_read(ask, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state/receipt.json").write_bytes(b"\xff\xfe")
    assert ask("read")["receipt"].startswith("not UTF-8")


def test_packages_from_before_the_first_change_and_now(ask):
    def list_of(version):
        return lambda argv, _: (0, f"ii \tbash\t{version}\n", "") if argv[0] == "dpkg-query" else (1, "", "")

    ask("begin", list_of("5.2"))
    said = ask("tell", list_of("5.3"), images=["a:1"])
    assert (said["packages_before"], said["packages"]) == ({"bash": "5.2"}, {"bash": "5.3"})
    assert (said["images"], said["signing_key"]) == ([], False)
    ask("forget")
    assert ask("tell", list_of("5.3"))["packages_before"] == {"bash": "5.3"}


def test_a_list_of_packages_that_was_cut_off_is_read_as_far_as_it_goes():
    assert packages.read("ii \tbash\t5.2\nrc \tgone\t1\nii \tdpk") == {"bash": "5.2"}


def test_rows_of_rpm_tell_each_key_apart_and_know_no_epoch_of_0():
    listed = (
        "rpm\tbash\t0:5.1.8-9.el9\tThe GNU Bourne Again shell\n"
        "rpm\tdocker-ce\t3:26.1.5-1.el9\tDocker\n"
        "rpm\tgpg-pubkey\t0:1f4ced02-6b0253bb\tvendor <vendor@example.com> public key\n"
    )
    assert packages.read(listed) == {
        "bash": "5.1.8-9.el9",
        "docker-ce": "3:26.1.5-1.el9",
        "gpg-pubkey-1f4ced02-6b0253bb": "vendor <vendor@example.com> public key",
    }


def test_a_host_without_docker_has_no_images():
    """A stage before Docker's may fail, and the receipt must be written all the same."""
    assert images.named(Host(nothing_there), ["a:1"]) == []


def test_images_are_told_by_name():
    said = "b:2\tsha256:2\na:1\tsha256:1\nother:3\tsha256:3\n"
    found = images.named(Host(lambda *_: (0, said, "")), ["b:2", "a:1", "c:4"])
    assert found == [{"name": "a:1", "id": "sha256:1"}, {"name": "b:2", "id": "sha256:2"}]
