#!/usr/bin/env python3
"""Coverage-guided fuzzing of the env file engine: no crash, no lost line.

A command of its own and no test: `pip install atheris`, then `tests/fuzz/fuzz_env_file.py --seconds 600`.
What it learns stays in `build/fuzz/env-file/`; an input that breaks a promise is written there as `crash-…`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "build" / "fuzz" / "env-file"
SEEDS = (
    b"A=1\nexport B = 'two' # why\nC: \"$A ${B:-x}\\n\\0101\"\n",
    b"\xef\xbb\xbfA=caf\xe9\r\n# c\r\nB='a\r\nb'\r\n",
    b"X=1\n# BEGIN graphistry-airgap\nA=1\n# END graphistry-airgap\nA=2\nB",
    b"A='x'B=2 C=\"${A:+${B:?y}}$$\" # d",
    b"CUDA_VISIBLE_DEVICES=0,1\nFORGE_NUM_WORKERS=4\nCRON_RESTART='5 */12 * * *'\n",
)

try:
    import atheris
except ImportError:
    sys.exit("atheris is needed: pip install atheris")

sys.path.insert(0, str(ROOT / "installer"))
with atheris.instrument_imports(include=["graphistry_airgap.target"]):
    from graphistry_airgap.target.envfile import (
        judge as env_judge,
        syntax as env_syntax,
        text as env_text,
    )
    from graphistry_airgap.target.envfile.schema import Schema

SCHEMA = Schema(
    json.loads((ROOT / "installer/graphistry_airgap/knowledge/env-schema.json").read_text(encoding="utf-8"))
)
NAMES = ("A", "B", "C", "FORGE_NUM_WORKERS", "CUDA_VISIBLE_DEVICES", "DJANGO_SECRET_KEY")
NOTED_EVERY = 1000
COUNTS = {"files": 0, "readable": 0, "edits": 0}


def lines(data: bytes, name: str) -> list[str]:
    """Every statement but those of a name, as it is written."""
    file = env_syntax.read(data)
    kept = [file.text[part.start : part.value_end] for part in file.statements if part.name != name]
    return [line.rstrip("\r") for line in kept]


def remarks(data: bytes) -> int:
    return sum(isinstance(part, env_syntax.Comment) for part in env_syntax.read(data).parts)


def one_input(data: bytes) -> None:
    """A file, a name and a value: each promise of the engine is checked on them."""
    given = atheris.FuzzedDataProvider(data)
    name = NAMES[given.ConsumeIntInRange(0, len(NAMES) - 1)]
    value = given.ConsumeUnicodeNoSurrogates(given.ConsumeIntInRange(0, 12))
    content = given.ConsumeBytes(given.remaining_bytes())
    COUNTS["files"] += 1
    if COUNTS["files"] % NOTED_EVERY == 0:
        # the fuzzer ends the process without a last word of ours
        CORPUS.with_suffix(".json").write_text(json.dumps(COUNTS) + "\n", encoding="utf-8")
    for problem in env_judge.judge(content, "custom.env", SCHEMA):
        assert problem.line >= 1
    try:
        before = env_text.sides(content)
    except env_text.EnvTextError:
        return
    COUNTS["readable"] += 1
    assert env_syntax.encode(before.file.text) == content
    check_set(content, name, value)
    check_block(content, before, name, value)


def check_set(content: bytes, name: str, value: str) -> None:
    try:
        after = env_text.set_value(content, name, value)
    except ValueError:
        return
    COUNTS["edits"] += 1
    assert env_syntax.read(after).values[name] == value
    assert lines(after, name) == lines(content, name)
    assert env_text.set_value(after, name, value) == after
    try:
        gone = env_text.unset(after, name)
    except ValueError:
        # another line requires the name
        return
    assert lines(gone, name) == lines(content, name)
    assert name not in {part.name for part in env_syntax.read(gone).statements}


def check_block(content: bytes, before: env_text.Sides, name: str, value: str) -> None:
    try:
        edit = env_text.edit(content, settings={name: value}, absent=["C"])
    except ValueError:
        return
    after = env_text.sides(edit.data)
    assert after.operators == before.operators or "$" in before.file.text
    assert [part.name for part in after.outside] == [part.name for part in before.outside]
    assert remarks(edit.data) >= remarks(content) - sum(part.name == "C" for part in before.inside) - len(
        before.inside
    )
    assert env_text.edit(edit.data, settings={name: value}, absent=["C"]).data == edit.data


def main() -> None:
    parser = argparse.ArgumentParser(description="Fuzz the env file engine.")
    parser.add_argument("--seconds", type=int, default=600)
    options = parser.parse_args()
    CORPUS.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS):
        (CORPUS / f"seed-{number}").write_bytes(b"\x00\x02ab" + seed)
    limits = [f"-max_total_time={options.seconds}", "-max_len=400", f"-artifact_prefix={CORPUS}/"]
    atheris.Setup([sys.argv[0], *limits, str(CORPUS)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
