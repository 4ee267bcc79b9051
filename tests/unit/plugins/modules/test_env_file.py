"""custom.env on disk: mode, secrets made once, nothing shown, nothing half-written."""

import errno
import json
import os
from pathlib import Path

import pytest

from graphistry_airgap.target.envfile import disk as env_disk

SECRETS = ["DJANGO_SECRET_KEY", "GRAPHISTRY_NEXUS_ENCRYPTION_KEYS"]


@pytest.fixture
def call(call_module, tmp_path):
    path = tmp_path / "custom.env"

    def run(**arguments):
        return call_module(
            "env_file",
            **{"path": str(path), "settings": {"AIR_GAPPED": "1"}, "secrets": SECRETS}
            | {"replaced": str(tmp_path / "replaced")}
            | arguments,
        )

    run.path = path
    return run


def values(path):
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_secrets_are_made_once_and_never_returned(call):
    call.path.write_text("# the operator's\n")
    first = call()
    made = values(call.path)
    assert first["changed"] is True
    assert first["generated"] == SECRETS
    assert not any(made[name] in json.dumps(first) for name in SECRETS)
    assert call.path.stat().st_mode & 0o777 == 0o600
    again = call()
    assert again["changed"] is False
    assert values(call.path) == made


def test_a_template_gets_no_secret(call):
    call(secrets=[])
    assert values(call.path) == {"AIR_GAPPED": "1"}


def test_a_secret_of_the_operator_stays(call):
    call.path.write_text("DJANGO_SECRET_KEY=the-operator-has-chosen-this\n")
    assert call()["generated"] == SECRETS[1:]
    assert call.path.read_text().startswith("DJANGO_SECRET_KEY=the-operator-has-chosen-this\n")
    assert call.path.read_text().count("DJANGO_SECRET_KEY=") == 1


@pytest.mark.parametrize("line", ["DJANGO_SECRET_KEY=", "DJANGO_SECRET_KEY='abc123xyz'", "DJANGO_SECRET_KEY"])
def test_a_weak_secret_of_the_operator_stops_the_run_and_stays(call, line):
    call.path.write_text(f"{line}\n")
    call.path.chmod(0o640)
    result = call()
    assert result["failed"] is True
    assert result["code"] == "host-weak-secret"
    assert "DJANGO_SECRET_KEY" in result["msg"]
    assert "abc123xyz" not in json.dumps(result)
    assert call.path.read_text() == f"{line}\n"
    assert call.path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_compose_cannot_read_is_left_alone(call):
    call.path.write_text("A='open\n")
    result = call()
    assert result["failed"] is True
    assert "line 1" in result["msg"]
    assert call.path.read_text() == "A='open\n"


def test_the_file_before_the_change_is_kept_for_root_alone(call, tmp_path):
    call.path.write_text("A=1\n")
    call()
    kept = list((tmp_path / "replaced").rglob("custom.env.*"))
    assert [path.read_text() for path in kept] == ["A=1\n"]
    assert kept[0].stat().st_mode & 0o777 == 0o600


def test_check_mode_says_so_and_writes_nothing(call):
    assert call(check=True)["changed"] is True
    assert not call.path.exists()


def test_permissions_alone_are_put_right(call):
    call()
    call.path.chmod(0o644)
    assert call()["changed"] is True
    assert call.path.stat().st_mode & 0o777 == 0o600


def test_a_link_and_a_read_only_file_end_with_the_hosts_exit_code(call, tmp_path):
    call.path.write_text("A=1\n")
    call.path.chmod(0o400)
    result = call()
    assert (result["failed"], result["code"]) == (True, "host-env-file-read-only")
    call.path.chmod(0o600)
    aside = tmp_path / "aside.env"
    call.path.rename(aside)
    call.path.symlink_to(aside)
    result = call()
    assert result["code"] == "host-env-file-link"
    assert result["hint"]
    assert aside.read_text() == "A=1\n"


