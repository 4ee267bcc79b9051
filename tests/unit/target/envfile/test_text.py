"""Bytes of the operator survive every edit; what was asked for arrives unchanged."""

import pytest
from hypothesis import assume, example, given, settings, strategies as st

from graphistry_airgap.target.envfile import syntax as env_syntax, text as env_text
from graphistry_airgap.target.envfile.syntax import EnvTextError, read
from tests.kit.fakes.env_texts import FILES, NAMES, VALUES, assert_only_that_value_changed

# thousands more are in tests/integration/test_compose_reads.py
EXAMPLES = 200
SETTINGS = st.dictionaries(NAMES, VALUES, max_size=4)
BEGIN, END = env_text.BEGIN.encode(), env_text.END.encode()
thorough = settings(max_examples=EXAMPLES, deadline=None)


def sides(data):
    """Of files that can be read; others are refused before anything is written."""
    try:
        return env_text.sides(data)
    except EnvTextError:
        assume(False)


def others(data, name):
    """Every other name with the bytes of its value, in order."""
    file = read(data)
    return [
        (part.name, file.text[part.value_start : part.value_end])
        for part in file.statements
        if part.name != name
    ]


def edited(change, *arguments, **keywords):
    """The result of an edit; some refuse because a name would run into what follows."""
    try:
        return change(*arguments, **keywords)
    except ValueError:
        assume(False)


def made():
    return "made-once"


@thorough
@given(FILES)
def test_reading_and_writing_is_the_identity(data):
    file = sides(data).file
    assert env_syntax.encode(file.text) == data
    position = 0
    for part in file.parts:
        assert position <= part.start <= part.end
        assert not file.text[position : part.start].strip("\ufeff" + env_syntax._SPACES)
        position = part.end


@thorough
@given(FILES, NAMES, VALUES)
@example(b'A="x"y', "A", "1")
@example(b"A= # c", "A", "")
@example(b"A\n", "A", "1")
@example(b"\xef\xbb\xbfA=1", "A", "2")
@example(b"A=\\", "B", "'")
def test_set_changes_the_bytes_of_that_name_alone(data, name, value):
    sides(data)
    after = edited(env_text.set_value, data, name, value)
    assert read(after).values[name] == value
    assert others(after, name) == others(data, name)
    assert_only_that_value_changed(data, after, name)
    assert env_text.set_value(after, name, value) == after


@thorough
@given(FILES, NAMES)
def test_unset_takes_every_line_of_that_name_and_no_other(data, name):
    sides(data)
    after = edited(env_text.unset, data, name)
    assert name not in {part.name for part in read(after).statements}
    assert others(after, name) == others(data, name)
    if name not in {part.name for part in read(data).statements}:
        assert after == data


@thorough
@given(FILES, SETTINGS)
def test_every_byte_of_the_operator_stays(data, wanted):
    before = sides(data)
    assume(before.begin is None)
    edit = edited(env_text.edit, data, settings=wanted, secrets={"A_SECRET": made})
    assert edit.data.startswith(data)
    now = read(edit.data).values
    for name, value in wanted.items():
        if name not in before.operators:
            assert now[name] == value
    again = env_text.edit(edit.data, settings=wanted, secrets={"A_SECRET": lambda: "another"})
    assert again.data == edit.data
    assert again.generated == []


@thorough
@given(FILES, FILES, SETTINGS, SETTINGS)
def test_bytes_on_both_sides_of_the_block_stay(before, after, first, second):
    assume(sides(before).begin is None)
    data = edited(env_text.edit, before, settings=first, secrets={"A_SECRET": made}).data
    data += after.removeprefix(b"\xef\xbb\xbf")
    sides(data)
    edit = edited(env_text.edit, data, settings=second, absent=["A"])
    start, end = data.index(BEGIN), data.index(END) + len(END)
    assert edit.data.startswith(data[:start])
    assert edit.data.endswith(data[end:])


