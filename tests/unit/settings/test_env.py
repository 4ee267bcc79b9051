"""`env …` on the command line: answers, exit codes, and secrets that stay where they are."""

import errno
import json
import os
import subprocess
import sys

import pytest

from graphistry_airgap.cli.main import main
from graphistry_airgap.core import places
from graphistry_airgap.installation.adapters import run_lock
from graphistry_airgap.installation.adapters.receipts import ReceiptFile
from graphistry_airgap.installation.installed import Installed

SECRET = "hunter2-and-more-of-it"
FILE = f"""\
# mine
LOG_LEVEL=INFO
FORGE_NUM_WORKERS = 4 # four
DJANGO_SECRET_KEY={SECRET}
OTHER=hunter2
"""


@pytest.fixture
def env(tmp_path, capsys, monkeypatch):
    """`env("set", "A=1")` runs the command on a file; returns exit status and envelope."""
    path = tmp_path / "custom.env"
    path.write_text(FILE)
    monkeypatch.setattr(Installed, "keep", lambda *_: None)

    def run(*words, file=path):
        capsys.readouterr()
        status = main(["--json", "env", *words, *(["--file", str(file)] if file else [])])
        return status, json.loads(capsys.readouterr().out)

    run.path = path
    return run


def text(env, capsys, *words):
    capsys.readouterr()
    status = main(["env", *words, "--file", str(env.path)])
    return status, capsys.readouterr()


def test_get_prints_the_value_alone(env, capsys):
    assert text(env, capsys, "get", "FORGE_NUM_WORKERS") == (0, ("4\n", ""))
    assert text(env, capsys, "get", "DJANGO_SECRET_KEY")[1].out == SECRET + "\n"
    assert env("get", "LOG_LEVEL")[1]["data"] == {"path": str(env.path), "name": "LOG_LEVEL", "value": "INFO"}


def test_get_of_what_is_not_set_says_what_is_near_or_its_default(env):
    status, answer = env("get", "RMM_ALLOCATOR")
    assert (status, answer["errors"][0]["code"]) == (2, "name-not-set")
    assert "managed" in answer["errors"][0]["hint"]
    assert "FORGE_NUM_WORKERS" in env("get", "FORGE_NUM_WORKER")[1]["errors"][0]["hint"]


def test_set_changes_those_lines_and_says_who_reads_them(env):
    status, answer = env("set", "FORGE_NUM_WORKERS=8", "COOKIE_SECURE=true", "LOG_LEVEL=INFO")
    assert status == 0
    assert answer["data"]["changed"] == ["FORGE_NUM_WORKERS", "COOKIE_SECURE"]
    assert answer["data"]["recreate"] == ["forge-etl-python", "nexus"]
    assert env.path.read_text() == FILE.replace("= 4", "= 8") + "COOKIE_SECURE=true\n"


