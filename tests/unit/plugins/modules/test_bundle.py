"""What the module makes of the judge's answer, and of the lock; the judge and the lock are others'."""

import hashlib
import json
from types import SimpleNamespace

import pytest
from ansible_collections.graphistry.airgap.plugins.module_utils.tasks import bundle as code

pytestmark = pytest.mark.subprocesses

PLAY = "root@here, process 7"


@pytest.fixture
def bundle(call_module, verify, tmp_path, monkeypatch):
    """`said` is what the script prints; the lock is held by this very play once it was taken."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "bundle.json").write_text('{"id": "x"}', encoding="utf-8")
    verify(folder)
    lock = code.play_lock.lock
    calls = []
    monkeypatch.setattr(code.os, "geteuid", lambda: 0)
    monkeypatch.setattr(code.play_lock, "refuse_others", lambda *_: calls.append("refuse"))
    monkeypatch.setattr(code.play_lock, "take", lambda *_: calls.append("take"))
    monkeypatch.setattr(code.play_lock, "release", lambda *_: True)
    script = tmp_path / "verify.sh"
    sums = hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()

    def run(said="", words="", **more):
        good = {"sums": sums, "signers": "A, B"}
        text = said if isinstance(said, str) and said else json.dumps(said or good)
        script.write_text(f"cat <<'END'\n{text}\nEND\necho '{words}' >&2\n", encoding="utf-8")
        brought = {"script": str(script), "keyring": "/tmp/copy.gpg", "required": 0, "play": PLAY}
        return call_module("bundle", path=str(folder), brought=brought, **more)

    return SimpleNamespace(run=run, folder=folder, calls=calls, lock=lock, sums=sums)


@pytest.mark.parametrize("check", [False, True])
def test_a_good_bundle_is_told_and_written_down(bundle, check):
    code.verified.remove()
    said = bundle.run(check=check)
    assert (said["changed"], said["signers"], said["manifest"]) == (False, ["A", "B"], {"id": "x"})
    assert (said["bundle"], said["sums_sha256"]) == (str(bundle.folder), bundle.sums)
    assert bundle.calls == ["refuse", "take"]
    ticket = json.loads(code.verified.TICKET.read_text())
    assert (ticket["sums_sha256"], ticket["signers"]) == (bundle.sums, ["A", "B"])


def test_what_is_refused_is_told_in_the_judge_s_words_and_takes_no_lock(bundle):
    errors = [
        {"code": "keyring-malformed", "message": "the keyring /tmp/copy.gpg is none", "hint": "name another"},
        {"code": "file-extra", "message": "b is not listed", "hint": "remove it", "path": "b"},
    ]
    said = bundle.run({"errors": errors}, keyring="/etc/mine.gpg")
    assert (said["failed"], said["code"], said["hint"]) == (True, "keyring-malformed", "name another")
    assert said["msg"] == "the keyring /etc/mine.gpg is none; b is not listed"
    assert [one["code"] for one in said["errors"]] == ["keyring-malformed", "file-extra"]
    assert bundle.calls == ["refuse"]


@pytest.mark.parametrize("text", ["sh: out of memory", "{}"])
def test_a_judge_that_says_nothing_has_not_agreed(bundle, text):
    said = bundle.run(text, words="no space left on device")
    assert (said["failed"], said["code"]) == (True, "bundle-unverified")
    assert "no space left on device" in said["msg"]
    assert bundle.calls == ["refuse"]


def test_a_list_or_a_manifest_that_changed_meanwhile(bundle):
    (bundle.folder / "bundle.json").write_text("{}", encoding="utf-8")
    assert bundle.run()["code"] == "bundle-file-changed"
    assert bundle.run({"sums": "0" * 64, "signers": "A"})["code"] == "bundle-file-changed"
    assert "take" not in bundle.calls


def test_what_this_play_verified_before_counts_no_more_when_the_next_is_refused(bundle, monkeypatch):
    monkeypatch.setattr(code.play_lock, "is_of", lambda play: play == PLAY)
    bundle.run()
    assert code.verified.TICKET.exists()
    bundle.run({"errors": [{"code": "a", "message": "b", "hint": "c"}]})
    assert not code.verified.TICKET.exists()


def test_releasing_needs_no_bundle(bundle):
    said = bundle.run(state="released")
    assert (said["changed"], said["released"], bundle.calls) == (False, True, [])


def test_a_lock_that_cannot_be_had(bundle, monkeypatch):
    def refuse(*_):
        raise code.play_lock.LockError("held by x", code="lock-held", hint="wait")

    for name, state in (("refuse_others", "verified"), ("take", "verified"), ("release", "released")):
        with monkeypatch.context() as patch:
            patch.setattr(code.play_lock, name, refuse)
            said = bundle.run(state=state)
        assert (said["code"], said["msg"], said["hint"]) == ("lock-held", "held by x", "wait")


def test_a_path_is_needed_and_root(bundle, call_module, monkeypatch):
    assert "path" in call_module("bundle", brought={"play": PLAY})["msg"]
    monkeypatch.setattr(code.os, "geteuid", lambda: 1000)
    said = bundle.run()
    assert (said["code"], "become" in said["hint"]) == ("not-root", True)
