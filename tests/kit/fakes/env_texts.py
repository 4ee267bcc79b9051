"""Env files for property tests: arbitrary ones, and ones that are likely to be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from graphistry_airgap.target.envfile import context as env_context, syntax as env_syntax

if TYPE_CHECKING:
    from random import Random

NAMES = st.from_regex(r"[A-E][A-E0-9_]{0,3}", fullmatch=True)
VALUES = st.text(
    st.one_of(
        st.sampled_from("'\"\\$#={} \t\n\r:%aA0é\u00a0\ufeff"),
        st.characters(codec="utf-8", exclude_characters="\0", max_codepoint=0x2FFF),
    ),
    max_size=12,
)
# what a reader of env files can trip over
PIECES = (
    b"A|B|C|A=|B=|C: |export |export| |\t|\n|\n|\n|\r\n|=|:|#| #|\"|\"|'|'|x|y z|\x0b".split(b"|")
    + b'\\ \\ $ $A ${A} ${B:-x} ${C:+ } { - + ? $$ \\n \\0 101 [ ] . 1 \\$ \\"'.split()
    + [b"\xe9", b"\xc3\xa9", b"\xc2\xa0", b"\xe2\x80\x83", b"\xef\xbb\xbf"]
)
_ROUGH = st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join)
_COMMENT = st.binary(max_size=12).map(lambda b: b"# " + b.replace(b"\n", b" "))


def _quote(value: str) -> bytes:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"'.encode()


LINES = st.one_of(
    st.just(b""),
    _COMMENT,
    NAMES.map(lambda n: n.encode()),
    st.builds(
        lambda n, v: f"{n}={v}".encode(),
        NAMES,
        st.from_regex(r"[A-Za-z0-9_./:,@%+=#-]{0,12}", fullmatch=True),
    ),
    st.builds(lambda n, v: f"export {n} = ".encode() + _quote(v) + b" # why", NAMES, VALUES),
    st.builds(lambda n, v: f"{n}: ".encode() + _quote(v), NAMES, VALUES),
    st.builds(lambda n, m: f"{n}=${{{m}:-x}}$".encode(), NAMES, NAMES),
    st.builds(lambda n: f"{n}=caf\xe9".encode("latin-1"), NAMES),
    st.builds(lambda n, m: f"{n}='x' {m}=\"y\"".encode(), NAMES, NAMES),
    _ROUGH.map(lambda rough: rough.replace(b"\n", b"")),
)


@st.composite
def likely(draw: st.DrawFn) -> bytes:
    newline = draw(st.sampled_from([b"\n", b"\n", b"\r\n"]))
    body = newline.join(draw(st.lists(LINES, max_size=7)))
    return draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + body + draw(st.sampled_from([b"", newline]))


FILES = st.one_of(likely(), likely(), _ROUGH, st.binary(max_size=60))


def random_file(chance: Random) -> bytes:
    """Faster than a strategy, for thousands of files: half of them of lines, half of mere pieces."""
    if chance.random() < 0.4:
        return b"".join(chance.choices(PIECES, k=chance.randint(0, 25)))
    lines = [
        chance.choice([b"A=", b"B='", b'C="', b"D=$", b"E=x${", b"export A = "])
        + b"".join(chance.choices(PIECES, k=chance.randint(0, 8)))
        for _ in range(chance.randint(1, 5))
    ]
    return chance.choice([b"\n", b"\n", b"\r\n"]).join(lines)


def random_release(chance: Random, number: int) -> list[tuple[str, bytes]]:
    """Files of a release in the wrapper's order, whose names no release of another number has."""
    forms = ("1", "", "$A", "${B}", "$C", "${D:-x}", "${E-$A}", "${A:+y}", "${X?}", "'$A'", '"$B $$"', "$NO")

    def line() -> str:
        if chance.random() < 0.05:
            return chance.choice("ABCDE")
        return f"{chance.choice('ABCDEX')}={chance.choice(forms)}"

    return [
        (
            kind,
            re.sub(r"\b[A-EX]\b", rf"\g<0>_{number}", "".join(f"{line()}\n" for _ in range(lines))).encode(),
        )
        for kind in env_context.ORDER
        if (lines := chance.randint(0, 4))
    ]


def assert_only_that_value_changed(before: bytes, after: bytes, name: str) -> None:
    """Every byte around the value that counts stays; a name that was not there is added at the end."""
    file = env_syntax.read(before)
    old = [part for part in file.statements if part.name == name]
    if not old:
        assert after.startswith(before)
        return
    assert after.startswith(env_syntax.encode(file.text[: old[-1].value_start]))
    assert after.endswith(env_syntax.encode(file.text[old[-1].value_end :]))