def test_set_of_what_is_so_already_touches_nothing(env):
    before = env.path.stat()
    assert env("set", "LOG_LEVEL=INFO")[1]["data"]["file_changed"] is False
    after = env.path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["FORGE_NUM_WORKERS=many"], "value-invalid"),
        (["LOG_LEVEL=DEBUG", "COOKIE_SAMESITE=None"], "value-needs-another"),
        (["DJANGO_SECRET_KEY=abc123xyz"], "secret-weak"),
        (["FORGE_NUM_WORKERS"], "usage"),
        (["DJANGO_SECRET_KEY="], "secret-weak"),
        (["CUDA_VISIBLE_DEVICES=0,GPU-01234567-89ab-cdef-0123-456789abcdef"], "value-invalid"),
        (["FEP_GPU_WATCHER_WARN_THRESHOLD=95%", "FEP_GPU_WATCHER_KILL_THRESHOLD=90%"], "values-out-of-order"),
        (["1A=x"], "value-unwritable"),
        (["A B=x"], "value-unwritable"),
        (["A=\udce9"], "value-unwritable"),
    ],
)
def test_set_of_what_cannot_work_is_refused_and_nothing_is_written(env, words, code):
    status, answer = env("set", *words)
    assert (status, answer["errors"][0]["code"]) == (2, code)
    assert answer["errors"][0]["hint"]
    assert env.path.read_text() == FILE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"N=1\r\nFORGE_NUM_WORKERS=4\r\n", b"N=1\r\nFORGE_NUM_WORKERS=8\r\n"),
        (b"N=1\r\n", b"N=1\r\nFORGE_NUM_WORKERS=8\r\n"),
        (b"\xef\xbb\xbfFORGE_NUM_WORKERS=4", b"\xef\xbb\xbfFORGE_NUM_WORKERS=8"),
        (b"# caf\xe9\nN='\xe9'\n", b"# caf\xe9\nN='\xe9'\nFORGE_NUM_WORKERS=8\n"),
        (b"export FORGE_NUM_WORKERS=4 # mine\n", b"export FORGE_NUM_WORKERS=8 # mine\n"),
        (b"FORGE_NUM_WORKERS=2\nFORGE_NUM_WORKERS=4\n", b"FORGE_NUM_WORKERS=2\nFORGE_NUM_WORKERS=8\n"),
        (b"N='# = $X' # c\nM=\"a\nb\"", b"N='# = $X' # c\nM=\"a\nb\"\nFORGE_NUM_WORKERS=8\n"),
        (b"", b"FORGE_NUM_WORKERS=8\n"),
    ],
    ids=["CRLF", "CRLF, new", "BOM", "Latin-1", "export", "duplicate", "signs and lines", "empty"],
)
def test_however_a_file_is_written_only_that_value_changes(env, before, after):
    env.path.write_bytes(before)
    assert env("set", "FORGE_NUM_WORKERS=8")[0] == 0
    assert env.path.read_bytes() == after
    assert env("get", "FORGE_NUM_WORKERS")[1]["data"]["value"] == "8"
    assert env("validate")[0] == 0


def test_set_tells_what_it_leaves_to_think_about(env):
    status, answer = env("set", "FORGE_NUM_WORKER=8", "MY_OWN=1")
    assert status == 0
    assert "warning: FORGE_NUM_WORKER is not known; did you mean FORGE_NUM_WORKERS?" in answer["messages"]
    assert "info: MY_OWN is not known; it is passed on as it is" in answer["messages"]
    assert not [text for text in env("set", "FORGE_NUM_WORKER=8")[1]["messages"] if "known" in text]


def test_a_refusal_says_that_the_file_stays(env):
    error = env("set", "COOKIE_SAMESITE=None")[1]["errors"][0]
    assert "stays as it is" in error["message"]
    assert "set COOKIE_SECURE=true as well" in error["hint"]


