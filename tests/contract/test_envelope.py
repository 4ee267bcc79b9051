"""The JSON envelope and the exit codes, also for failures before any command runs."""

import json
import os
import subprocess
import sys

import pytest

from graphistry_airgap.cli.main import main
from graphistry_airgap.cli.render import render
from graphistry_airgap.core.errors import (
    BundleError,
    ExitCode,
    FindingsError,
    HostEnvironmentError,
    HostError,
    InputError,
    RebootRequiredError,
    StageError,
)
from graphistry_airgap.core.result import Result, envelope, failed

KEYS = {"version", "command", "ok", "exit_code", "data", "messages", "errors"}


def run_tool(*arguments, **kwargs):
    return subprocess.run(
        [sys.executable, "-m", "graphistry_airgap", *arguments],
        capture_output=True,
        text=True,
        check=False,
        **kwargs,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["--json"], 2, "usage"),
        (["--json", "frobnicate"], 2, "usage"),
        (["--json", "install", "--no-such-option"], 2, "usage"),
        (["bundle", "verify", "/does/not/exist", "--json"], 2, None),
        (["--json", "bundle", "inspect", "/does/not/exist"], 2, None),
        (["--json", "bundle", "build", "/does/not/exist.bundle.yml", "-o", "/does/not/matter"], 2, None),
    ],
)
def test_early_failures_are_one_envelope_on_stdout(arguments, code, error):
    done = run_tool(*arguments)
    assert done.returncode == code
    parsed = json.loads(done.stdout)
    assert set(parsed) == KEYS
    assert parsed["ok"] is False
    assert parsed["exit_code"] == code
    assert parsed["errors"][0]["message"]
    assert parsed["errors"][0]["hint"]
    if error:
        assert parsed["errors"][0]["code"] == error
    assert "Traceback" not in done.stderr


def test_without_json_a_failure_says_what_and_what_next_on_stderr():
    done = run_tool("bundle", "verify", "/does/not/exist")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "/does/not/exist" in done.stderr
    assert "next:" in done.stderr


def test_a_plain_user_is_refused_with_5(monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["--json", "install"]) == 5
    assert json.loads(capsys.readouterr().out)["errors"][0]["code"] == "not-root"


@pytest.mark.parametrize(
    ("kind", "code"),
    [(StageError, 1), (InputError, 2), (HostError, 3), (BundleError, 4), (HostEnvironmentError, 5)],
)
def test_each_error_class_is_one_row_of_the_table(kind, code):
    result = failed(kind("what was found", code="some-code", hint="what to do", details={"path": "x"}))
    parsed = envelope("install", result)
    assert parsed["exit_code"] == code
    assert parsed["errors"] == [
        {"code": "some-code", "message": "what was found", "hint": "what to do", "path": "x"}
    ]


def test_bundle_problems_outrank_host_problems():
    errors = [
        HostError("h", code="h", hint="mend it"),
        BundleError("b", code="b", hint="mend it"),
        StageError("s", code="s", hint="mend it"),
    ]
    result = failed(FindingsError(errors))
    assert result.exit_code == ExitCode.BUNDLE
    assert [error["code"] for error in envelope("x", result)["errors"]] == ["h", "b", "s"]


def test_success_is_ok_and_zero():
    assert envelope("status", Result(data={"a": 1}))["ok"] is True


INSPECT = [sys.executable, "-m", "graphistry_airgap", "bundle", "inspect", "/does/not/exist", "--json"]


@pytest.mark.parametrize(
    "script",
    [
        '"$@" >&-',
        '"$@" >&- 2>&-',
        '"$@" <&-',
        '"$@" >/dev/full',
        '"$@" >/dev/full 2>&1',
        'set -o pipefail; "$@" | true',
    ],
)
def test_the_exit_code_stays_when_nobody_can_be_told(script):
    command = ["bash", "-c", script, "bash", *INSPECT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_an_option_is_not_abbreviated():
    """`--js` once meant --json to one half of the program and nothing to the other."""
    done = run_tool("--js", "bundle", "inspect", "/does/not/exist")
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage" in done.stderr or "--help" in done.stderr


def test_what_a_terminal_obeys_is_shown_and_not_sent():
    done = run_tool("bundle", "inspect", "/none/\x1b]0;x\x07")
    assert "\x1b" not in done.stderr
    assert "\\u001b]0;x\\u0007" in done.stderr


def test_a_name_of_several_lines_looks_like_no_line_of_ours(capsys):
    name = "a\nsigned by nobody\u009b31m\u202e"
    render(
        "bundle verify",
        failed(BundleError(f"the bundle holds {name}", code="file-extra", hint="copy it again")),
        as_json=False,
    )
    assert capsys.readouterr().err == (
        "error: the bundle holds a\n    signed by nobody\\u009b31m\\u202e\n  next: copy it again\n"
        "exit code 4\n"
    )


def test_a_full_disk_is_the_host_s_error(monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device", "/run/graphistry-airgap/lock")

    monkeypatch.setattr("graphistry_airgap.wiring.dispatch.dispatch", full)
    assert main(["--json", "status"]) == 3
    parsed = json.loads(capsys.readouterr().out)
    assert parsed["errors"][0]["code"] == "disk-full"
    assert "/run/graphistry-airgap/lock" in parsed["errors"][0]["message"]


@pytest.mark.parametrize(
    "arguments", [["--resume", "--site", "/etc/site.yml"], ["--site=/etc/site.yml", "--resume"], ["--resum"]]
)
def test_what_resume_remembers_is_not_given_again(arguments):
    done = run_tool("--json", "install", *arguments)
    assert (done.returncode, json.loads(done.stdout)["errors"][0]["code"]) == (2, "usage")


def test_a_required_reboot_is_exit_10_and_no_error_for_a_person(capsys):
    due = failed(RebootRequiredError("nouveau is loaded", code="reboot-required", hint="restart this host"))
    assert envelope("install", due)["exit_code"] == 10
    assert envelope("install", due)["ok"] is False
    render("install", due, as_json=False)
    assert "reboot required: nouveau is loaded\n  next: restart this host\n" in capsys.readouterr().err
