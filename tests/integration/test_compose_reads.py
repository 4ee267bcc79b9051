"""What `get` says is what Docker Compose reads: thousands of files, asked of Compose itself.

The files are pieces on which readers of env files disagree, put together at random, before and after an edit.
"""

from __future__ import annotations

import os
import random
import sys

import pytest

from graphistry_airgap.target.envfile import syntax as env_syntax, text as env_text
from graphistry_airgap.target.envfile.context import read_context
from graphistry_airgap.target.envfile.syntax import EnvTextError, as_container_sees
from tests.kit.fakes.env_texts import assert_only_that_value_changed, random_file, random_release
from tests.kit.hosts.real_compose import in_order, meanings

pytestmark = pytest.mark.host

# all of them with `scripts/test --all`
_SHARE = 1 if os.environ.get("AIRGAP_MATRIX") == "all" else 3
CASES = 20_000 // _SHARE
RELEASES = 4_000 // _SHARE
PARTS = 4
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


def edited(data: bytes, chance: random.Random) -> bytes | None:
    """The file after an edit that is checked on the way; None where it may not be edited."""
    name, value = chance.choice("ABCX"), "".join(chance.choices(VALUES, k=2))
    try:
        env_text.sides(data)
        after = env_text.set_value(data, name, value)
    except ValueError:
        return None
    assert env_syntax.read(after).values[name] == value
    assert_only_that_value_changed(data, after, name)
    assert others(after, name) == others(data, name)
    assert others(env_text.unset(after, name), name) == others(data, name)
    return after


def others(data: bytes, name: str) -> list[str]:
    file = env_syntax.read(data)
    lines = [file.text[part.start : part.value_end] for part in file.statements if part.name != name]
    return [line.rstrip("\r") for line in lines]


@pytest.mark.parametrize("seed", range(PARTS))
def test_compose_reads_what_get_says(seed, tmp_path, capsys):
    """Every file is read and written back; every second one is compared with Compose after an edit."""
    chance = random.Random(seed)  # noqa: S311
    asked = edits = 0
    while asked < CASES // PARTS:
        files = [random_file(chance) for _ in range(BATCH)]
        for number, data in enumerate(files):
            assert written_back(data)
            after = edited(data, chance) if number % 2 else None
            if after is not None:
                files[number] = after
                edits += 1
        good = [data for data in files if ours(data) is not None]
        bad = [data for data in files if ours(data) is None]
        for data, meaning in zip(good, meanings(good, tmp_path), strict=True):
            assert ours(data) == meaning, data
        for data in bad[:REFUSED_IN_BATCH]:
            assert meanings([data], tmp_path) == [None], data
        asked += len(good) + len(bad[:REFUSED_IN_BATCH])
    with capsys.disabled():
        sys.stdout.write(f"\n{asked} files compared with Compose, {edits} of them after an edit\n")


def written_back(data: bytes) -> bool:
    """True of a file that cannot be read as well: such a one is never written."""
    try:
        return env_syntax.encode(env_syntax.read(data).text) == data
    except EnvTextError:
        return True


@pytest.mark.parametrize("seed", range(PARTS))
def test_compose_reads_the_files_of_a_release_in_their_order_as_we_do(seed, tmp_path, capsys):
    """Each name in a container, and each in a compose file; a release that Compose refuses is refused."""
    chance = random.Random(seed)  # noqa: S311
    releases = [random_release(chance, number) for number in range(RELEASES // PARTS)]
    together = [release for release in releases if len(release) > 1]
    good = [release for release in together if not read_context(dict(release)).refused]
    bad = [release for release in together if release not in good]
    meanings_of_good = in_order(good, tmp_path)
    assert meanings_of_good is not None
    for release, meaning in zip(good, meanings_of_good, strict=True):
        context = read_context(dict(release))
        assert (context.values, context.interpolated) == meaning, release
    for release in bad[:REFUSED_IN_BATCH]:
        assert in_order([release], tmp_path) is None, release
    with capsys.disabled():
        sys.stdout.write(f"\n{len(good)} releases compared with Compose, and {len(bad)} refused ones\n")
