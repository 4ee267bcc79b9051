"""Imports point inward only: cli → services → domain, adapters → domain.

`wiring` alone knows every layer.  Modules that run on targets find nothing there but Python's standard
library and what Ansible sends along; services use the same judgements through plugins.module_utils.
"""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = "graphistry_airgap"
SOURCE = Path(__file__).resolve().parents[2] / "installer"
MODULES = sorted((SOURCE / PACKAGE).rglob("*.py"))
MODULE_LINES = 400

# layer: the layers and modules of ours that it may import
ALLOWED = {
    "domain": {"domain"},
    "services": {"services", "domain", "version", "plugins.module_utils"},
    "adapters": {"adapters", "domain", "content", "version"},
    "cli": {"cli", "services", "domain", "wiring", "version"},
    "checks": {"checks", "domain", "version", "plugins.module_utils"},
    "content": set(),
    "version": set(),
    "plugins.module_utils": {"plugins.module_utils"},
    "plugins.modules": set(),
}
UNBOUND = {"wiring", "__main__", ""}
STANDARD_LIBRARY = sys.stdlib_module_names
# deep modules of the standard library that reach outside the process: not for the domain
DOORS = {"subprocess", "socket", "urllib.request", "http.client", "shutil", "tempfile"}


def name_of(path):
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path, text=None):
    """Absolute names of everything that a module imports, also inside functions and TYPE_CHECKING."""
    package = path.relative_to(SOURCE).parent.parts
    for node in ast.walk(ast.parse(text if text is not None else path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def layer_of(name):
    """The layer of a dotted name below the package: `plugins` counts by its two halves."""
    inner = name.removeprefix(PACKAGE).lstrip(".")
    first, _, rest = inner.partition(".")
    return f"{first}.{rest.split('.')[0]}" if first == "plugins" and rest else first


def own(names):
    return {name for name in names if name == PACKAGE or name.startswith(PACKAGE + ".")}


def faults(path, text=None):
    layer = layer_of(name_of(path))
    if layer in UNBOUND or path.name == "__init__.py":
        return []
    allowed = ALLOWED.get(layer)
    if allowed is None:
        return [f"the layer {layer} is not in the table"]
    found = [name for name in own(imports(path, text)) if layer_of(name) not in allowed]
    if layer.startswith("plugins."):
        found += [name for name in imports(path, text) if not _lives_on_target(name, layer)]
    if layer == "domain":
        found += [
            name
            for name in imports(path, text)
            if not own([name]) and name.split(".")[0] not in STANDARD_LIBRARY
        ]
        found += [name for name in imports(path, text) if name in DOORS or name.rsplit(".", 1)[0] in DOORS]
    return sorted(set(found))


def _lives_on_target(name, layer):
    if layer == "plugins.modules":
        return name.split(".")[0] in STANDARD_LIBRARY or name.startswith("ansible.module_utils.")
    return name.split(".")[0] in STANDARD_LIBRARY or name.startswith(f"{PACKAGE}.plugins.module_utils.")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_imports_only_inward(path):
    assert faults(path) == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_is_short_enough_to_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES


def test_the_source_root_is_no_package():
    """The import name `installer` belongs to another project."""
    assert not (SOURCE / "__init__.py").exists()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("domain/x.py", f"from {PACKAGE}.adapters import files"),
        ("domain/x.py", "import yaml"),
        ("domain/x.py", "from subprocess import run"),
        ("services/x.py", f"def f():\n    from {PACKAGE}.adapters.files import sha256_file"),
        ("adapters/x.py", f"import {PACKAGE}.services.install"),
        ("adapters/x.py", "from ..cli import main"),
        ("cli/commands/x.py", f"from {PACKAGE}.adapters.process import run"),
        ("plugins/modules/airgap_x.py", "import yaml"),
        ("plugins/modules/airgap_x.py", f"from {PACKAGE}.domain import site"),
        ("plugins/module_utils/airgap/x.py", "from ansible.module_utils.basic import AnsibleModule"),
        ("plugins/module_utils/airgap/x.py", f"from {PACKAGE}.domain import site"),
        ("plugins/module_utils/airgap/x.py", "from ....domain import site"),
    ],
)
def test_the_table_catches_a_planted_import(path, line):
    assert faults(SOURCE / PACKAGE / path, line)


def test_the_table_lets_the_right_directions_pass():
    allowed = {
        "services/x.py": f"from {PACKAGE}.domain import site",
        "adapters/x.py": f"from {PACKAGE}.domain.errors import HostError",
        "cli/x.py": f"from {PACKAGE} import wiring",
        "plugins/modules/airgap_x.py": "from ansible.module_utils.airgap.probe import probe",
        "plugins/module_utils/airgap/x.py": "from .probe import probe",
    }
    for path, line in allowed.items():
        assert faults(SOURCE / PACKAGE / path, line) == []