def test_a_full_disk_is_about_the_host_and_leaves_the_old_file(env, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    status, answer = env("set", "FORGE_NUM_WORKERS=8")
    assert (status, answer["errors"][0]["code"]) == (3, "disk-full")
    assert "make room" in answer["errors"][0]["hint"]
    assert env.path.read_text() == FILE
    assert list(env.path.parent.iterdir()) == [env.path]


def test_what_somebody_else_writes_meanwhile_is_theirs(env, monkeypatch):
    monkeypatch.setattr(Installed, "keep", lambda _, path: path.write_text("THEIRS=1\n"))
    status, answer = env("set", "FORGE_NUM_WORKERS=8")
    assert (status, answer["errors"][0]["code"]) == (1, "env-file-changed")
    assert "repeat" in answer["errors"][0]["hint"]
    assert env.path.read_text() == "THEIRS=1\n"


def test_an_error_that_was_there_before_does_not_stop_another_change(env):
    env.path.write_text("RMM_ALLOCATOR=managd\n")
    assert env("set", "LOG_LEVEL=DEBUG")[0] == 0
    assert env.path.read_text() == "RMM_ALLOCATOR=managd\nLOG_LEVEL=DEBUG\n"


def test_a_value_arrives_unchanged(env):
    value = 'it\'s "x" $HOME # \\ a=b\nand more'
    assert env("set", f"OTHER={value}")[0] == 0
    assert env("get", "OTHER")[1]["data"]["value"] == value


def test_unset_deletes_every_line(env):
    env.path.write_text("A=1\nLOG_LEVEL=INFO\nexport A='2' # two\n")
    answer = env("unset", "A", "B")[1]
    assert answer["data"]["changed"] == ["A"]
    assert "B was not set" in answer["messages"]
    assert env.path.read_text() == "LOG_LEVEL=INFO\n"


def test_unset_in_the_installers_block_tells_what_follows(env):
    env.path.write_text(
        "# BEGIN graphistry-airgap\nDJANGO_SECRET_KEY=0123456789abcdef\n# END graphistry-airgap\n"
    )
    status, answer = env("unset", "DJANGO_SECRET_KEY")
    assert status == 0
    assert any(
        "next install puts a new one" in message and "lost" in message for message in answer["messages"]
    )


def test_validate_tells_all_errors_at_once_with_exit_2(env):
    env.path.write_text("FORGE_NUM_WORKERS=x\nRMM_ALLOCATOR=y\nFORGE_NUM_WORKER=1\n")
    status, answer = env("validate")
    assert status == 2
    assert [error["line"] for error in answer["errors"]] == [1, 2]
    assert (answer["data"]["error"], answer["data"]["warning"]) == (2, 1)


def test_validate_of_a_file_in_order(env):
    status, answer = env("validate")
    assert status == 0
    assert answer["data"]["error"] == 0


def test_validate_knows_the_files_beside(env):
    env.path.write_text("POSTGRES_HOST=db1\n")
    (env.path.parent / "cluster.env").write_text("POSTGRES_HOST=db2\n")
    assert [one["code"] for one in env("validate")[1]["data"]["problems"]] == ["value-overridden"]


@pytest.fixture
def release(env):
    """`release(dotenv=..., cluster=...)` puts files beside custom.env."""

    def write(custom, **others):
        env.path.write_text(custom)
        for kind, text in others.items():
            name = ".env" if kind == "dotenv" else f"{kind}.env"
            (env.path.parent / name).write_text(text)

    return write


def test_get_reads_what_the_files_before_set(env, release):
    release(
        "MY_DSN=postgresql://$HOST:$PORT/graphistry\nDIR=${SCRATCH:-/mnt}/x\n", dotenv="HOST=db\nPORT=5432\n"
    )
    assert env("get", "MY_DSN")[1]["data"]["value"] == "postgresql://db:5432/graphistry"
    assert env("get", "DIR")[1]["data"]["value"] == "/mnt/x"
    assert env("validate")[1]["data"]["warning"] == 0


def test_get_gives_the_value_that_counts_and_says_whose_it_is(env, release, capsys):
    release("POSTGRES_HOST=db1\n", dotenv="POSTGRES_PORT=5432\n", cluster="POSTGRES_HOST=db2\n")
    status, said = text(env, capsys, "get", "POSTGRES_HOST")
    assert (status, said.out) == (0, "db2\n")
    assert "cluster.env" in said.err
    status, said = text(env, capsys, "get", "POSTGRES_PORT")
    assert (status, said.out) == (0, "5432\n")
    assert "is not set in" in said.err
    assert env("get", "POSTGRES_HOST")[1]["data"]["found_in"] == str(env.path.parent / "cluster.env")


def test_get_into_a_pipe_gives_the_very_bytes(env, tmp_path):
    env.path.write_bytes(b'A="one\r\ntwo\x1b[1m \xc3\xa9"\r\n')
    command = [sys.executable, "-m", "graphistry_airgap", "env", "get", "A", "--file", env.path]
    done = subprocess.run(
        command, capture_output=True, check=True, env={"LC_ALL": "C", "PATH": os.environ["PATH"]}
    )
    assert done.stdout == b"one\r\ntwo\x1b[1m \xc3\xa9\n"
    assert done.stderr == b""


def test_get_on_a_terminal_shows_escapes(env, capsys, monkeypatch):
    env.path.write_bytes(b'A="x\x1b[1m"\n')
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert text(env, capsys, "get", "A")[1].out == "x\\u001b[1m\n"


@pytest.mark.parametrize("words", [["get", "A"], ["diff"]])
def test_a_file_beside_that_compose_cannot_read_is_named(env, release, words):
    release("A=1\n", cluster="B='open\n")
    status, answer = env(*words)
    assert (status, answer["errors"][0]["code"]) == (2, "env-file-unreadable")
    assert "cluster.env, line 1" in answer["errors"][0]["message"]


def test_validate_names_a_file_beside_that_compose_cannot_read(env, release):
    release("LOG_LEVEL=INFO\n", cluster="B='open\n")
    status, answer = env("validate")
    assert status == 2
    assert "cluster.env, line 1" in answer["errors"][0]["message"]


def test_a_required_name_of_an_earlier_file_hinders_no_change(env, release):
    release("A=${TAG:?m}\n", dotenv="TAG=1\n")
    assert env("set", "LOG_LEVEL=DEBUG")[0] == 0
    assert env("unset", "LOG_LEVEL")[0] == 0
    assert env.path.read_text() == "A=${TAG:?m}\n"


def test_unset_of_what_a_later_file_needs_is_refused(env, release):
    release("TAG=1\n", cluster="A=${TAG:?m}\n")
    status, answer = env("unset", "TAG")
    assert (status, answer["errors"][0]["code"]) == (2, "env-file-unreadable")
    assert env.path.read_text() == "TAG=1\n"


@pytest.mark.parametrize(
    "value", ["CUDA_VISIBLE_DEVICES=", "NVIDIA_VISIBLE_DEVICES=void", "NVIDIA_VISIBLE_DEVICES="]
)
def test_to_hide_every_gpu_is_refused_with_the_way_to_the_default(env, value):
    status, answer = env("set", value)
    assert (status, answer["errors"][0]["code"]) == (2, "gpu-none-visible")
    assert f"`env unset {value.partition('=')[0]}`" in answer["errors"][0]["hint"]
    assert env.path.read_text() == FILE


def test_what_hides_every_gpu_already_stands_in_no_others_way(env):
    env.path.write_text("CUDA_VISIBLE_DEVICES=\n")
    assert env("set", "CUDA_VISIBLE_DEVICES=", "LOG_LEVEL=DEBUG")[0] == 0
    assert env("validate")[0] == 2


def test_text_says_all_that_json_says(env, capsys):
    env.path.write_text("FORGE_NUM_WORKERS=x\nFORGE_NUM_WORKER=1\nLOG_LEVEL=INFO\nLOG_LEVEL=INFO\nMY_OWN=1\n")
    problems = env("validate")[1]["data"]["problems"]
    assert len(problems) == 4
    said = text(env, capsys, "validate")[1]
    for problem in problems:
        assert problem["message"] in said.out + said.err
        assert problem["hint"] in said.out + said.err
        assert problem["needed"] in said.out + said.err


def test_a_long_value_is_shown_whole(env, capsys):
    value = "x" * 300
    env.path.write_text(f"FORGE_NUM_WORKERS={value}\nLOG_LEVEL={value}\n")
    assert value in text(env, capsys, "validate")[1].err
    assert value in text(env, capsys, "diff")[1].out


def test_diff_takes_the_vendors_defaults_and_says_what_has_no_effect(env, release):
    release("LOG_LEVEL=INFO\nPOSTGRES_PORT=1\n", dotenv="LOG_LEVEL=DEBUG\nPOSTGRES_PORT=1\n")
    rows = env("diff")[1]["data"]["differences"]
    assert [(row["name"], row["there"], row["here"], row.get("overridden_by")) for row in rows] == [
        ("LOG_LEVEL", "DEBUG", "INFO", None)
    ]
    release("POSTGRES_HOST=a\n", cluster="POSTGRES_HOST=c\n")
    assert env("diff")[1]["data"]["differences"][0]["overridden_by"] == "cluster.env"


def test_diff_shows_values_that_may_be_shown(env, tmp_path):
    other = tmp_path / "other.env"
    other.write_text(f"LOG_LEVEL=DEBUG\nDJANGO_SECRET_KEY=x{SECRET}\nRMM_ALLOCATOR=default\n")
    rows = {row["name"]: row for row in env("diff", str(other))[1]["data"]["differences"]}
    assert rows["LOG_LEVEL"] == {
        "name": "LOG_LEVEL",
        "change": "changed",
        "secret": False,
        "here": "INFO",
        "there": "DEBUG",
    }
    assert rows["RMM_ALLOCATOR"]["change"] == "removed"
    assert rows["DJANGO_SECRET_KEY"] == {"name": "DJANGO_SECRET_KEY", "change": "changed", "secret": True}


def test_diff_against_the_defaults(env):
    env.path.write_text("FORGE_NUM_WORKERS=4\nRMM_ALLOCATOR=default\n")
    rows = env("diff")[1]["data"]["differences"]
    assert [(row["name"], row["there"], row["here"]) for row in rows] == [
        ("RMM_ALLOCATOR", "managed", "default")
    ]


@pytest.mark.parametrize("words", [["diff"], ["validate"], ["set", "LOG_LEVEL=DEBUG"], ["unset", "OTHER"]])
@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_is_told(env, capsys, words, as_json):
    env.path.write_text(FILE.replace(f"={SECRET}", f'="{SECRET}$hunter3"'))
    capsys.readouterr()
    main([*(["--json"] if as_json else []), "env", *words, "--file", str(env.path)])
    said = capsys.readouterr()
    assert "hunter" not in said.out + said.err


def test_schema_lists_all_or_those_of_one_file(env):
    everything = env("schema", file=None)[1]["data"]
    assert everything["count"] == len(everything["variables"]) > 200
    assert everything["variables"]["RMM_ALLOCATOR"]["recreate"] == "RMM"
    assert "NODE_TYPE" in env("schema", file="cluster.env")[1]["data"]["variables"]
    assert "RMM_ALLOCATOR" not in env("schema", file="cluster.env")[1]["data"]["variables"]


@pytest.mark.parametrize("words", [["get", "A"], ["set", "A=1"], ["unset", "A"], ["diff"], ["validate"]])
def test_a_file_that_is_not_there(env, tmp_path, words):
    status, answer = env(*words, file=tmp_path / "absent.env")
    assert (status, answer["errors"][0]["code"]) == (2, "env-file-missing")
    assert not (tmp_path / "absent.env").exists()


@pytest.mark.parametrize("words", [["get", "A"], ["set", "A=1"], ["unset", "A"], ["diff"], ["validate"]])
def test_a_file_that_cannot_be_read(env, words):
    env.path.write_bytes(b"LOG_LEVEL=INFO\nA='open hunter2\n")
    status, answer = env(*words)
    assert (status, answer["errors"][0]["code"]) == (2, "env-file-unreadable")
    assert answer["errors"][0]["line"] == 2
    assert "hunter" not in json.dumps(answer)
    assert env.path.read_bytes() == b"LOG_LEVEL=INFO\nA='open hunter2\n"


def test_a_link_is_told_with_its_target(env, tmp_path):
    link = tmp_path / "link.env"
    link.symlink_to(env.path)
    status, answer = env("set", "LOG_LEVEL=DEBUG", file=link)
    assert (status, answer["errors"][0]["code"]) == (2, "env-file-link")
    assert str(env.path) in answer["errors"][0]["hint"]
    assert env.path.read_text() == FILE


def test_a_read_only_file_is_about_the_host(env):
    env.path.chmod(0o444)
    assert env("set", "LOG_LEVEL=DEBUG")[0] == 3
    assert env.path.read_text() == FILE


def test_without_an_installation_a_file_must_be_named(env, monkeypatch):
    monkeypatch.setattr(run_lock, "require_root", lambda: None)
    monkeypatch.setattr(ReceiptFile, "load", lambda _: None)
    status, answer = env("get", "A", file=None)
    assert (status, answer["errors"][0]["code"]) == (2, "env-file-missing")
    assert "--file" in answer["errors"][0]["hint"]


def test_the_installed_file_is_found_and_kept(env, tmp_path, monkeypatch):
    folder = tmp_path / "g" / "releases" / "v1" / "data" / "config"
    folder.mkdir(parents=True)
    (folder / "custom.env").write_text("LOG_LEVEL=INFO\n")
    receipt = {"site": {"root": str(tmp_path / "g")}, "bundle": {"release": "v1"}}
    monkeypatch.undo()
    monkeypatch.setattr(run_lock, "require_root", lambda: None)
    monkeypatch.setattr(ReceiptFile, "load", lambda _: receipt)
    monkeypatch.setattr(places, "STATE", tmp_path / "state")
    assert main(["env", "set", "LOG_LEVEL=DEBUG"]) == 0
    assert (folder / "custom.env").read_text() == "LOG_LEVEL=DEBUG\n"
    kept = list((tmp_path / "state").rglob("custom.env.*"))
    assert [path.read_text() for path in kept] == ["LOG_LEVEL=INFO\n"]
