"""The interpreter that a bundle brings for the tool alone, as install.sh takes it: refusals, name, place."""

import json
import subprocess

import pytest

from graphistry_airgap.bootstrap.render import install_sh
from tests.kit.bundles.interpreter_archives import archive

pytestmark = pytest.mark.subprocesses
CODE = install_sh().decode().removesuffix('main "$@"\n')
STAND_INS = """
exec 3>&1
json=yes site=/etc/site.yml FIPS=$HERE/fips FIPS_ALLOWED=$HERE/allow platform=ubuntu-22.04 stage=$HERE
fapolicyd_runs() { [ -e "$HERE/fapolicyd" ]; }
"""


def run(here, script):
    return subprocess.run(
        ["sh", "-c", f"{CODE}HERE='{here}'\n{STAND_INS}{script}\n"],
        capture_output=True,
        text=True,
        check=False,
    )


def code(done):
    return json.loads(done.stdout)["errors"][0]["code"] if done.stdout else None


@pytest.mark.parametrize(
    ("own", "flag", "allowed", "refused"),
    [
        ("3.12", "1\n", False, "interpreter-fips"),
        ("3.12", "1\n", True, None),
        ("3.12", "0\n", False, None),
        ("3.12", None, False, None),
        ("", "1\n", False, None),
    ],
)
def test_in_fips_mode_it_takes_a_word_of_the_site(tmp_path, own, flag, allowed, refused):
    if flag is not None:
        (tmp_path / "fips").write_text(flag)
    if allowed:
        (tmp_path / "allow").touch(mode=0o644)
    done = run(tmp_path, f"own={own} allow_interpreter")
    assert (code(done), done.returncode) == (refused, 3 if refused else 0)
    assert (f"touch {tmp_path}/allow" in done.stderr) is bool(refused)


def test_the_word_counts_only_as_a_file_of_root_s(tmp_path):
    (tmp_path / "fips").write_text("1\n")
    (tmp_path / "allow").symlink_to("/dev/null")
    done = run(tmp_path, "own=3.12 allow_interpreter")
    assert (code(done), done.returncode) == ("allow-unsafe", 2)


@pytest.mark.parametrize(("own", "refused"), [("3.12", "interpreter-fapolicyd"), ("", None)])
def test_fapolicyd_would_refuse_what_comes_from_no_package(tmp_path, own, refused):
    (tmp_path / "fapolicyd").touch()
    done = run(tmp_path, f"own={own} allow_interpreter")
    assert (code(done), done.returncode) == (refused, 3 if refused else 0)


def test_another_interpreter_makes_another_environment(tmp_path):
    wheels, ours, theirs = ("a" * 64, "b" * 64, "c" * 64)

    def name(*rows):
        (tmp_path / "SHA256SUMS").write_text(
            "".join(f"{digest}  runtime/ubuntu-22.04/{path}\n" for digest, path in rows)
        )
        return run(tmp_path, "runtime_name").stdout

    assert name((wheels, "requirements.txt")) == "a" * 16
    assert name((wheels, "requirements.txt"), (ours, "interpreter.tar.gz")) == "a" * 16 + "b" * 16
    assert name((wheels, "requirements.txt"), (theirs, "interpreter.tar.gz")) == "a" * 16 + "c" * 16


def test_it_is_unpacked_for_root_alone(tmp_path):
    packed = archive(tmp_path / "python.tar.gz", {"python/lib/open": (b"", 0o666)})
    done = run(tmp_path, f"runtime='{tmp_path}/runtime' && unpack_interpreter '{packed}'")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runtime/python"
    assert folder.stat().st_mode & 0o7777 == 0o700
    assert (folder / "bin/python3.12").stat().st_mode & 0o7777 == 0o755
    assert (folder / "lib/open").stat().st_mode & 0o7777 == 0o644
    assert {path.stat().st_uid for path in folder.rglob("*")} == {0}
