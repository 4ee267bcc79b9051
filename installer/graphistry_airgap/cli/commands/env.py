"""The part of the command line that is about env files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def add_env(add: Callable[..., argparse.ArgumentParser]) -> None:
    """`env get/set/unset/diff/validate/schema`; `add` makes the parser of one action."""
    get = add("get", help="print the value that containers get, and nothing else")
    get.add_argument("name", metavar="KEY")
    put = add("set", help="set variables; no other byte of the file changes")
    put.add_argument("assignments", nargs="+", metavar="KEY=VALUE")
    drop = add("unset", help="delete every line of these variables")
    drop.add_argument("names", nargs="+", metavar="KEY")
    diff = add("diff", help="what the file sets apart from the defaults, or apart from another file")
    diff.add_argument("other", nargs="?", type=Path, metavar="OTHER", help="compare with this env file")
    validate = add("validate", help="everything in the file that will not do what it should")
    schema = add("schema", help="the variables that are known: type, default, who reads them")
    for command in (get, put, drop, diff, validate, schema):
        command.add_argument(
            "--file", type=Path, metavar="PATH", help="the env file (default: custom.env of the installation)"
        )
