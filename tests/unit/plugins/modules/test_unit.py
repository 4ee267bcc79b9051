"""A unit that does not start: systemd's words and what the unit wrote; a wait for it says where it stands."""

import os

import pytest
from ansible_collections.graphistry.airgap.plugins.module_utils.host import unit_words, waits
from ansible_collections.graphistry.airgap.plugins.module_utils.tasks import unit as code

pytestmark = pytest.mark.subprocesses
UNIT = "graphistry.service"
TEXT = "[Unit]\nDescription=Graphistry\n"
# as systemd 257 says it
REFUSED = (
    "Job for graphistry.service failed because the control process exited with error code.\n"
    'See "systemctl status graphistry.service" and "journalctl -xeu graphistry.service" for details.'
)
JOURNAL = "Error response from daemon: unknown or invalid runtime name: nvidia\nMain process exited"
SYSTEMCTL = """
echo "$*" >>"$STATE/calls"
case $1 in
show) [ ! -e "$STATE/unread" ] || echo yes ;;
is-*) [ -e "$STATE/$1" ] ;;
*) if [ -e "$STATE/$1-fails" ]; then cat "$STATE/refused" >&2; exit 1; fi ;;
esac
case $1 in
enable) touch "$STATE/is-enabled" ;;
start) touch "$STATE/is-active" ;;
daemon-reload) rm -f "$STATE/unread" ;;
esac
"""


@pytest.fixture
def unit(programs, call_module, tmp_path, monkeypatch):
    """The file is in its place, the unit neither enabled nor active."""
    monkeypatch.setattr(code, "PLACE", tmp_path)
    programs("systemctl", SYSTEMCTL)
    programs("journalctl", 'cat "$STATE/journal"')
    (tmp_path / "refused").write_text(f"{REFUSED}\n")
    (tmp_path / "journal").write_text(f"{JOURNAL}\n")
    (tmp_path / "calls").touch()

    def call(**arguments):
        return call_module("unit", unit=UNIT, content=TEXT, **arguments)

    call.path, call.file = tmp_path, tmp_path / UNIT
    call.file.write_text(TEXT)
    call.file.chmod(0o644)
    call.verbs = lambda: [
        line for line in (tmp_path / "calls").read_text().splitlines() if not line.startswith(("is-", "show"))
    ]
    return call


def test_it_is_placed_enabled_and_started_once(unit):
    unit.file.unlink()
    assert unit()["done"] == ["enabled", "started"]
    assert unit.verbs() == ["daemon-reload", f"enable {UNIT}", f"start {UNIT}"]
    assert (unit.file.read_text(), unit.file.stat().st_mode & 0o777) == (TEXT, 0o644)
    assert unit()["changed"] is False


@pytest.mark.parametrize("harm", [lambda file: file.write_text("[Unit]\n"), lambda file: file.chmod(0o600)])
def test_a_file_that_somebody_changed_is_put_right_and_read(unit, as_foretold, harm):
    for state in ("is-enabled", "is-active"):
        (unit.path / state).touch()
    harm(unit.file)
    (change,) = as_foretold(unit)["changes"]
    assert (change["subject"], change["kind"], change["what"]) == ("services", "file", str(unit.file))
    assert unit.verbs() == ["daemon-reload"]
    assert (unit.file.read_text(), unit.file.stat().st_mode & 0o777) == (TEXT, 0o644)


def test_a_file_that_systemd_has_not_read_is_read(unit, as_foretold):
    """A run was killed between the two."""
    for state in ("is-enabled", "is-active", "unread"):
        (unit.path / state).touch()
    (change,) = as_foretold(unit)["changes"]
    assert (change["kind"], change["after"]["reloaded"]) == ("unit", [str(unit.file)])
    assert unit.verbs() == ["daemon-reload"]


def test_a_link_in_its_place_is_replaced_and_not_followed(unit, as_foretold):
    for state in ("is-enabled", "is-active"):
        (unit.path / state).touch()
    elsewhere = unit.path / "elsewhere"
    elsewhere.write_text("not ours")
    unit.file.unlink()
    unit.file.symlink_to(elsewhere)
    (change,) = as_foretold(unit)["changes"]
    assert change["before"] == {"regular": False}
    assert (unit.file.is_symlink(), unit.file.read_text()) == (False, TEXT)
    assert elsewhere.read_text() == "not ours"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_somebody_else_s_file_becomes_root_s(unit, as_foretold):
    for state in ("is-enabled", "is-active"):
        (unit.path / state).touch()
    os.chown(unit.file, 65534, 65534)
    as_foretold(unit)
    assert (unit.file.stat().st_uid, unit.file.read_text()) == (0, TEXT)


def test_check_mode_only_says_so(unit):
    unit.file.unlink()
    assert unit(check=True)["done"] == ["enabled", "started"]
    assert unit.verbs() == []
    assert not unit.file.exists()


@pytest.mark.parametrize("there", [[], ["is-enabled"], ["is-active"]])
def test_check_mode_foretells_the_very_changes_of_the_run(unit, as_foretold, there):
    for state in there:
        (unit.path / state).touch()
    (change,) = as_foretold(unit)["changes"]
    assert (change["subject"], change["kind"], change["what"]) == ("services", "unit", UNIT)
    assert change["before"] == {"enabled": "is-enabled" in there, "active": "is-active" in there}
    assert change["after"] == {"enabled": True, "active": True}


@pytest.mark.parametrize("verb", ["enable", "start"])
def test_systemd_s_words_and_the_unit_s_own_are_whole(unit, verb):
    (unit.path / f"{verb}-fails").touch()
    said = unit()
    assert said["code"] == "unit-failed"
    assert said["msg"] == (
        f"{REFUSED}\n`systemctl {verb} {UNIT}` fails\nlast lines of its journal:\n{JOURNAL}"
    )
    assert said["log"] == JOURNAL
    assert f"systemctl status {UNIT}" in said["hint"]


def test_a_reading_that_fails_has_no_unit_s_journal(unit):
    (unit.path / "daemon-reload-fails").touch()
    unit.file.unlink()
    assert unit()["msg"] == f"{REFUSED}\n`systemctl daemon-reload` fails"


def test_a_start_that_takes_long_says_where_it_stands(unit, programs, tmp_path, monkeypatch):
    monkeypatch.setenv(waits.PLACE, str(tmp_path / "waits"))
    monkeypatch.setattr(waits, "PAUSE", 0.01)
    # it ends when somebody was told, so that the test waits for nothing else
    programs(
        "systemctl",
        "case $1 in is-active) echo activating; exit 3 ;; is-enabled | show) exit 0 ;; esac\n"
        'until grep -q activating "$STATE/waits" 2>/dev/null; do sleep 0.05; done',
    )
    assert unit()["done"] == ["started"]
    last = JOURNAL.replace("\n", " ")
    assert (tmp_path / "waits").read_text() == f'{UNIT}: activating; its journal says "{last}"'


def test_a_unit_that_wrote_nothing_is_told_by_its_state():
    assert unit_words.waited_for(lambda _: (3, "", ""), UNIT) == f"{UNIT}: unknown"
