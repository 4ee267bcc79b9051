"""The first administrator: made once, its password in no argument and no output."""

import json

import pytest

pytestmark = pytest.mark.subprocesses
PASSWORD = "correct horse battery"
SCRIPT = """#!/bin/sh
echo "$0 $*" >>"$STATE/arguments"
case $CMD_NAME in
list_accounts) cat "$STATE/accounts" ;;
create_user)
    [ ! -e "$STATE/refuse" ] || { echo "weak: $GRAPHISTRY_PASSWORD" >&2; exit 1; }
    echo "$GRAPHISTRY_USERNAME" >>"$STATE/accounts"
    echo "$GRAPHISTRY_EMAIL $GRAPHISTRY_PASSWORD" >"$STATE/made" ;;
esac
"""


@pytest.fixture
def administrator(programs, call_module, tmp_path):
    script = tmp_path / "release" / "etc" / "scripts" / "nexus-command.sh"
    script.parent.mkdir(parents=True)
    script.write_text(SCRIPT, encoding="utf-8")
    script.chmod(0o755)
    (tmp_path / "accounts").write_text("someone\n")
    (tmp_path / "secret.yml").write_text(
        f"username: admin\nemail: admin@example.gov\npassword: '{PASSWORD}'\n", encoding="utf-8"
    )

    def run(**arguments):
        known = {"directory": str(tmp_path / "release"), "secret_file": str(tmp_path / "secret.yml")}
        return call_module("administrator", **known | arguments)

    return run


def test_it_is_made_once(administrator, tmp_path):
    assert administrator()["changed"] is True
    assert (tmp_path / "made").read_text() == f"admin@example.gov {PASSWORD}\n"
    assert administrator()["changed"] is False
    assert (tmp_path / "accounts").read_text() == "someone\nadmin\n"


def test_the_password_is_in_no_argument_and_no_output(administrator, tmp_path):
    result = administrator()
    assert PASSWORD not in json.dumps(result)
    assert PASSWORD not in (tmp_path / "arguments").read_text()


def test_a_script_that_repeats_the_password_does_not_get_it_into_a_message(administrator, tmp_path):
    (tmp_path / "refuse").touch()
    result = administrator()
    assert result["failed"] is True
    assert "weak: " in result["msg"]
    assert PASSWORD not in json.dumps(result)


def test_a_long_message_is_whole_but_for_the_password(administrator, tmp_path):
    (tmp_path / "refuse").write_text("")
    script = tmp_path / "release" / "etc" / "scripts" / "nexus-command.sh"
    traceback = "Traceback:\n" + "x" * 5000
    script.write_text(SCRIPT.replace('weak: $GRAPHISTRY_PASSWORD"', f'{traceback}\n$GRAPHISTRY_PASSWORD"'))
    result = administrator()
    assert result["msg"].startswith(f"{traceback}\n********\n")
    assert PASSWORD[-4:] not in result["msg"]


def test_a_file_without_a_password_is_refused(administrator, tmp_path):
    (tmp_path / "secret.yml").write_text("username: admin\nemail: a@b\n")
    result = administrator()
    assert result["code"] == "administrator-file"
    assert "password" in result["msg"]


def test_check_mode_makes_nobody(administrator, tmp_path):
    assert administrator(check=True)["changed"] is True
    assert (tmp_path / "accounts").read_text() == "someone\n"


def test_check_mode_foretells_the_account_and_nothing_of_its_password(administrator, as_foretold):
    result = as_foretold(administrator)
    (change,) = result["changes"]
    assert (change["kind"], change["before"], change["after"]) == ("account", None, {"there": True})
    assert change["what"] == result["username"]
    assert PASSWORD[-4:] not in str(result)


def test_without_a_release_check_mode_says_what_it_waits_for(administrator, tmp_path):
    (tmp_path / "release" / "etc" / "scripts" / "nexus-command.sh").unlink()
    result = administrator(check=True)
    assert (result["changed"], result["unknown_until"], result["changes"]) == (True, "release", [])
