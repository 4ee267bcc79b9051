"""Bytes of the operator survive every edit; values mean what Compose makes of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphistry_airgap.plugins.module_utils.airgap import env_text

NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True)
PLAIN = st.from_regex(r"[A-Za-z0-9_./:,@%+=-]{0,12}", fullmatch=True)
LINES = st.one_of(
    st.just(b""),
    st.binary(max_size=12).map(lambda b: b"# " + b.replace(b"\n", b" ")),
    st.builds(lambda n, v: f"{n}={v}".encode(), NAMES, PLAIN),
    st.builds(lambda n, v: f'export {n} = "{v}" # why'.encode(), NAMES, PLAIN),
    st.builds(lambda n, v: f"{n}='{v}\nnext {v}'".encode(), NAMES, PLAIN),
    st.builds(lambda n: f"{n}=caf\xe9".encode("latin-1"), NAMES),
)


@st.composite
def files(draw):
    newline = draw(st.sampled_from([b"\n", b"\r\n"]))
    body = newline.join(draw(st.lists(LINES, max_size=8)))
    return draw(st.sampled_from([b"", env_text.BOM])) + body + draw(st.sampled_from([b"", newline]))


def made():
    return "made-once"


@given(files(), st.dictionaries(NAMES, PLAIN, max_size=4))
def test_every_byte_of_the_operator_stays(data, settings):
    edit = env_text.edit(data, settings=settings, secrets={"A_SECRET": made})
    assert edit.data.startswith(data)


@given(files(), files(), st.dictionaries(NAMES, PLAIN, max_size=4), st.dictionaries(NAMES, PLAIN, max_size=4))
def test_bytes_on_both_sides_of_the_block_stay(before, after, first, second):
    data = env_text.edit(before, settings=first, secrets={"A_SECRET": made}).data
    assert data.endswith(b"\n") or not data.strip()
    data += after.removeprefix(env_text.BOM)
    edit = env_text.edit(data, settings=second, absent=["A"])
    start, end = data.index(env_text.BEGIN), data.index(env_text.END) + len(env_text.END)
    assert edit.data.startswith(data[:start])
    assert edit.data.endswith(data[end:])


@given(files(), st.dictionaries(NAMES, PLAIN, max_size=4))
def test_a_second_edit_changes_nothing(data, settings):
    once = env_text.edit(data, settings=settings, secrets={"A_SECRET": made})
    again = env_text.edit(once.data, settings=settings, secrets={"A_SECRET": lambda: "another"})
    assert again.data == once.data
    assert again.generated == []


@given(files(), st.dictionaries(NAMES, PLAIN, max_size=4))
def test_settings_count_unless_the_operator_sets_them(data, settings):
    operators = env_text.values_outside(data)
    edit = env_text.edit(data, settings=settings)
    now = {s.name: s.value for s in env_text.statements(edit.data) if s.name}
    for name, value in settings.items():
        assert now[name] == (operators.get(name, value))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("A = 1  ", "1"),
        ("export A=1 # one", "1"),
        ("A=a#b", "a#b"),
        ("A=# nothing", ""),
        ("A='a # b'", "a # b"),
        ("A='a\nb'", "a\nb"),
        (r'A="a \"b\" \$c"', 'a "b" $c'),
        ("A=1\nA=2", "2"),
        ("A", None),
        ("A=", ""),
    ],
)
def test_a_value_means_what_compose_makes_of_it(line, value):
    assert env_text.values_outside(line.encode()) == {"A": value}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nno assignment\n", 2),
        ("A=1\n=2\n", 2),
        ("\nB='open\nC=1\n", 2),
        ("# BEGIN graphistry-airgap\nA=1\n", 1),
        ("# END graphistry-airgap\n# BEGIN graphistry-airgap\n", 1),
    ],
)
def test_what_compose_cannot_read_is_refused_with_its_line(text, line):
    with pytest.raises(env_text.EnvTextError) as caught:
        env_text.edit(text.encode(), settings={"A": "1"})
    assert caught.value.line == line


def test_a_refusal_shows_no_value():
    with pytest.raises(env_text.EnvTextError) as caught:
        env_text.edit(b"PASS WORD=hunter2-hunter2\n", settings={})
    assert "hunter2" not in str(caught.value)


def test_markers_inside_a_quoted_value_are_no_markers():
    data = b"NOTE='\n# BEGIN graphistry-airgap\n'\n"
    edit = env_text.edit(data, settings={"A": "1"})
    assert edit.data.startswith(data)
    assert edit.data.count(env_text.BEGIN) == 2


def test_a_crlf_file_gets_a_crlf_block():
    block = env_text.edit(b"A=1\r\n", settings={"B": "2"}).data.removeprefix(b"A=1\r\n")
    assert b"B=2\r\n" in block
    assert b"\n" not in block.replace(b"\r\n", b"")


def test_a_name_that_the_operator_takes_over_leaves_the_block():
    data = env_text.edit(b"", settings={"A": "1", "B": "2"}).data + b"A=3\n"
    edit = env_text.edit(data, settings={"A": "1", "B": "2"})
    assert edit.overridden == ["A"]
    assert b"A=1" not in edit.data
    assert env_text.values_outside(edit.data) == {"A": "3"}


def test_absent_names_leave_the_block_and_others_stay():
    data = env_text.edit(b"", settings={"A": "1", "B": "2"}).data
    edit = env_text.edit(data, settings={}, absent=["A"])
    assert b"A=1" not in edit.data
    assert b"B=2" in edit.data


@pytest.mark.parametrize("value", ["with blank", "a#b", "$HOME", '"', "a;b"])
def test_a_value_arrives_unchanged(value):
    edit = env_text.edit(b"", settings={"A": value})
    assert {s.name: s.value for s in env_text.statements(edit.data) if s.name} == {"A": value}


@pytest.mark.parametrize("value", ["it's", "a\nb", "end\\"])
def test_a_value_that_no_quoting_saves_is_refused(value):
    with pytest.raises(ValueError, match="cannot be written"):
        env_text.edit(b"", settings={"A": value + " "} if "'" in value else {"A": value})
