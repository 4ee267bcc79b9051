"""A medium that stops answering: it is said which file is waited for, and the wait ends."""

import json
import os
import threading
import time

import pytest

from graphistry_airgap.bundle.adapters import silence as medium_silence
from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.adapters.silence import Watchdog, silence_reported
from graphistry_airgap.cli.main import main
from graphistry_airgap.core.errors import BundleError, ExitCode
from tests.kit.bundles.mini_bundle import MiniBundle
from tests.kit.faults.stalling_share import FUSE, stalling_share

pytestmark = pytest.mark.lengthy


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(medium_silence, "SAY_AFTER", 0.5)
    monkeypatch.setattr(medium_silence, "GIVE_UP_AFTER", 1.8)


@pytest.fixture
def patient(monkeypatch):
    """Where nothing may be told: a busy machine alone takes less."""
    monkeypatch.setattr(medium_silence, "SAY_AFTER", 3.0)
    monkeypatch.setattr(medium_silence, "GIVE_UP_AFTER", 30.0)


@pytest.fixture
def never():
    event = threading.Event()
    yield event
    event.set()


def test_an_answer_and_an_error_come_back():
    watchdog = Watchdog(pytest.fail)
    assert watchdog.call("file", lambda _: 3) == 3
    with pytest.raises(KeyError):
        watchdog.call("file", lambda _: {}["x"])


def test_what_is_waited_for_is_told_and_the_wait_ends(never):
    told = []
    watchdog = Watchdog(told.append)
    with pytest.raises(BundleError) as caught:
        watchdog.call("images/blobs/sha256/abc", lambda _: never.wait())
    assert (caught.value.code, caught.value.exit_code) == ("medium-stalled", ExitCode.BUNDLE)
    assert 1 <= len(told) <= 3
    assert all("images/blobs/sha256/abc" in line for line in told)
    begun = time.monotonic()
    with pytest.raises(BundleError, match="abc"):
        watchdog.call("another", lambda _: 1)
    assert time.monotonic() - begun < 1


def test_a_slow_medium_is_no_silent_one(patient):
    told = []

    def slowly(beat):
        for _ in range(40):
            time.sleep(0.1)
            beat()
        return "whole"

    assert Watchdog(told.append).call("file", slowly) == "whole"
    assert told == []


def test_a_file_that_blocks_does_not_hold_a_bundle_up_for_ever(tmp_path, monkeypatch, never):
    for name in ("SHA256SUMS", "bundle.json"):
        (tmp_path / name).write_bytes(b"x")
    told = []
    bundle = BundleDirectory(tmp_path, told.append)
    monkeypatch.setattr(bundle, "_chunks", lambda *_: iter(lambda: never.wait() and b"", b""))
    with pytest.raises(BundleError, match="SHA256SUMS"):
        bundle.digest("SHA256SUMS")
    assert "SHA256SUMS has not answered" in told[0]


on_a_share = pytest.mark.skipif(
    os.geteuid() != 0 or not FUSE.exists(), reason="mounting a share needs root and FUSE"
)


@pytest.mark.subprocesses
@on_a_share
def test_a_share_that_stalls_under_other_programs_is_told_and_stops_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(medium_silence, "ASK_EVERY", 0.1)
    files, told = tmp_path / "files", []
    files.mkdir()
    with stalling_share(files, tmp_path / "share", stalled=".") as share:
        with silence_reported(share, told.append):
            time.sleep(4)
        heard = list(told)
        time.sleep(0.7)
    assert told == heard != []
    assert all(str(share) in line for line in told)


@pytest.mark.subprocesses
@on_a_share
def test_a_share_that_answers_is_not_told(tmp_path, monkeypatch, patient):
    monkeypatch.setattr(medium_silence, "ASK_EVERY", 0.1)
    files, told = tmp_path / "files", []
    files.mkdir()
    with (
        stalling_share(files, tmp_path / "share", stalled="nothing") as share,
        silence_reported(share, told.append),
    ):
        time.sleep(4)
    assert told == []


@pytest.mark.subprocesses
@on_a_share
@pytest.mark.parametrize("stalled", ["SHA256SUMS", "release/VERSION"])
def test_a_share_that_stalls_ends_a_verification(tmp_path, keys, capsys, monkeypatch, stalled):
    # longer than a busy machine takes for any other file
    monkeypatch.setattr(medium_silence, "GIVE_UP_AFTER", 10.0)
    bundle = MiniBundle(tmp_path / "bundle")
    bundle.write()
    bundle.sign(keys, "signer")
    (tmp_path / "trusted.gpg").write_bytes(keys.public("signer"))
    keyring = str(tmp_path / "trusted.gpg")
    with stalling_share(bundle.path, tmp_path / "share", stalled="nothing") as share:
        assert main(["--json", "bundle", "verify", str(share), "--keyring", keyring]) == 0
    capsys.readouterr()
    with stalling_share(bundle.path, tmp_path / "stalling", stalled=stalled) as share:
        assert main(["--json", "bundle", "verify", str(share), "--keyring", keyring]) == 4
        said = capsys.readouterr()
    assert f"waiting for the medium: {stalled} has not answered" in said.err
    errors = json.loads(said.out)["errors"]
    assert {error["code"] for error in errors} == {"medium-stalled"}
    assert errors[0]["path"] == stalled
