"""JSON of unknown origin: one meaning, bounded memory, no trick that takes long."""

import pytest

from graphistry_airgap.core.strict_json import MOST_VALUES, JsonError, load_json


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"a": 1, "a": 2}', "'a' is given twice"),
        (b'{"a": {"b": 1, "c": 2, "b": 3}}', "'b' is given twice"),
        (b"[NaN]", "NaN is no JSON"),
        (b'{"a": -Infinity}', "-Infinity is no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        ('{"a": 1}'.encode("utf-16"), "utf-8"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
        (b"[" + b"[]," * MOST_VALUES + b"1]", f"more than {MOST_VALUES} values"),
        (b'{"a":1,' * (MOST_VALUES + 1), f"more than {MOST_VALUES} values"),
        (b"", "Expecting value"),
    ],
)
def test_what_is_refused(raw, why):
    with pytest.raises(JsonError, match=why):
        load_json(raw)


def test_what_is_taken():
    assert load_json('{"ä": [1, 2.5, null, true, {"b": "c,[{"}]}'.encode()) == {
        "ä": [1, 2.5, None, True, {"b": "c,[{"}]
    }


def test_a_key_that_comes_twice_among_very_many_is_found_without_a_second_look_at_each():
    keys = ",".join(f'"{number}":1' for number in range(300_000))
    with pytest.raises(JsonError, match="'299999' is given twice"):
        load_json(f'{{{keys},"299999":1}}'.encode())
