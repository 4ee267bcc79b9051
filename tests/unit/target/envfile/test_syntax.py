"""A line means what Compose makes of it; `tests/integration/test_compose_reads.py` asks Compose itself."""

import pytest

from graphistry_airgap.target.envfile import syntax as env_syntax
from graphistry_airgap.target.envfile.syntax import EnvTextError, as_container_sees, read


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("A = 1  ", "1"),
        ("A: 1", "1"),
        ("export A=1 # one", "1"),
        ("export\tA=1", "1"),
        ("A=a#b", "a#b"),
        ("A= # none", "# none"),
        ("A=1\t# none", "1\t# none"),
        ("A='a # b'", "a # b"),
        ("A='a\nb'", "a\nb"),
        ("A='it\\'s'", "it's"),
        ("A='a\\n'", "a\\n"),
        (r'A="a \"b\" \$c"', 'a "b" $c'),
        (r'A="a\nb\tc\0101"', "a\nb\tcA"),
        (r'A="\08\0\c"', r"\8\\c"),
        ("A=a$$b", "a$b"),
        ("A=a$", "a$"),
        ("A='a$b'", "a$b"),
        ("A=1\nA=2", "2"),
        ("B=x\nA=${B}y", "xy"),
        ("A=${B:-${C-deep}}", "deep"),
        ("B=\nA=${B-d}${B:-e}", "e"),
        ("B=1\nA=${B+set}${C:+none}", "set"),
        ("A=${B:-x}}y", "x}y"),
        ("A=", ""),
        ("A", None),
        ("A\n", None),
        ("A=1\r\n", "1"),
        ('A="x"B=2', "x"),
        ("\ufeffA=1", "1"),
        ("A=\u00a0x\u2003", "x"),
    ],
)
def test_a_value_means_what_compose_makes_of_it(line, value):
    assert read(line.encode()).values.get("A") == value


def test_a_secret_with_a_dollar_is_swallowed_in_double_quotes_only():
    assert read(b'S="abc=def#ghi$jkl"').values == {"S": "abc=def#ghi"}
    assert read(b"S='abc=def#ghi$jkl'").values == {"S": "abc=def#ghi$jkl"}


def test_what_stands_behind_a_quoted_value_is_a_statement_of_its_own():
    names = [part.name for part in read(b'A="x" B=2\nC="x"d\n').statements]
    assert names == ["A", "B", "C", "d"]


def test_a_line_of_many_forms_is_read_and_one_too_deep_is_an_error():
    assert read(b"A=" + b"${B:-x}" * 5000).values == {"A": "x" * 5000}
    with pytest.raises(EnvTextError, match="too deeply"):
        read(b"A=" + b"${B:-" * 5000 + b"x" + b"}" * 5000)


def test_values_of_values_end_where_no_program_could_be_given_them():
    lines = ["A0=0123456789", *(f"A{number}={f'$A{number - 1}' * 10}" for number in range(1, 12))]
    with pytest.raises(EnvTextError, match="more than 128 KiB"):
        read("\n".join(lines).encode())


def test_names_that_are_not_set_are_told():
    part = read(b"B=1\nA=$B$C${D:-x}").statements[-1]
    assert part.references == ("B", "C", "D")
    assert part.unknown == ("C",)


def test_bytes_that_are_no_utf8_stay_and_containers_see_a_replacement():
    file = read(b"A=caf\xe9\n")
    assert env_syntax.encode(file.text) == b"A=caf\xe9\n"
    assert as_container_sees(file.values["A"]) == "caf\ufffd"


def test_what_exists_outside_goes_before_the_files_own():
    assert read(b"A=1\nB=$A\nC\n", {"A": "2", "C": "3"}.get).values == {"A": "1", "B": "2", "C": "3"}


def test_a_name_that_the_end_of_the_file_cuts_off_is_none():
    assert read(b"A").values == {"": "A"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nno assignment\n", 2),
        ("A=1\n\n# c\nB!=2\n", 4),
        ("\nB='open\nC=1\n", 2),
        ('A="1\n2"\nB="open\\"', 3),
        ("A=${", 1),
        ("A=${B:?needed}", 1),
        ("export ", 1),
        ("A\xe9\udcff=1", 1),
    ],
)
def test_what_compose_cannot_read_is_refused_with_its_line(text, line):
    with pytest.raises(EnvTextError) as caught:
        read(text.encode("utf-8", "surrogateescape"))
    assert caught.value.line == line


@pytest.mark.parametrize("text", [b"PASS WORD=hunter2\n", b"A='hunter2", b"A=${hunter2", b"P!hunter2=1"])
def test_a_refusal_shows_no_value(text):
    with pytest.raises(EnvTextError) as caught:
        read(text)
    assert "hunter2" not in str(caught.value)
