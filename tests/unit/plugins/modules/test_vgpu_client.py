"""What the licence client reads: its settings by name, the token nowhere but in its place."""

import hashlib
import json
from types import SimpleNamespace

import pytest
from ansible_collections.graphistry.airgap.plugins.module_utils.tasks.vgpu import client as code

from tests.kit.fakes import vgpu_guest
from tests.kit.role_texts import text

pytestmark = pytest.mark.subprocesses

TEMPLATE = "# the vendor's\nServerAddress=\nServerPort=7070\nFeatureType=0\n"
NAME = "client_configuration_token.tok"


@pytest.fixture
def client(programs, call_module, verify, tmp_path, monkeypatch):
    programs("nvidia-smi", "exit 9")
    conf, tokens = tmp_path / "nvidia/gridd.conf", tmp_path / "nvidia/tokens"
    (tmp_path / "nvidia").mkdir()
    template = tmp_path / "nvidia/gridd.conf.template"
    template.write_text(TEMPLATE)
    for name, value in {"CONF": conf, "TOKENS": tokens, "TOKEN": tokens / NAME}.items():
        monkeypatch.setattr(code.probe_vgpu, name, str(value))
    monkeypatch.setattr(code, "TEMPLATE", template)
    monkeypatch.setattr(code, "DROP_IN", tmp_path / "unit.d/graphistry-airgap.conf")
    site = tmp_path / "client.tok"
    site.write_bytes(vgpu_guest.token("dls.example"))

    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle/client.tok").write_bytes(site.read_bytes())
    verify(tmp_path / "bundle")

    def run(*, server=None, token_file=str(site), token=None, mask_key="key of the host", **more):
        desired = {"feature_type": "2", "server": server or {}, "token_file": token_file, "token": token}
        return call_module(
            "vgpu_client",
            desired=desired,
            bundle=str(tmp_path / "bundle"),
            pending=str(tmp_path / "state/pending"),
            replaced=str(tmp_path / "state/replaced"),
            unit_content=text("nvidia_vgpu", "after-the-network.conf"),
            mask_key=mask_key,
            **more,
        )

    places = {"conf": conf, "token": tokens / NAME, "site": site, "pending": tmp_path / "state/pending"}
    return SimpleNamespace(run=run, path=tmp_path, drop_in=code.DROP_IN, **places)


def told(result):
    return {one["what"].rpartition("/")[2]: (one["before"], one["after"]) for one in result["changes"]}


def test_check_mode_foretells_settings_token_and_drop_in(client, as_foretold):
    result = as_foretold(client.run)
    found = told(result)
    assert list(found) == ["gridd.conf", "gridd.conf#FeatureType", NAME, "graphistry-airgap.conf"]
    assert found["gridd.conf"] == (None, {"mode": "0644"})
    assert found["gridd.conf#FeatureType"] == (None, "2")
    assert found[NAME][1]["mode"] == "0744"
    assert {one["subject"] for one in result["changes"]} == {"vgpu"}
    assert result["vgpu_state"] == {"feature_type": "2", "token": "present"}
    assert client.token.read_bytes() == client.site.read_bytes()
    assert client.pending.exists()


def test_check_mode_writes_nothing(client):
    before = sorted(client.path.rglob("*"))
    assert client.run(check=True)["changed"] is True
    assert sorted(client.path.rglob("*")) == before


def test_of_the_token_nothing_is_shown_but_that_it_differs(client):
    first = client.run()
    old = client.site.read_bytes()
    client.site.write_bytes(vgpu_guest.token("other.example"))
    second = client.run()
    assert first["changes"][-2]["after"]["content"] == second["changes"][0]["before"]["content"]
    assert second["changes"][0]["before"]["content"] != second["changes"][0]["after"]["content"]
    words = json.dumps([first, second])
    for data in (old, client.site.read_bytes()):
        assert data.decode() not in words
        assert hashlib.sha256(data).hexdigest() not in words


def test_without_a_key_the_token_is_still_masked_and_equal_to_itself(client):
    client.run(mask_key="")
    client.token.chmod(0o600)
    before, after = told(client.run(mask_key=""))[NAME]
    assert before["content"] == after["content"]
    assert (before["mode"], after["mode"]) == ("0600", "0744")
    assert client.run(mask_key="")["changed"] is False


def test_of_a_file_that_is_there_only_the_names_that_change_are_told(client, as_foretold):
    client.run()
    client.conf.write_text("EnableUI=TRUE\nFeatureType=4\nServerAddress=old.example\n")
    client.conf.chmod(0o640)
    result = as_foretold(client.run)
    assert told(result) == {
        "gridd.conf#FeatureType": ("4", "2"),
        "gridd.conf#ServerAddress": ("old.example", None),
    }
    assert "EnableUI" not in json.dumps(result)
    assert client.conf.stat().st_mode & 0o777 == 0o640
    assert [path.read_text() for path in (client.path / "state/replaced").rglob("gridd.conf.*")] == [
        "EnableUI=TRUE\nFeatureType=4\nServerAddress=old.example\n"
    ]


def test_a_line_that_goes_and_says_nothing_is_a_change_too(client, as_foretold):
    client.run()
    client.conf.write_text("FeatureType=1\nFeatureType=2\n")
    (change,) = as_foretold(client.run)["changes"]
    assert (change["kind"], change["what"]) == ("file", str(client.conf))
    assert client.conf.read_text() == "#FeatureType=1\nFeatureType=2\n"


def test_a_server_of_the_older_kind_is_told_by_its_settings(client, as_foretold):
    result = as_foretold(client.run, server={"address": "old.example"}, token_file="")
    assert told(result)["gridd.conf#ServerAddress"] == (None, "old.example")
    assert result["vgpu_state"] == {"feature_type": "2", "server": "old.example"}
    assert not client.token.exists()


def test_a_token_that_is_in_place_gets_its_mode_alone(client, as_foretold):
    client.run()
    client.token.chmod(0o600)
    assert list(told(as_foretold(client.run, token_file=""))) == [NAME]
    assert client.token.stat().st_mode & 0o777 == 0o744


def test_the_bundle_s_token_is_checked_as_it_is_read(client, as_foretold):
    data = client.site.read_bytes()
    token = {"path": client.site.name, "sha256": hashlib.sha256(data).hexdigest()}
    as_foretold(client.run, token_file="", token=token)
    assert client.token.read_bytes() == data
    (client.path / "bundle" / client.site.name).write_bytes(vgpu_guest.token("other.example"))
    assert client.run(token_file="", token=token)["code"] == "bundle-file-changed"


def test_what_is_no_token_is_refused_before_anything_is_written(client):
    client.site.write_text("<html>Sign in</html>")
    for check in (True, False):
        said = client.run(check=check)
        assert (said["failed"], said["code"]) == (True, "host-vgpu-token-unreadable")
    assert not client.conf.exists()


def test_nothing_is_guessed_before_the_driver_runs(client):
    said = client.run(check=True, waits_for="driver")
    assert (said["unknown_until"], said["changed"], said["changes"]) == ("driver", True, [])
    assert "vgpu_state" not in said
    assert client.run(waits_for="driver")["changes"] != []
