"""Text says of an error what JSON says of it."""

from graphistry_airgap.cli.render import render
from graphistry_airgap.core.errors import HostError
from graphistry_airgap.core.result import failed


def text(capsys, **details):
    error = HostError("the first line\nthe second", code="a-code", hint="do this", details=details)
    render("preflight", failed(error), as_json=False)
    return capsys.readouterr().err


def test_every_word_about_what_was_looked_at(capsys):
    shown = text(capsys, found="ext4", needed="xfs", path="/srv", stig="SV-1", stage="preflight")
    assert shown.splitlines() == [
        "error: the first line",
        "    the second",
        "  found: ext4",
        "  needed: xfs",
        "  path: /srv",
        "  STIG: SV-1",
        "  next: do this",
        "exit code 3",
    ]


def test_what_was_found_may_be_nothing_and_is_never_cut(capsys):
    assert "  found: 0\n" in text(capsys, found=0)
    long = "x" * 20_000
    assert f"  found: {long}\n" in text(capsys, found=long)
