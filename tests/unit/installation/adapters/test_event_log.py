import json

import pytest

from graphistry_airgap.installation.adapters import event_log as event_log_module
from graphistry_airgap.installation.adapters.event_log import event_log


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_one_object_a_line_and_for_root_alone(tmp_path):
    with event_log(tmp_path / "log", "install") as (path, append):
        append({"event": "stage", "stage": "docker"})
    first, last = lines(path)
    assert first["stage"] == "docker"
    assert last["event"] == "end"
    assert last["peak_memory_mib"]["tool"] > 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_what_was_logged_before_a_failure_stays(tmp_path):
    def interrupted():
        with event_log(tmp_path, "install") as (_, append):
            append({"event": "stage"})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [entry["event"] for entry in lines(next(tmp_path.iterdir()))] == ["stage"]


def test_old_logs_are_dropped_oldest_first(tmp_path, monkeypatch):
    monkeypatch.setattr(event_log_module, "KEPT_LOGS", 2)
    for name in ("a", "b", "c"):
        with event_log(tmp_path, name):
            pass
    assert [path.name.split("-")[-1] for path in sorted(tmp_path.iterdir())] == ["b.jsonl", "c.jsonl"]
