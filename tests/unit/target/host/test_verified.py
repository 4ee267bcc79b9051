"""Which bundle counts as verified, and for whom."""

import hashlib
import json
import os
import time

import pytest

from graphistry_airgap.target.host import lock, verified
from graphistry_airgap.target.host.verified import DIGEST_DIFFERS, UNVERIFIED, UnverifiedError, require
from tests.kit.fakes.verified_bundle import held, list_files, move

FILES = {"release/VERSION": b"v1\n", "images/blobs/sha256/a": b"layer"}


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """Verified by whoever holds the lock while the test runs."""
    move(lock, verified, tmp_path / "run", monkeypatch)
    place = tmp_path / "bundle"
    for name, data in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    with held(lock.LOCK):
        verified.write(place, list_files(place), ["A"])
        yield place


def refusal(*places, digests=None):
    with pytest.raises(UnverifiedError) as caught:
        require(places, digests)
    assert caught.value.hint
    assert "needed: " in str(caught.value)
    return caught.value.code, str(caught.value)


def test_the_verified_one_and_what_lies_in_it(bundle):
    require()
    require([bundle], {"release/VERSION": digest(FILES["release/VERSION"])})
    require([bundle / "release"], {"VERSION": digest(FILES["release/VERSION"])})
    require([bundle / "images", bundle], {"blobs/sha256/a": digest(b"layer")})


def test_a_way_through_links_leads_to_the_same_place(bundle, tmp_path):
    (tmp_path / "medium").symlink_to(bundle)
    require([tmp_path / "medium" / "release"], {"VERSION": digest(b"v1\n")})
    verified.write(tmp_path / "medium", list_files(bundle), [])
    require([bundle])


@pytest.mark.parametrize("name", ["other", "bundle2", "bundle/../other"])
def test_another_place(bundle, tmp_path, name):
    code, said = refusal(tmp_path / name)
    assert code == UNVERIFIED
    assert str(bundle) in said


def test_a_link_out_of_the_bundle_is_another_place(bundle, tmp_path):
    (tmp_path / "planted").mkdir()
    (bundle / "extra").symlink_to(tmp_path / "planted")
    assert refusal(bundle / "extra")[0] == UNVERIFIED


def test_another_list_in_the_same_place(bundle):
    (bundle / "release/VERSION").write_bytes(b"planted\n")
    list_files(bundle)
    assert refusal(bundle)[0] == UNVERIFIED


def test_the_digest_of_a_planted_file_that_a_variable_carries_along(bundle):
    (bundle / "release/VERSION").write_bytes(b"planted\n")
    code, said = refusal(bundle / "release", digests={"VERSION": digest(b"planted\n")})
    assert code == DIGEST_DIFFERS
    assert digest(b"planted\n") in said
    assert digest(b"v1\n") in said


@pytest.mark.parametrize("name", ["new", "../bundle2/release/VERSION", "SHA256SUMS"])
def test_a_file_that_the_list_does_not_have(bundle, name):
    assert refusal(bundle, digests={name: digest(b"x")})[0] == DIGEST_DIFFERS


def test_nobody_holds_the_lock(tmp_path, monkeypatch):
    move(lock, verified, tmp_path / "run", monkeypatch)
    (tmp_path / "run").mkdir()
    assert refusal(tmp_path)[0] == UNVERIFIED
    with held(lock.LOCK):
        verified.write(tmp_path, list_files(tmp_path / "bundle"), [])
    # a killed run leaves ticket and file
    assert lock.LOCK.exists()
    code, said = refusal(tmp_path)
    assert (code, "nobody holds the lock" in said) == (UNVERIFIED, True)


def test_a_ticket_counts_for_its_own_holder_alone(bundle, tmp_path):
    lock.LOCK.unlink()
    later = {"pid": os.getpid(), "command": "preflight"}
    with held(lock.LOCK, json.dumps(later)):
        code, said = refusal(bundle)
    assert code == UNVERIFIED
    assert '"preflight"' in said


@pytest.mark.parametrize(
    ("holder", "run", "is_ours"),
    [
        ({"pid": os.getpid()}, None, True),
        ({"pid": os.getppid()}, None, True),
        ({"pid": os.getpid() + 1}, None, False),
        ({"play": "root@a, process 7", "pid": os.getpid()}, "root@a, process 7", True),
        ({"play": "root@a, process 7", "pid": os.getpid()}, "root@a, process 8", False),
        ({"play": "root@a, process 7", "pid": os.getpid()}, None, False),
        ({"pid": os.getpid() + 1}, "root@a, process 7", False),
        ({}, "", False),
    ],
)
def test_a_ticket_counts_for_the_run_that_has_the_lock_and_no_other(
    bundle, monkeypatch, holder, run, is_ours
):
    """Another run finds the lock held and the ticket good, and they are not its own."""
    monkeypatch.delenv(lock.PLAY, raising=False)
    if run is not None:
        monkeypatch.setenv(lock.PLAY, run)
    lock.LOCK.unlink()
    with held(lock.LOCK, json.dumps(holder)):
        verified.write(bundle, list_files(bundle), [])
        if is_ours:
            require([bundle])
        else:
            assert refusal(bundle)[0] == UNVERIFIED


def test_nobody_has_verified(bundle):
    verified.remove()
    verified.remove()
    assert refusal(bundle)[0] == UNVERIFIED
    verified.TICKET.write_text("{", encoding="utf-8")
    assert refusal(bundle)[0] == UNVERIFIED


def test_the_ticket_is_root_s_alone_and_says_by_whom_and_when(bundle):
    ticket = json.loads(verified.TICKET.read_text())
    assert verified.TICKET.stat().st_mode & 0o777 == 0o600
    assert (ticket["bundle"], ticket["signers"], bool(ticket["when"])) == (str(bundle), ["A"], True)


def test_use_renews_the_lease(bundle):
    hour_ago = time.time() - 3600
    os.utime(lock.LOCK, (hour_ago, hour_ago))
    require([bundle])
    assert time.time() - lock.LOCK.stat().st_mtime < 60


@pytest.mark.parametrize(
    ("held_by", "words"),
    [
        ('{"pid": 7, "command": "install"}', "systemctl status 'graphistry-airgap-run-*.scope'"),
        (
            '{"pid": 7, "unit": "graphistry-airgap-play-lock.service"}',
            "systemctl stop graphistry-airgap-play",
        ),
        ("", "systemctl status"),
        ("[1]", "systemctl status"),
    ],
)
def test_what_to_do_about_a_lock_depends_on_who_holds_it(held_by, words):
    assert words in lock.next_step(held_by)
