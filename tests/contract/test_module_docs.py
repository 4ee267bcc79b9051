"""Each module documents itself in YAML that Ansible can read, and its options and answers as they are.

All have a check mode; their changes are data, and shown by their diff.
"""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from graphistry_airgap.bundle.manifest import parse_bundle
from graphistry_airgap.content import TARGET, content_root, link_collection
from graphistry_airgap.installation.receipt import Provenance
from graphistry_airgap.installation.site_file import Site
from graphistry_airgap.installation.variables import desired_driver, desired_gpus, playbook_variables
from graphistry_airgap.installation.vgpu_variables import vgpu_variables
from tests.kit.bundles.mini_bundle import MiniBundle

pytestmark = pytest.mark.subprocesses

MODULES = sorted((content_root() / "plugins" / "modules").glob("*.py"))
# these only look and decide
CHANGE_NOTHING = {"bundle", "driver_plan", "gpu", "in_place", "preflight", "record", "vgpu_plan"}
TOLD = [path for path in MODULES if path.stem not in CHANGE_NOTHING]
NAMES = [path.stem for path in MODULES]
# what a call of these adds to an answer
GIVEN_BY = {
    "change.answer": {"changes", "diff"},
    "change.unknown": {"changes", "diff", "unknown_until"},
    "findings.together": {"code", "hint", "details"},
    "together": {"code", "hint", "details"},
    "ticket.require": {"code", "hint"},
    "ticket.require_files": {"code", "hint"},
    "beside_changes": {"findings", "exceptions", "driver_plan", "vgpu_state"},
    "import_images": {"changes", "diff", "imported", "named", "present", "bytes", "seconds"},
}
ANSIBLES_OWN = {"changed", "msg"}