@pytest.mark.parametrize(
    ("data", "name", "value", "after"),
    [
        (b"A=1 # one\r\nB=2\r\n", "A", "x", b"A=x # one\r\nB=2\r\n"),
        (b"A=1\nA=2\n", "A", "x", b"A=1\nA=x\n"),
        (b"A=1\nA=2\n", "A", "1", b"A=1\nA=1\n"),
        (b"B=1\nA=$B\n", "A", "1", b"B=1\nA=1\n"),
        (b"export A = '1'\n", "A", "a b", b"export A = 'a b'\n"),
        (b"A: 1", "A", "2", b"A: 2"),
        (b"A\nB=1\n", "A", "2", b"A=2\nB=1\n"),
        (b"B=1", "A", "it's", b"B=1\nA='it\\'s'\n"),
        (b"", "A", "a\nb", b'A="a\\nb"\n'),
        (b"", "A", "$x", b"A='$x'\n"),
        (b"", "A", "end\\", b'A="end\\\\"\n'),
        (b"# caf\xe9\nA=1\n", "A", "2", b"# caf\xe9\nA=2\n"),
    ],
)
def test_the_line_that_counts_is_edited(data, name, value, after):
    assert env_text.set_value(data, name, value) == after


def test_what_the_operator_sets_leaves_the_block():
    data = env_text.edit(b"# mine\n", settings={"A": "1", "B": "2"}).data
    after = env_text.set_value(data, "A", "3")
    assert after.endswith(b"A=3\n")
    assert env_text.sides(after).ours == {"B": "2"}
    assert env_text.edit(after, settings={"A": "1", "B": "2"}).data == after


def test_unset_takes_the_line_with_its_comment():
    assert env_text.unset(b"A=1 # one\nB=2\nexport A='x\ny' # two\n", "A") == b"B=2\n"
    assert env_text.unset(b'A="1" B=2\n', "A") == b"B=2\n"
    assert env_text.unset(b'A="1" B=2 # c\nC=3\n', "B") == b'A="1" \nC=3\n'


def test_a_name_that_another_line_requires_cannot_go():
    with pytest.raises(ValueError, match="another line needs it"):
        env_text.unset(b"A=1\nB=${A:?gone}\n", "A")


@pytest.mark.parametrize(
    ("name", "value"), [("A", "a\0b"), ("A", "\udce9"), ("1A", "x"), ("A B", "x"), ("", "x")]
)
def test_what_no_container_can_get_is_refused(name, value):
    with pytest.raises(ValueError, match=r"cannot be written|is no name"):
        env_text.set_value(b"", name, value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nno assignment\n", 2),
        ("\nB='open\nC=1\n", 2),
        ("# BEGIN graphistry-airgap\nA=1\n", 1),
        ("# END graphistry-airgap\n# BEGIN graphistry-airgap\n", 2),
        ("B=1\ny z", 2),
        ("B=1\nA", 2),
        ("=1\nA=", 1),
    ],
)
def test_a_file_that_cannot_be_read_is_not_edited(text, line):
    with pytest.raises(EnvTextError) as caught:
        env_text.edit(text.encode(), settings={"A": "1"})
    assert caught.value.line == line


def test_markers_inside_a_quoted_value_are_no_markers():
    data = b"NOTE='\n# BEGIN graphistry-airgap\n'\n"
    edit = env_text.edit(data, settings={"A": "1"})
    assert edit.data.startswith(data)
    assert edit.data.count(BEGIN) == 2


def test_a_crlf_file_gets_a_crlf_block():
    block = env_text.edit(b"A=1\r\n", settings={"B": "2"}).data.removeprefix(b"A=1\r\n")
    assert b"B=2\r\n" in block
    assert b"\n" not in block.replace(b"\r\n", b"")


def test_what_the_operator_wrote_into_the_block_beside_ours_stays():
    data = env_text.edit(b"", settings={"A": "1"}).data.replace(b"A=1\n", b"A=1 # why\n# more\n")
    after = env_text.edit(data, settings={"A": "2", "B": "3"}).data
    assert b"A=2 # why\n# more\nB=3\n# END" in after


def test_a_name_that_the_operator_takes_over_leaves_the_block():
    data = env_text.edit(b"", settings={"A": "1", "B": "2"}).data + b"A=3\n"
    edit = env_text.edit(data, settings={"A": "1", "B": "2"})
    assert edit.overridden == ["A"]
    assert b"A=1" not in edit.data
    assert read(edit.data).values == {"A": "3", "B": "2"}


def test_absent_names_leave_the_block_and_others_stay():
    data = env_text.edit(b"", settings={"A": "1", "B": "2"}).data
    edit = env_text.edit(data, settings={}, absent=["A"])
    assert b"A=1" not in edit.data
    assert b"B=2" in edit.data
