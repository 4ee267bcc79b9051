"""Every error has a next step: read off the package's source, wherever one is made."""

from __future__ import annotations

import ast

import pytest

from graphistry_airgap.content import PACKAGE

FILES = sorted(PACKAGE.rglob("*.py"))
# severity comes first in these; the hint's place, where it is not given by name
JUDGEMENTS = {"Finding": 5, "Problem": 3}
OPTIONAL = "INFO"


def without_next_step(source):
    """Lines of errors, module failures and judgements whose hint is absent or written as nothing."""
    return sorted(node.lineno for node in ast.walk(ast.parse(source)) if _lacks_hint(node))


def _lacks_hint(node):
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    hint = given.get("hint")
    if name in JUDGEMENTS:
        if ast.unparse(node.args[0]).endswith(OPTIONAL):
            return False
        place = JUDGEMENTS[name]
        hint = hint or (node.args[place] if len(node.args) > place else None)
    elif "code" not in given and (name != "fail_json" or None in given):
        return False
    return hint is None or (isinstance(hint, ast.Constant) and not hint.value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_whoever_makes_an_error_says_what_to_do(path):
    assert without_next_step(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "raise InputError('gone', code='file-missing')",
        "raise InputError('gone', code='file-missing', hint='')",
        "module.fail_json(msg='gone')",
        "Finding(ERROR, 'gone', 'gone', 'nothing', 'a file')",
        "Finding(WARNING, 'gone', 'gone', 'nothing', 'a file', '')",
        "Problem(env_judge.ERROR, 'gone', 'gone', '', 1)",
    ],
)
def test_a_missing_one_is_noticed(source):
    assert without_next_step(source) == [1]


@pytest.mark.parametrize(
    "source",
    [
        "raise InputError('gone', code='file-missing', hint=f'make {path}')",
        "module.fail_json(msg='gone', **result)",
        "Finding(INFO, 'there', 'there', 'a file', 'nothing')",
        "Finding(ERROR, 'gone', 'gone', 'nothing', 'a file', hint='make it')",
    ],
)
def test_a_given_one_is_no_false_alarm(source):
    assert without_next_step(source) == []
