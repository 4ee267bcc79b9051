"""What `get` says is what Docker Compose reads: thousands of files, asked of Compose itself.

The files are pieces on which readers of env files disagree, put together at random, before and after an edit.
"""

from __future__ import annotations

import random

import pytest
from env_texts import random_file
from real_compose import meanings

from graphistry_airgap.plugins.module_utils.airgap import env_syntax, env_text
from graphistry_airgap.plugins.module_utils.airgap.env_syntax import EnvTextError, as_container_sees

pytestmark = pytest.mark.host

CASES = 20_000
BATCH = 500
# a refused file costs a call of its own, so only a part of them is asked for
REFUSED_IN_BATCH = 5
VALUES = (
    "",
    "x",
    "a b",
    "it's",
    'a"b',
    "$HOME",
    "end\\",
    "\\'",
    "a\nb",
    "é",
    "# x",
    "${A}",
    "$$",
    "\r",
    "a=b",
    " ",
)


def ours(data: bytes) -> dict[str, str] | None:
    try:
        values = env_syntax.read(data).values
    except EnvTextError:
        return None
    return {as_container_sees(name): as_container_sees(value) for name, value in values.items()}


def edited(data: bytes, chance: random.Random) -> bytes:
    """The file after an edit that is checked on the way; the file itself where it may not be edited."""
    name, value = chance.choice("ABCX"), "".join(chance.choices(VALUES, k=2))
    try:
        assert env_syntax.encode(env_text.sides(data).file.text) == data
        after = env_text.set_value(data, name, value)
    except ValueError:
        return data
    assert env_syntax.read(after).values[name] == value
    assert others(after, name) == others(data, name)
    assert others(env_text.unset(after, name), name) == others(data, name)
    return after


def others(data: bytes, name: str) -> list[str]:
    file = env_syntax.read(data)
    lines = [file.text[part.start : part.value_end] for part in file.statements if part.name != name]
    return [line.rstrip("\r") for line in lines]


@pytest.mark.parametrize("seed", range(4))
def test_compose_reads_what_get_says(seed, tmp_path):
    chance = random.Random(seed)  # noqa: S311
    asked = 0
    while asked < CASES // 4:
        files = [random_file(chance) for _ in range(BATCH)]
        files = [edited(data, chance) if chance.random() < 0.5 else data for data in files]
        good = [data for data in files if ours(data) is not None]
        bad = [data for data in files if ours(data) is None]
        for data, meaning in zip(good, meanings(good, tmp_path), strict=True):
            assert ours(data) == meaning, data
        for data in bad[:REFUSED_IN_BATCH]:
            assert meanings([data], tmp_path) == [None], data
        asked += len(good) + len(bad[:REFUSED_IN_BATCH])