@pytest.fixture(scope="module")
def ansible(tmp_path_factory):
    """`run(program, …)` knows the collection; `told` is what ansible-doc says of each module by its name."""
    folder = tmp_path_factory.mktemp("ansible")
    link_collection(folder / "collections")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.fspath(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": os.fspath(folder / "collections"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }

    def run(program, *arguments):
        command = [Path(sys.executable).with_name(program), *arguments]
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    said = json.loads(run("ansible-doc", "-t", "module", "--json", *map(full, NAMES)))
    return SimpleNamespace(run=run, folder=folder, told={name: said[full(name)] for name in NAMES})


def code(path):
    """The file with what the module of this file does, which is its one import from the library."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (task,) = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.level]
    return TARGET.joinpath(*task.module.split(".")[1:], f"{task.names[0].name}.py")


def full(name):
    return f"graphistry.airgap.{name}"


def strings(path):
    """The module's top-level string constants by name."""
    return {
        target.id: node.value.value
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_it_runs_on_the_interpreter_that_the_host_s_variable_names(path: Path):
    """Ansible looks for `ansible_python_interpreter` by this line alone."""
    assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/python\n")


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
    assert accepted(code(path)) == documented(document.get("options") or {}, accepted(code(path)))


def accepted(path):
    """Options that the code takes, each with those inside it that are judged, too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (spec,) = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and "ARGUMENTS" in ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])
    ]
    return _names(spec)


def _item(node, wanted):
    pairs = zip(node.keys, node.values, strict=True)
    return next((value for key, value in pairs if key.value == wanted), ast.Dict([], []))


def _names(spec):
    fields = {key.value: value for key, value in zip(spec.keys, spec.values, strict=True)}
    inside = {
        name: dict(zip(map(ast.unparse, one.keys), one.values, strict=True)) for name, one in fields.items()
    }
    return {name: _names(one["'options'"]) if "'options'" in one else {} for name, one in inside.items()}


def documented(options, judged):
    """The same of the documentation, as deep as the code judges."""
    return {
        name: documented(option["suboptions"], judged[name]) if judged.get(name) else {}
        for name, option in options.items()
    }


def calls(path, name):
    """Keyword arguments of each call of a function or method of this name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        node.keywords for node in found if getattr(node.func, "attr", getattr(node.func, "id", "")) == name
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_module_has_a_check_mode(path):
    (made,) = calls(path, "AnsibleModule")
    assert ast.literal_eval({word.arg: word.value for word in made}["supports_check_mode"]) is True


@pytest.mark.parametrize("path", TOLD, ids=lambda path: path.stem)
def test_its_changes_and_its_diff_are_documented(path):
    found = strings(path)
    attributes = yaml.safe_load(found["DOCUMENTATION"])["attributes"]
    assert {name: attributes[name]["support"] for name in ("check_mode", "diff_mode")} == {
        "check_mode": "full",
        "diff_mode": "full",
    }
    assert {"changes", "diff"} <= set(yaml.safe_load(found["RETURN"]))


@pytest.mark.parametrize("path", TOLD, ids=lambda path: path.stem)
def test_changed_is_said_by_the_changes_alone(path):
    """A module that ends with `changed` of its own could say more or less than its changes."""
    words = {word.arg for call in calls(code(path), "exit_json") for word in call}
    assert "changed" not in words


def test_the_list_names_modules_that_there_are():
    assert {path.stem for path in MODULES} >= CHANGE_NOTHING


def test_a_module_that_learned_to_change_is_taken_from_the_list():
    told = {path.stem for path in MODULES if "changes" in yaml.safe_load(strings(path)["RETURN"])}
    assert told & CHANGE_NOTHING == set()


def given(path):
    """Keys of the module's answers: words of the calls, and of dictionaries that are spread into one."""
    does = code(path)
    nodes = list(ast.walk(ast.parse(does.read_text(encoding="utf-8"))))
    words = [word for name in ("exit_json", "fail_json") for call in calls(does, name) for word in call]
    keys = {word.arg for word in words if word.arg}
    spread = [word.value for word in words if word.arg is None]
    for node in nodes:
        # a function that makes an answer
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Dict):
            pairs = list(zip(node.value.keys, node.value.values, strict=True))
            inner = [value for key, value in pairs if key is None]
            spread += inner
            keys |= {key.value for key, _ in pairs if inner and isinstance(key, ast.Constant)}
    names = {value.id for value in spread if isinstance(value, ast.Name)}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            if names & {getattr(target, "id", "") for target in node.targets}:
                keys |= {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
        elif isinstance(node, ast.Call):
            keys |= GIVEN_BY.get(ast.unparse(node.func), set())
    return keys - ANSIBLES_OWN


def inside(options, below):
    """Each option with those inside it, by its path."""
    for name, option in (options or {}).items():
        yield name, option
        for inner, one in inside(option.get(below), below):
            yield f"{name}.{inner}", one


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_what_all_modules_have_in_common_comes_from_the_fragment(ansible, path):
    document = ansible.told[path.stem]["doc"]
    assert "author" not in yaml.safe_load(strings(path)["DOCUMENTATION"])
    assert document["author"] == ["The graphistry-airgap developers (@graphistry)"]
    assert document["version_added"] == "0.1.0"
    assert document["attributes"]["platform"]["platforms"] == "linux"


@pytest.mark.parametrize("name", NAMES)
def test_every_option_and_every_key_is_described_to_its_depth(ansible, name):
    said = ansible.told[name]
    described = [*inside(said["doc"].get("options"), "suboptions"), *inside(said["return"], "contains")]
    assert [where for where, one in described if not (one.get("description") and one.get("type"))] == []
    assert [key for key, one in inside(said["return"], "contains") if not one.get("returned")] == []


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_the_attributes_say_what_the_code_does(ansible, path):
    attributes = ansible.told[path.stem]["doc"]["attributes"]
    (made,) = calls(path, "AnsibleModule")
    checks = any(word.arg == "supports_check_mode" and word.value.value for word in made)
    diffs = "N/A" if path.stem in CHANGE_NOTHING else "full" if "diff" in given(path) else "none"
    assert {name: attributes[name]["support"] for name in attributes} == {
        "check_mode": "full" if checks else "none",
        "diff_mode": diffs,
        "platform": "full",
    }
    assert [name for name in attributes if not attributes[name]["description"]] == []


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_return_names_the_very_keys_that_the_module_gives(ansible, path):
    assert set(ansible.told[path.stem]["return"]) == given(path)


def misused(options, given_options, where=""):
    """Options that are not there, or are not given and required; inside dictionaries too."""
    if not isinstance(given_options, dict):
        return []  # a template
    found = [f"{where}{name}" for name in given_options if name not in options]
    found += [
        f"{where}{name}" for name in options if options[name].get("required") and name not in given_options
    ]
    for name, value in given_options.items():
        option = options.get(name, {})
        choices = option.get("choices")
        if choices and not str(value).startswith("{{"):
            found += [
                f"{where}{name}={one}"
                for one in ([value], value)[isinstance(value, list)]
                if one not in choices
            ]
        if option.get("suboptions") and value != {}:
            for one in value if isinstance(value, list) else [value]:
                found += misused(option["suboptions"], one, f"{where}{name}.")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_call_the_module_by_its_full_name_with_options_that_there_are(ansible, name):
    said = ansible.told[name]
    tasks = yaml.safe_load(said["examples"])
    mine = [task[full(name)] for task in tasks if full(name) in task]
    assert mine
    assert [task for task in tasks if not task["name"]] == []
    assert [misused(said["doc"]["options"], options) for options in mine] == [[] for _ in mine]


def test_ansible_takes_the_tasks_of_all_examples(ansible):
    tasks = [task for name in NAMES for task in yaml.safe_load(ansible.told[name]["examples"])]
    play = {"name": "All", "hosts": "all", "gather_facts": False, "tasks": tasks}
    (ansible.folder / "all.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    ansible.run("ansible-playbook", "--syntax-check", "-i", "host,", ansible.folder / "all.yml")


def test_what_the_tool_hands_over_is_what_is_described(ansible, tmp_path):
    """Dictionaries inside options are described and not enforced, so nothing else compares them."""
    medium = MiniBundle(tmp_path / "bundle")
    medium.write()
    bundle = parse_bundle((medium.path / "bundle.json").read_bytes())
    made = {"id": bundle.id, "created": bundle.created, "release": bundle.release.version}
    checked = {"sums": "", "signers": (), "signed": False, "verified": "", "keys": ()}
    provenance = Provenance(path=os.fspath(medium.path), platform="debian-13", **made, **checked)
    site = Site.from_document(
        {
            "schema": 1,
            "purpose": "server",
            "gpu": "auto",
            "vgpu": {"server": {"address": "licences.example.internal"}},
            "docker": {"address_pools": [{"base": "10.200.0.0/16", "size": 24}]},
        }
    )
    knowledge = {name: {} for name in ("releases", "architectures", "drivers")}
    platform = bundle.platforms[provenance.platform]
    desired = {
        "gpu": desired_gpus(site, bundle, knowledge, None),
        "driver_plan": desired_driver(site, bundle, platform, knowledge),
        "vgpu_plan": vgpu_variables(site, bundle, provenance, knowledge)["preflight_vgpu"],
    }
    for name, document in desired.items():
        inner = ansible.told[name]["doc"]["options"]["desired"]["suboptions"]
        assert set(inner) == set(document)
        assert misused(inner, document) == []
    variables = playbook_variables(site, bundle, provenance)
    options = ansible.told["preflight"]["doc"]["options"]
    handed = {
        key.removeprefix("preflight_"): value for key, value in variables.items() if "preflight_" in key
    }
    assert handed["address_pools"]
    assert misused(options, handed) == []


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_that_uses_a_bundle_says_so_and_asks_before_all_else(ansible, path):
    """What takes a bundle's directory, or what a bundle's files are like, is a user of it."""
    asks = [*calls(code(path), "require"), *calls(code(path), "require_files")]
    said = "has verified in the same run" in json.dumps(ansible.told[path.stem]["doc"].get("notes", []))
    takes = {"bundle", "layout", "source", "package_config"} & set(accepted(code(path)))
    assert said is bool(asks)
    if takes:
        assert asks
