"""Each module documents itself in YAML that Ansible can read, and its options as they are."""

import ast
from pathlib import Path

import pytest
import yaml

from graphistry_airgap.content import plugins_root

MODULES = sorted((plugins_root() / "modules").glob("airgap_*.py"))


def strings(path):
    """The module's top-level string constants by name."""
    return {
        target.id: node.value.value
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_documentation_is_yaml_and_names_the_module(path: Path):
    found = strings(path)
    document = yaml.safe_load(found["DOCUMENTATION"])
    assert document["module"] == path.stem
    assert document["short_description"]
    assert isinstance(yaml.safe_load(found["RETURN"]), dict)
    for name, option in (document.get("options") or {}).items():
        assert option.get("description"), name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_documented_options_are_the_accepted_ones(path: Path):
    document = yaml.safe_load(strings(path)["DOCUMENTATION"])
    accepted = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict) and all(isinstance(value, ast.Dict) for value in node.values):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            first = node.values[0] if node.values else None
            if isinstance(first, ast.Dict) and "type" in {
                k.value for k in first.keys if isinstance(k, ast.Constant)
            }:
                accepted |= keys
    assert accepted == set(document.get("options") or {})
