"""What runs on the target runs on its own Python, on EL 9 Python 3.9: no newer syntax, nothing newer called.

There is no 3.9 here to run it with, so the syntax is parsed as that one's, and later names are looked for.
"""

import ast

import pytest

from graphistry_airgap.content import TARGET, content_root

FILES = sorted([*TARGET.rglob("*.py"), *(content_root() / "plugins").rglob("*.py")])
# the Python that brought a name, so that whoever meets one here knows why
NEWER_NAMES = {
    ("datetime", "UTC"): "3.11",
    ("enum", "StrEnum"): "3.11",
    ("itertools", "pairwise"): "3.10",
    ("itertools", "batched"): "3.12",
    ("contextlib", "chdir"): "3.11",
    ("contextlib", "aclosing"): "3.10",
    ("types", "NoneType"): "3.10",
    ("typing", "TypeAlias"): "3.10",
    ("typing", "ParamSpec"): "3.10",
    ("typing", "Self"): "3.11",
    ("typing", "assert_never"): "3.11",
    ("typing", "override"): "3.12",
    ("hashlib", "file_digest"): "3.11",
}
NEWER_MODULES = {"tomllib": "3.11"}
NEWER_ARGUMENTS = {
    ("zip", "strict"): "3.10",
    ("dataclass", "slots"): "3.10",
    ("dataclass", "kw_only"): "3.10",
    ("walk", "walk_up"): "3.12",
    ("relative_to", "walk_up"): "3.12",
    ("hardlink_to", "target"): "3.10",
}
NEWER_METHODS = {"hardlink_to": "3.10", "bit_count": "3.10", "walk_up": "3.12", "add_note": "3.11"}


class Runtime(ast.NodeVisitor):
    """Visits what is executed: neither annotations nor what only a type checker imports."""

    def __init__(self):
        self.found = []

    def visit_If(self, node):
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        self.generic_visit(node)

    def visit_AnnAssign(self, node):
        if node.value is not None:
            self.visit(node.value)

    def visit_arg(self, node):
        pass

    def visit_FunctionDef(self, node):
        for part in (*node.decorator_list, node.args, *node.body):
            self.visit(part)

    def visit_Import(self, node):
        self._note(node, [NEWER_MODULES.get(name.name) for name in node.names])

    def visit_ImportFrom(self, node):
        self._note(node, [NEWER_NAMES.get((node.module, name.name)) for name in node.names])
        self._note(node, [NEWER_MODULES.get(node.module or "")])

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name):
            self._note(node, [NEWER_NAMES.get((node.value.id, node.attr))])
        self._note(node, [NEWER_METHODS.get(node.attr)])
        self.generic_visit(node)

    def visit_Call(self, node):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        self._note(node, [NEWER_ARGUMENTS.get((name, word.arg)) for word in node.keywords])
        if name in ("isinstance", "issubclass") and len(node.args) > 1:
            self._refuse_union(node.args[1])
        self.generic_visit(node)

    def visit_Assign(self, node):
        self._refuse_union(node.value)
        self.generic_visit(node)

    def _refuse_union(self, node):
        """`X | Y` of types; of sets and numbers it is as old as Python."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            if names & {
                "str",
                "int",
                "float",
                "bytes",
                "bool",
                "dict",
                "list",
                "set",
                "tuple",
                "None",
                "Path",
            }:
                self._note(node, ["3.10"])

    def _note(self, node, versions):
        self.found += [f"line {node.lineno}: of Python {version}" for version in versions if version]


def newer(source):
    tree = ast.parse(source, feature_version=(3, 9))
    visitor = Runtime()
    visitor.visit(tree)
    return visitor.found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_newer_than_python_3_9_runs_on_a_host(path):
    source = path.read_text(encoding="utf-8")
    assert newer(source) == []
    if path.stem != "__init__":
        # without it an annotation such as `str | None` would be executed
        assert "from __future__ import annotations" in source


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import UTC",
        "import datetime\nx = datetime.UTC",
        "zip(a, b, strict=True)",
        "@dataclass(frozen=True, slots=True)\nclass A: pass",
        "isinstance(x, int | str)",
        "Alias = str | None",
        "import tomllib",
    ],
)
def test_what_is_newer_is_noticed(source):
    assert newer(source)


@pytest.mark.parametrize("source", ["match x:\n    case 1: pass", "with (open(a) as b, open(c) as d): pass"])
def test_newer_syntax_is_noticed(source):
    if source.startswith("match"):
        with pytest.raises(SyntaxError):
            newer(source)


def test_what_a_type_checker_alone_reads_may_be_newer():
    annotated = "from __future__ import annotations\nif TYPE_CHECKING:\n    from typing import Self\n"
    assert newer(annotated + "def f(a: str | None = None) -> int | str:\n    return a or 1\n") == []