@pytest.mark.parametrize("where", ["the file", "its copy"])
def test_a_full_disk_ends_with_the_hosts_exit_code_and_the_old_file(call, monkeypatch, where):
    call.path.write_text("A=1\n")

    def full(handle):
        beside_the_file = Path(f"/proc/self/fd/{handle}").readlink().parent == call.path.parent
        if beside_the_file == (where == "the file"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    result = call()
    assert (result["failed"], result["code"]) == (True, "host-disk-full")
    assert "make room" in result["hint"]
    assert call.path.read_text() == "A=1\n"
    assert [path.name for path in call.path.parent.glob(".custom*")] == []


def test_what_somebody_else_writes_meanwhile_is_theirs(call, monkeypatch):
    call.path.write_text("A=1\n")
    keep = env_disk.keep

    def meanwhile(path, store):
        keep(path, store)
        call.path.write_text("B=2\n")

    monkeypatch.setattr(
        "ansible_collections.graphistry.airgap.plugins.module_utils.envfile.disk.keep", meanwhile
    )
    result = call()
    assert (result["failed"], result["code"]) == (True, "env-file-changed")
    assert call.path.read_text() == "B=2\n"
    monkeypatch.undo()
    assert call()["changed"] is True
    assert call.path.read_text().startswith("B=2\n")


def test_a_mode_that_gives_away_less_stays(call):
    call()
    call.path.chmod(0o400)
    assert call()["changed"] is False


def test_operators_lines_survive_ten_runs_byte_for_byte(call):
    mine = b"\xef\xbb\xbf# caf\xe9\r\nexport  LOG_LEVEL = 'DEBUG' # why\r\nX=\"a\r\nb\" # no newline"
    call.path.write_bytes(mine)
    call(settings={"AIR_GAPPED": "1", "FORGE_NUM_WORKERS": "4"})
    secrets = [line for line in call.path.read_bytes().splitlines() if b"SECRET" in line or b"KEYS" in line]
    for count in range(10):
        call(settings={"AIR_GAPPED": "1", "FORGE_NUM_WORKERS": str(count)}, absent=["RMM_ALLOCATOR"])
        data = call.path.read_bytes()
        assert data.startswith(mine)
        assert all(line in data for line in secrets)
    assert len(secrets) == 2


def texts(result):
    return json.dumps([result["changes"], result["diff"]])


def changed_by(result):
    """What the changes say, without the path."""
    return [
        (one["kind"], one["what"].rpartition("/")[2], one["before"], one["after"])
        for one in result["changes"]
    ]


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        (None, 0o600),
        ("", 0o600),
        ("# mine\nA=1\n", 0o644),
        ("AIR_GAPPED=0\nDJANGO_SECRET_KEY=the-operator-has-chosen-this\n", 0o640),
        (
            "# BEGIN graphistry-airgap\nAIR_GAPPED=0\nOLD=x\nDJANGO_SECRET_KEY=made-long-ago\n"
            "# END graphistry-airgap\n",
            0o600,
        ),
        ("# BEGIN graphistry-airgap\nAIR_GAPPED\n# END graphistry-airgap\nB=2", 0o600),
    ],
)
def test_check_mode_foretells_the_very_changes_of_the_run(call, as_foretold, content, mode):
    if content is not None:
        call.path.write_text(content)
        call.path.chmod(mode)
    arguments = {"absent": ["OLD"], "mask_key": "k"}
    before = (call.path.exists(), content and call.path.read_text())
    call(check=True, **arguments)
    assert (call.path.exists(), content and call.path.read_text()) == before
    as_foretold(call, **arguments)


def test_without_a_release_check_mode_says_what_it_waits_for(call, tmp_path):
    result = call(check=True, path=str(tmp_path / "release" / "custom.env"))
    assert (result["changed"], result["unknown_until"], result["changes"]) == (True, "release", [])


def test_each_name_of_the_block_is_a_change_of_its_own(call):
    assert changed_by(call()) == [
        ("file", "custom.env", None, {"mode": "0600"}),
        ("setting", "custom.env#AIR_GAPPED", None, "1"),
        ("setting", "custom.env#DJANGO_SECRET_KEY", None, {"secret": "generated"}),
        ("setting", "custom.env#GRAPHISTRY_NEXUS_ENCRYPTION_KEYS", None, {"secret": "generated"}),
    ]
    call.path.chmod(0o644)
    assert changed_by(call(settings={}, absent=["AIR_GAPPED"])) == [
        ("file", "custom.env", {"mode": "0644"}, {"mode": "0600"}),
        ("setting", "custom.env#AIR_GAPPED", "1", None),
    ]


def test_a_name_that_the_operator_takes_over_leaves_the_block(call):
    call(secrets=[])
    call.path.write_text(call.path.read_text() + "AIR_GAPPED=0\n")
    result = call(secrets=[])
    assert changed_by(result) == [("setting", "custom.env#AIR_GAPPED", "1", None)]
    assert result["diff"] == [
        {
            "before_header": str(call.path),
            "after_header": str(call.path),
            "before": "AIR_GAPPED=1\n",
            "after": "",
        }
    ]


def test_no_secret_stands_in_changes_or_diff_and_a_new_value_differs(call):
    secret = {"MY_PASSWORD": "correct-horse"}
    call.path.write_text("OPERATORS_PASSWORD=battery-staple\n")
    first = call(settings=secret, mask_key="k")
    made = values(call.path)
    other = call(settings={"MY_PASSWORD": "horse-correct"}, mask_key="k")
    back = call(settings=secret, mask_key="k")
    for result in (first, other, back):
        assert not any(value in texts(result) for value in [*made.values(), "horse-correct"])
    assert other["changes"][0]["before"] == back["changes"][0]["after"]
    assert other["changes"][0]["before"] != other["changes"][0]["after"]
    assert "MY_PASSWORD=<secret " in other["diff"][0]["after"]


def test_a_stricter_mode_of_the_operator_stays_also_where_the_text_changes(call):
    call.path.write_text("A=1\n")
    call.path.chmod(0o600)
    assert [one[0] for one in changed_by(call(mode="0640"))] == ["setting"] * 3
    assert call.path.stat().st_mode & 0o777 == 0o600
