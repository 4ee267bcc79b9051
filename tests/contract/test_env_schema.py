"""The schema of env files is whole: its own form, and every variable that the vendor's reference names."""

import json
import re
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from graphistry_airgap.content import PACKAGE
from graphistry_airgap.installation.variables import target_variables
from graphistry_airgap.knowledge.env_schema import FILE, load_env_schema
from graphistry_airgap.target.envfile import values as env_values
from graphistry_airgap.target.envfile.schema import Schema

ROOT = Path(__file__).resolve().parents[2]
LISTED = ROOT / "tests" / "data" / "env-variables.txt"
FACTS = ROOT.parent / "shared" / "facts" / "graphistry.md"
# settings in the product's database, and a pattern that a script looks for
NO_VARIABLES = {"IS_AIR_GAPPED", "IS_SIGNUPS_OPEN_AFTER_FIRST", "IS_SSO_SIGNUP", "SECRET_KEY"}
# services of 4.1 and 4.2, and the data bridge
SERVICES = {
    *("caddy", "nginx", "nexus", "postgres", "redis", "pivot", "notebook", "bridge"),
    *("dask-scheduler", "dask-cuda-worker", "forge-etl-python"),
    *("streamgl-gpu", "streamgl-viz", "streamgl-sessions", "graph-app-kit-public", "graph-app-kit-private"),
    *("opentelemetry-collector", "prometheus", "grafana", "jaeger", "node-exporter", "dcgm-exporter"),
}


@pytest.fixture
def raw():
    return load_env_schema()


def listed():
    rows = [
        line.split() for line in LISTED.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    return [(section, name) for section, name in rows]


def test_the_file_has_the_form_of_its_schema(raw):
    schema = json.loads(
        (PACKAGE / "knowledge" / "schemas" / "env-schema-v1.json").read_text(encoding="utf-8")
    )
    Draft202012Validator.check_schema(schema)
    assert [error.message for error in Draft202012Validator(schema).iter_errors(raw)] == []


def test_every_variable_of_the_reference_is_known(raw, capsys):
    names = {name for _, name in listed()}
    known = set(raw["variables"]) | set(raw["renamed"])
    with capsys.disabled():
        sys.stdout.write(f"\n{len(names)} variables in the reference, {len(raw['variables'])} known\n")
    assert names - known == set()


@pytest.mark.skipif(not FACTS.is_file(), reason="the facts about the product are not beside this checkout")
def test_the_committed_list_is_what_the_facts_name():
    text = FACTS.read_text(encoding="utf-8")
    text = text[text.index("### 5.1 ") : text.index("### 5.14")]
    whole = r"(?<![A-Za-z0-9_$])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![A-Za-z0-9_])"
    assert set(re.findall(whole, text)) - NO_VARIABLES <= {name for _, name in listed()}


def test_every_variable_has_type_default_readers_and_restart_scope(raw):
    schema = Schema(raw)
    for name, entry in raw["variables"].items():
        assert set(entry["services"]) <= SERVICES | {"*"}, name
        assert set(schema.recreated(name)) <= SERVICES | {"*"}, name
        assert set(entry["releases"]["seen"]) <= set(raw["releases"]), name
        assert entry["source"] in raw["sources"], name
        # whoever is not made anew after a change would go on with the old value
        if "*" not in schema.recreated(name):
            assert set(entry["services"]) <= set(schema.recreated(name)), name


def test_defaults_are_of_their_own_type(raw):
    for name, entry in raw["variables"].items():
        if entry["default"] is not None and entry["type"] != "secret":
            assert env_values.needed(entry, entry["default"]) == "", name


def test_rules_speak_of_known_variables(raw):
    known = set(raw["variables"])
    for rule in raw["rules"]:
        names = {rule[key] for key in ("name", "of", "fallback") if key in rule}
        names |= set(rule.get("names", [])) | set(rule.get("needs", {})) | set(rule.get("not", {}))
        assert names <= known, rule
    assert not set(raw["renamed"]) & known
    assert set(raw["renamed"].values()) <= known


def test_targets_get_what_judges_and_nothing_that_only_explains(raw):
    given = target_variables(Schema(raw))
    assert set(given["preflight_env_schema"]["variables"]) == set(raw["variables"])
    assert "description" not in json.dumps(given)
    assert given["graphistry_services_readers"]["FORGE_NUM_WORKERS"] == ["forge-etl-python"]
    assert "LOG_LEVEL" not in given["graphistry_services_readers"]
    assert len(json.dumps(given)) < FILE.stat().st_size
