"""Env files together: the order, what one sees of the others, and which of them belong to a file.

The meanings are those that Debian 13's Compose gives (`tests/integration/test_compose_reads.py` asks it).
"""

import pytest

from graphistry_airgap.target.envfile.context import (
    Context,
    before,
    beside,
    paths_beside,
    place_of,
    read_context,
    won_by_others,
)


def read(dotenv="", telemetry="", custom="", cluster="") -> Context:
    texts = {".env": dotenv, "telemetry.env": telemetry, "custom.env": custom, "cluster.env": cluster}
    return read_context({kind: text.encode() for kind, text in texts.items()})


def test_the_last_file_of_the_order_counts_however_they_are_given():
    texts = {"cluster.env": b"A=4\n", "custom.env": b"A=3\nB=3\n", ".env": b"A=1\nB=1\nC=1\n"}
    context = read_context(texts)
    assert list(context.files) == [".env", "custom.env", "cluster.env"]
    assert context.values == {"A": "4", "B": "3", "C": "1"}
    assert [context.setter(name) for name in "ABCD"] == ["cluster.env", "custom.env", ".env", ""]


def test_a_value_uses_what_an_earlier_file_sets():
    context = read("HOST=postgres\nPORT=5432\n", custom="DSN=postgresql://$HOST:${PORT}/graphistry\n")
    assert context.values["DSN"] == context.interpolated["DSN"] == "postgresql://postgres:5432/graphistry"
    assert context.files["custom.env"].statements[0].unknown == ()


def test_an_earlier_files_value_goes_before_that_of_the_line_above():
    context = read("HOST=postgres\n", custom="HOST=db\nDSN=$HOST\n")
    assert context.values == {"HOST": "db", "DSN": "postgres"}


def test_a_name_that_a_later_line_or_file_sets_reaches_containers_and_not_compose_files():
    context = read(custom="DSN=$HOST-$PORT\nPORT=1\n", cluster="HOST=db\n")
    assert (context.values["DSN"], context.interpolated["DSN"]) == ("db-1", "-")


def test_a_name_without_a_value_takes_that_of_an_earlier_file():
    context = read("A=1\n", custom="A\nB\n")
    assert context.values == {"A": "1"}
    assert context.setter("A") == "custom.env"


def test_a_required_name_is_looked_for_in_the_earlier_files():
    assert read("A=1\n", custom="B=${A:?m}\n").values["B"] == "1"
    refused = read("A=1\n", custom="B=${A:?m}\nC=${D:?m}\n").refused
    assert {kind: error.line for kind, error in refused.items()} == {"custom.env": 2}


def test_what_compose_cannot_read_is_left_out_and_told():
    context = read("A=1\n", telemetry="A='open\n", custom="B=$A\n")
    assert list(context.refused) == ["telemetry.env"]
    assert context.values == {"A": "1", "B": "1"}


def test_a_file_alone_means_what_its_own_lines_say():
    assert read_context({"custom.env": b"A=1\nB=$A\nA=2\n"}).values == {"A": "2", "B": "1"}


def test_what_the_wrapper_sets_comes_before_every_file():
    context = read_context({".env": b"TAG=$VERSION\n"}, {"VERSION": "v1"})
    assert context.interpolated == {"VERSION": "v1", "TAG": "v1"}


def test_before_a_file_only_earlier_ones_are_known():
    texts = {".env": b"A=1\n", "telemetry.env": b"B=$A\n", "cluster.env": b"A=9\nC=9\n"}
    lookup = before("custom.env", texts)
    assert [lookup(name) for name in "ABC"] == ["1", "1", None]


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"A": {"4"}}, []),
        ({"A": {"3"}}, ["A"]),
        ({"A": {"1", "3"}}, ["A"]),
        ({"A": {"3", "4"}}, []),
        ({"A": {"3", "a service's own"}}, []),
        ({"A": {"a service's own"}}, []),
        ({}, []),
    ],
)
def test_a_release_that_lets_another_file_win_is_seen(given, wrong):
    assert won_by_others(read("A=1\nB=1\n", custom="A=3\n", cluster="A=4\n"), given) == wrong


@pytest.fixture
def release(tmp_path):
    (tmp_path / "data" / "config").mkdir(parents=True)
    return tmp_path


def test_in_a_release_the_defaults_lie_above(release):
    (release / ".env").write_text("A=1\n")
    (release / "data" / "config" / ".env").write_text("A=2\n")
    found = beside(release / "data" / "config" / "custom.env")
    assert found == {".env": b"A=1\n"}
    (release / "data" / "config" / "cluster.env").write_text("A=4\n")
    assert beside(release / ".env") == {"cluster.env": b"A=4\n"}


def test_elsewhere_all_lie_beside_each_other(tmp_path):
    for name in (".env", "custom.env", "cluster.env", "connector.env"):
        (tmp_path / name).write_text(f"A={name}\n")
    assert sorted(beside(tmp_path / "custom.env")) == [".env", "cluster.env"]
    assert sorted(beside(tmp_path / "copy-of-may")) == [".env", "cluster.env"]
    assert sorted(beside(tmp_path / "connector.env")) == [".env"]
    assert place_of("copy-of-may") == "custom.env"
    assert sorted(paths_beside(tmp_path / ".env")) == ["cluster.env", "custom.env", "telemetry.env"]


def test_an_environment_of_python_is_no_file_of_defaults(tmp_path):
    (tmp_path / ".env").mkdir()
    assert beside(tmp_path / "custom.env") == {}
