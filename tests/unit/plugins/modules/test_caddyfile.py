"""The Caddyfile: validated before it lands, the vendor's put back when it is wanted again."""

import pytest

pytestmark = pytest.mark.subprocesses
MARK = "# Managed by a test"
VENDORS = ":80 {\n\treverse_proxy nginx:80\n}\n"
DOCKER = """
echo "$*" >>"$STATE/calls"
[ ! -e "$STATE/invalid" ] || { printf 'Error: no such directive\n%02000d\nin line 3\n' 0 >&2; exit 1; }
"""
OURS = f"{MARK}\nhttps://a.example {{\n}}\n"


@pytest.fixture
def caddyfile(programs, call_module, tmp_path):
    release = tmp_path / "release"
    (release / "data" / "config").mkdir(parents=True)
    (release / "data" / "config" / "Caddyfile").write_text(VENDORS)
    (release / "graphistry").write_text("#!/bin/sh\necho demo/caddy:1\n")
    (release / "graphistry").chmod(0o755)
    programs("docker", DOCKER)

    def run(content, **arguments):
        known = {"directory": str(release), "mark": MARK, "replaced": str(tmp_path / "replaced")}
        return call_module("caddyfile", content=content, **known | arguments)

    run.path = release / "data" / "config" / "Caddyfile"
    return run


def test_the_vendors_file_is_left_alone(caddyfile, tmp_path):
    assert caddyfile("")["changed"] is False
    assert caddyfile.path.read_text() == VENDORS
    assert not (tmp_path / "calls").exists()


def test_ours_lands_once_and_the_vendors_comes_back(caddyfile, tmp_path):
    assert caddyfile(OURS)["changed"] is True
    assert caddyfile.path.read_text() == OURS
    assert "--network none" in (tmp_path / "calls").read_text()
    assert "demo/caddy:1" in (tmp_path / "calls").read_text()
    assert caddyfile(OURS)["changed"] is False
    assert caddyfile("")["changed"] is True
    assert caddyfile.path.read_text() == VENDORS


def test_a_file_that_caddy_refuses_does_not_land(caddyfile, tmp_path):
    (tmp_path / "invalid").touch()
    result = caddyfile(OURS)
    assert result["code"] == "caddyfile-refused"
    assert result["msg"].startswith(f"Error: no such directive\n{'0' * 2000}\nin line 3\nCaddy refuses")
    assert caddyfile.path.read_text() == VENDORS


def test_check_mode_asks_nobody(caddyfile, tmp_path):
    assert caddyfile(OURS, check=True)["changed"] is True
    assert caddyfile.path.read_text() == VENDORS
    assert not (tmp_path / "calls").exists()


def test_check_mode_foretells_the_very_change_of_the_run(caddyfile, as_foretold):
    caddyfile.path.chmod(0o640)
    (first,) = as_foretold(caddyfile, OURS)["changes"]
    assert (first["subject"], first["kind"], first["what"]) == ("tls", "file", str(caddyfile.path))
    assert first["before"]["mode"] == first["after"]["mode"] == "0640"
    result = as_foretold(caddyfile, "")
    (back,) = result["changes"]
    assert (back["before"], back["after"]) == (first["after"], first["before"])
    assert "nginx" not in str(result["diff"])  # not ours to show: it may hold a token of the site's


def test_a_diff_shows_the_text_where_both_files_are_ours(caddyfile, as_foretold):
    caddyfile(OURS)
    (shown,) = as_foretold(caddyfile, OURS.replace("a.example", "b.example"))["diff"]
    assert (shown["before"], "b.example" in shown["after"]) == (OURS, True)


def test_a_file_that_is_not_there_yet_is_foretold(caddyfile, as_foretold):
    caddyfile.path.unlink()
    (change,) = as_foretold(caddyfile, OURS)["changes"]
    assert (change["before"], change["after"]["mode"]) == (None, "0644")


def test_without_a_release_check_mode_says_what_it_waits_for(caddyfile, tmp_path):
    result = caddyfile(OURS, check=True, directory=str(tmp_path / "nothing"))
    assert (result["changed"], result["unknown_until"], result["changes"]) == (True, "release", [])
