"""Words of others: shown, never obeyed, and JSON stays JSON."""

import json

import pytest

from graphistry_airgap.core.text import one_line, printable

OBEYED = "\x00\x07\x1b\r\x7f\x9b\u061c\u200f\u2028\u202e\u2066\udcff"


@pytest.mark.parametrize("character", OBEYED)
def test_what_is_obeyed_becomes_an_escape_that_json_knows(character):
    shown = printable(f"a{character}b")
    assert shown.isascii()
    assert shown.isprintable()
    assert json.loads(f'"{shown}"') == f"a{character}b"


def test_ordinary_text_stays():
    text = "Größe 5 µm, 日本\n\tüber 3 €"
    assert printable(text) == text
    assert one_line(text) == text.replace("\n", "\\u000a").replace("\t", "\\u0009")
