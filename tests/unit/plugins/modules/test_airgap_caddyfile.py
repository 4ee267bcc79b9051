"""The Caddyfile: validated before it lands, the vendor's put back when it is wanted again."""

import pytest

pytestmark = pytest.mark.subprocesses
MARK = "# Managed by a test"
VENDORS = ":80 {\n\treverse_proxy nginx:80\n}\n"
DOCKER = """
echo "$*" >>"$STATE/calls"
[ ! -e "$STATE/invalid" ] || { echo "no such directive" >&2; exit 1; }
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
        return call_module("airgap_caddyfile", content=content, **known | arguments)

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
    assert "no such directive" in result["msg"]
    assert caddyfile.path.read_text() == VENDORS


def test_check_mode_asks_nobody(caddyfile, tmp_path):
    assert caddyfile(OURS, check=True)["changed"] is True
    assert caddyfile.path.read_text() == VENDORS
    assert not (tmp_path / "calls").exists()
