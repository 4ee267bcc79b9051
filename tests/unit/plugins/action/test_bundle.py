"""What the controller looks at before it sends anything: its keyring, and the number beside it."""

import contextlib
import importlib
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from graphistry_airgap.bootstrap.render import verify_sh
from graphistry_airgap.content import content_root, link_collection
from graphistry_airgap.target.host import lock

pytestmark = pytest.mark.subprocesses


@pytest.fixture
def action(tmp_path, monkeypatch):
    """The plugin as it lies in a collection, its parts found by their relative names."""
    link_collection(tmp_path / "collections")
    airgap = tmp_path / "collections/ansible_collections/graphistry/airgap"
    monkeypatch.syspath_prepend(str(airgap))
    for name in [one for one in sys.modules if one.partition(".")[0] == "plugins"]:
        monkeypatch.delitem(sys.modules, name)
    module = importlib.import_module("plugins.action.bundle")
    assert Path(module.__file__).is_relative_to(airgap)
    yield module
    for name in [one for one in sys.modules if one.partition(".")[0] == "plugins"]:
        del sys.modules[name]


@pytest.fixture
def keyring(tmp_path):
    (tmp_path / "keys").mkdir()
    path = tmp_path / "keys" / "trusted.gpg"
    path.write_bytes(b"keys")
    return path


def code_of(caught):
    assert caught.value.hint
    return caught.value.code


def test_modules_that_use_a_bundle_are_told_their_run_and_a_play_s_own_word_for_it_is_overwritten(action):
    this_run = importlib.import_module("plugins.plugin_utils.this_run")
    assert this_run.VARIABLE == lock.PLAY
    name = this_run.this_run()
    assert name.endswith(f", process {os.getppid()}")
    task = SimpleNamespace(environment=[{lock.PLAY: "somebody's"}, {"A": "1"}])
    one = this_run.ActionModule.__new__(this_run.ActionModule)
    one._task = task
    with contextlib.suppress(AttributeError):  # what Ansible would make of it is not there
        one.run()
    assert {**task.environment[0], **task.environment[1], **task.environment[2]} == {
        lock.PLAY: name,
        "A": "1",
    }


def test_each_module_that_uses_a_bundle_has_an_action_of_its_name():
    modules = (content_root() / "plugins" / "modules").glob("*.py")
    uses = {path.stem for path in modules if "graphistry.airgap.verified" in path.read_text(encoding="utf-8")}
    actions = {path.stem for path in (content_root() / "plugins" / "action").glob("*.py")}
    assert actions == uses | {"bundle", "in_place"}


def test_it_brings_the_judge_of_the_package(action):
    assert action.verify_sh() == verify_sh()


def test_a_keyring_may_lie_anywhere_but_in_a_bundle(action, keyring):
    action.require_keyring(keyring)
    for name in ("SHA256SUMS", "bundle.json"):
        (keyring.parents[1] / name).touch()
    with pytest.raises(action.RefusedError, match="lies inside the bundle") as caught:
        action.require_keyring(keyring)
    assert code_of(caught) == "keyring-in-bundle"


def test_a_link_that_leads_into_a_bundle_is_in_it(action, keyring, tmp_path):
    for name in ("SHA256SUMS", "bundle.json"):
        (keyring.parent / name).touch()
    (tmp_path / "link.gpg").symlink_to(keyring)
    with pytest.raises(action.RefusedError):
        action.require_keyring(tmp_path / "link.gpg")


@pytest.mark.parametrize("harm", ["file", "folder"])
def test_the_place_that_is_taken_without_a_word_is_root_s_alone(action, keyring, monkeypatch, harm):
    monkeypatch.setattr(action, "DEFAULT_KEYRING", str(keyring))
    monkeypatch.setattr(action, "is_roots_own", of_this_user(action))
    keyring.chmod(0o644)
    keyring.parent.chmod(0o755)
    action.require_keyring(keyring)
    (keyring if harm == "file" else keyring.parent).chmod(0o777)
    with pytest.raises(action.RefusedError) as caught:
        action.require_keyring(keyring)
    assert code_of(caught) == "keyring-unsafe"


def of_this_user(action):
    """The same question where the tests are not root's."""
    real = action.is_roots_own
    return lambda path: real(path) if path.stat().st_uid == 0 else not (path.stat().st_mode & 0o022)


@pytest.mark.parametrize(("text", "number"), [("1\n", 1), ("2", 2), ("9\n", 9)])
def test_the_number_of_signers(action, keyring, text, number):
    path = keyring.with_name("trusted.required")
    assert action.signers_required(path) == 0
    path.write_text(text, encoding="utf-8")
    assert action.signers_required(path) == number


@pytest.mark.parametrize("text", ["", "0\n", "10\n", "2\n1\n", " 2\n", "two\n", "2 \n", "\u0662\n"])
def test_what_is_no_number_is_refused(action, keyring, text):
    path = keyring.with_name("trusted.required")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(action.RefusedError) as caught:
        action.signers_required(path)
    assert code_of(caught) == "trusted-required-invalid"


def test_a_link_to_nowhere_is_no_absent_number(action, keyring):
    path = keyring.with_name("trusted.required")
    path.symlink_to("/nowhere")
    with pytest.raises(action.RefusedError) as caught:
        action.signers_required(path)
    assert code_of(caught) == "trusted-required-invalid"


def test_the_number_beside_the_default_keyring_is_root_s_alone(action, keyring, monkeypatch):
    monkeypatch.setattr(action, "DEFAULT_KEYRING", str(keyring))
    path = keyring.with_name("trusted.required")
    path.write_text("1\n", encoding="utf-8")
    path.chmod(0o666)
    with pytest.raises(action.RefusedError) as caught:
        action.signers_required(path)
    assert code_of(caught) == "trusted-required-unsafe"
