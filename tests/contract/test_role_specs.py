"""Each role's defaults, argument_specs and README say the same thing."""

import re
from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[2] / "roles"
NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir())
# what Galaxy calls the platforms that bundles are built for


def load(role, name):
    path = ROLES / role / name
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.exists() else {}


def options(role):
    return load(role, "meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})


def test_there_are_roles():
    assert "preflight" in NAMES


@pytest.mark.parametrize("role", NAMES)
def test_defaults_and_argument_specs_agree_in_keys_and_values(role):
    specified = options(role)
    defaults = load(role, "defaults/main.yml")
    assert {key: spec["default"] for key, spec in specified.items() if "default" in spec} == defaults
    without = [key for key, spec in specified.items() if "default" not in spec]
    assert [key for key in without if not specified[key].get("required")] == []


@pytest.mark.parametrize("role", NAMES)
def test_every_option_is_described_and_typed(role):
    for key, spec in options(role).items():
        assert spec.get("description"), key
        assert spec.get("type"), key


@pytest.mark.parametrize("role", NAMES)
def test_public_variables_carry_the_role_s_name(role):
    for key in {*options(role), *load(role, "defaults/main.yml")}:
        assert key.startswith(f"{role}_"), key
    for path in (ROLES / role / "vars").glob("*.yml"):
        for key in load(role, f"vars/{path.name}"):
            assert key.startswith("__"), f"{path.name}: {key}"


@pytest.mark.parametrize("role", NAMES)
def test_tasks_set_and_register_only_internal_or_own_names(role):
    """Whatever a role registers or sets is either internal (`__…`) or carries its name."""
    for path in sorted((ROLES / role).rglob("*.yml")):
        for name in re.findall(r"^\s+register: *(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert name.startswith(("__", f"{role}_")), f"{path}: {name}"


@pytest.mark.parametrize("role", NAMES)
def test_a_role_has_a_readme_and_short_tasks(role):
    assert (ROLES / role / "README.md").read_text(encoding="utf-8").startswith(f"# {role}")
    assert (ROLES / role / "meta/main.yml").is_file()
    assert len((ROLES / role / "tasks/main.yml").read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("role", NAMES)
def test_a_role_is_by_whoever_develops_it(role):
    told = load(role, "meta/main.yml")["galaxy_info"]
    assert told["author"] == "The graphistry-airgap developers"
