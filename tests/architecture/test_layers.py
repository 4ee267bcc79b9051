"""Rooms by place and subject: which room may import which, and which files may open a door to the world.

`connected` is what only the machine with a network does; nobody but `wiring.build` imports it.  `wiring`
makes objects and hands them on; what decides or says something is in a room.  What runs on a host
(`target`, and the modules of the collection over it) finds nothing there but Python's standard library
and what Ansible sends along, and no subject of it imports another one but as SUBJECTS says.
"""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = "graphistry_airgap"
CHECKOUT = Path(__file__).resolve().parents[2]
SOURCE = CHECKOUT / "installer"
ANSIBLE = CHECKOUT / "plugins" / "modules"
ACTIONS = CHECKOUT / "plugins" / "action"
MODULES = sorted([*(SOURCE / PACKAGE).rglob("*.py"), *ANSIBLE.glob("*.py"), *ACTIONS.glob("*.py")])
HOST = "target"
MODULE_LINES = 400
FOLDER_FILES = 22

# room: the rooms of ours that it may import, itself aside
ALLOWED = {
    "core": {"content", HOST},
    "bootstrap": set(),
    "knowledge": {"core", "content", HOST},
    "bundle": {"core", "knowledge", HOST},
    "connected": {"bundle", "core", "knowledge", "content", "version", HOST},
    "installation": {"bundle", "core", "knowledge", "checks", "content", "version", HOST},
    "evidence": {"bundle", "core", "version", HOST},
    "settings": {"core", HOST},
    "checks": {"core", "version", HOST},
    "cli": {"core", "version"},
    "wiring": {
        "bundle",
        "core",
        "installation",
        "evidence",
        "settings",
        "bootstrap",
        "knowledge",
        "content",
        HOST,
    },
    "content": set(),
    "version": set(),
    HOST: set(),
    "plugins.modules": set(),
    "plugins.action": set(),
}
# file: what it may import besides; `cli.main` does it within a function, for `--help` must work without
MORE = {"cli.main": "wiring.dispatch.", "wiring.build": "connected."}
UNBOUND = {"__main__", ""}
# subject on a host: the subjects that it may import, `*` for all
SUBJECTS = {
    "host": set(),
    "finding": set(),
    "change": {"host"},
    "network": set(),
    "packages": {"host", "change"},
    "docker": {"host", "change"},
    "gpu": {"host"},
    "driver": {"host", "change", "gpu", "packages"},
    "vgpu": {"host", "change", "gpu", "packages"},
    "envfile": {"host", "change"},
    "record": {"host", "hardening", "stack", "driver"},
    "stack": {"host", "change"},
    "hardening": {"host", "change"},
    "preflight": {"*"},
    "tasks": {"*"},
}
# a task is always run by Ansible, whose library is with it
WITH_TASKS = "ansible.module_utils."
STANDARD_LIBRARY = sys.stdlib_module_names
# deep modules of the standard library that reach outside the process: for adapters only
DOORS = {"subprocess", "socket", "urllib.request", "http.client", "shutil", "tempfile"}
PURE = {"cli", "core", "bundle", "installation", "evidence", "settings", "connected"}
# of the pure rooms, the files that read and ask: each is the adapter of its subject
READERS = {
    "connected/describe/": {"builder_tools", "cyclonedx_document", "cyclonedx_sbom", "package_licences"},
    "connected/images/": {"docker_archive", "read_contents", "rpm_database"},
    "connected/packages/": {
        *("apt_closure", "apt_metadata", "dnf_closure", "dnf_metadata", "dnf_solver"),
        *("rpm_signature", "versions"),
    },
    "connected/profiles/": {"read"},
    "connected/release/": {"compose_file", "source"},
    "connected/runtime/": {"interpreter", "own_wheel", "wheels"},
    "connected/vgpu/": {"files", "guest_driver"},
    "cli/": {"progress"},
    "evidence/": {"files"},
}


def name_of(path):
    parts = _placed(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _placed(path):
    return path.relative_to(SOURCE if path.is_relative_to(SOURCE) else CHECKOUT)


def imports(path, text=None):
    """Absolute names of everything that a module imports, also inside functions and TYPE_CHECKING."""
    package = _placed(path).parent.parts
    for node in ast.walk(ast.parse(text if text is not None else path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def inner(name):
    return name.removeprefix(PACKAGE).lstrip(".")


def room_of(name):
    """The room of a dotted name below the package."""
    return ".".join(inner(name).split(".")[: 2 if inner(name).startswith("plugins.") else 1])


def subject_of(name):
    """The subject of a dotted name of the host's library; empty for the library itself."""
    return inner(name).removeprefix(HOST).lstrip(".").partition(".")[0]


def own(names):
    return {name for name in names if name == PACKAGE or name.startswith(PACKAGE + ".")}


def faults(path, text=None):
    room = room_of(name_of(path))
    if room in UNBOUND or path.name == "__init__.py":
        return []
    if room not in ALLOWED:
        return [f"the room {room} is not in the table"]
    names = set(imports(path, text))
    more = MORE.get(inner(name_of(path)), "-")
    found = [
        name
        for name in own(names)
        if room_of(name) not in ALLOWED[room] | {room} and not f"{inner(name)}.".startswith(more)
    ]
    if room == "plugins.action":
        sent = ("ansible.", "plugins.plugin_utils.")
        found += [one for one in names if not (_is_standard(one) or one.startswith(sent))]
    if room in {HOST, "plugins.modules"}:
        given = WITH_TASKS if subject_of(name_of(path)) == "tasks" else "-"
        found += [name for name in names if not (_lives_on_target(name, room) or name.startswith(given))]
    if room == HOST:
        found += _strangers(path, names)
    if room in PURE and not _reads(path):
        found += [name for name in names if name in DOORS or name.rsplit(".", 1)[0] in DOORS]
        found += [name for name in names if ".adapters." in name]
        found += [name for name in names - own(names) if name.split(".")[0] not in STANDARD_LIBRARY]
    return sorted(set(found))


def _reads(path):
    folder, name = path.relative_to(SOURCE / PACKAGE).parent, path.stem
    return "adapters" in folder.parts or name in READERS.get(f"{folder.as_posix()}/", set())


def _strangers(path, names):
    """Subjects of the host's library that this one has no business with."""
    subject = subject_of(name_of(path))
    if subject not in SUBJECTS:
        return [f"the subject {subject} is not in the table"]
    known = SUBJECTS[subject] | {subject}
    return [name for name in own(names) if not {subject_of(name), "*"} & known]


def _is_standard(name):
    return name.split(".")[0] in STANDARD_LIBRARY


def _lives_on_target(name, room):
    if room == "plugins.modules":
        return _is_standard(name) or name.startswith(("ansible.module_utils.", "plugins.module_utils."))
    return _is_standard(name) or name.startswith(f"{PACKAGE}.{HOST}.")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_imports_only_what_its_room_may(path):
    assert faults(path) == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_is_short_enough_to_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES


def test_a_folder_can_be_seen_at_once():
    """`modules` is flat because Ansible wants it so."""
    folders = {path.parent for path in MODULES} - {ANSIBLE}
    crowded = [folder.name for folder in folders if len(list(folder.glob("*.py"))) - 1 > FOLDER_FILES]
    assert crowded == []


def test_no_files_import_each_other_in_a_circle():
    arrows = {name_of(path): own(imports(path)) for path in MODULES if path.name != "__init__.py"}
    arrows = {name: {_file(one, arrows) for one in used} - {name, None} for name, used in arrows.items()}
    while free := {name for name, used in arrows.items() if not used & arrows.keys()}:
        arrows = {name: used for name, used in arrows.items() if name not in free}
    assert sorted(arrows) == []


def _file(name, files):
    """The file that a dotted name of an import lies in: the module itself, or what defines the name."""
    return next((one for one in (name, name.rpartition(".")[0]) if one in files), None)


def test_words_are_read_without_what_runs_a_command():
    """A broken library must not take `--help` away."""
    for path in (SOURCE / PACKAGE / "cli").rglob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        at_import = [node for node in body if not isinstance(node, ast.FunctionDef)]
        names = imports(path, ast.unparse(ast.Module(at_import, [])))
        assert [name for name in own(names) if room_of(name) == "wiring"] == []


WIRING = sorted((SOURCE / PACKAGE / "wiring").glob("*.py"))


def decisions(text):
    """Lines that decide by anything but the options of the command line, or say something."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Raise | ast.JoinedStr | ast.While | ast.Try):
            yield node.lineno
        elif isinstance(node, ast.If | ast.IfExp | ast.Match):
            asked = node.subject if isinstance(node, ast.Match) else node.test
            names = {one.id for one in ast.walk(asked) if isinstance(one, ast.Name)}
            if not names <= {"arguments", "TYPE_CHECKING"}:
                yield node.lineno


@pytest.mark.parametrize("path", WIRING, ids=name_of)
def test_wiring_decides_nothing_and_says_nothing(path):
    assert list(decisions(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "line", ["if receipt is None: x = 1", "x = f'{a}'", "raise ValueError", "x = a if b else c"]
)
def test_a_planted_decision_is_seen(line):
    assert list(decisions(line)) == [1]


# outside of `connected`: who may open a connection, and to what
CONNECTIONS = {
    "checks.knock": "asks the host's own product, on the host's own addresses",
    f"{HOST}.docker.api": "Docker's socket, a file",
    f"{HOST}.docker.images.endpoint": "serves Docker what it imports, on loopback",
    f"{HOST}.preflight.probes.network": "writes addresses out of /proc, and connects to nothing",
}
NETWORK = {
    "socket",
    "socketserver",
    "ssl",
    "http",
    "urllib.request",
    "ftplib",
    "smtplib",
    "asyncio",
    "requests",
}


def test_what_runs_on_a_host_opens_no_connection_beyond_loopback():
    found = {
        inner(name_of(path))
        for path in MODULES
        if any(name.split(".")[0] in NETWORK or name.startswith("urllib.request") for name in imports(path))
    }
    assert {name for name in found if not name.startswith("connected.")} == CONNECTIONS.keys()


def test_the_source_root_is_no_package():
    """The import name `installer` belongs to another project."""
    assert not (SOURCE / "__init__.py").exists()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("core/x.py", f"from {PACKAGE}.core.adapters import files"),
        ("core/x.py", "import yaml"),
        ("bundle/x.py", "from subprocess import run"),
        ("bundle/x.py", f"from {PACKAGE}.connected import spec"),
        ("installation/x.py", f"def f():\n    from {PACKAGE}.core.adapters.files import sha256_file"),
        ("installation/x.py", f"from {PACKAGE}.connected.packages import closure"),
        ("connected/packages/x.py", f"from {PACKAGE}.connected.adapters.fetch import Fetcher"),
        ("core/adapters/x.py", f"import {PACKAGE}.installation.install"),
        ("installation/adapters/x.py", "from ...cli import main"),
        ("cli/commands/x.py", f"from {PACKAGE}.core.adapters.process import run"),
        ("cli/x.py", f"from {PACKAGE}.wiring.dispatch import dispatch"),
        ("cli/main.py", f"from {PACKAGE}.wiring import installation"),
        ("wiring/installation.py", f"from {PACKAGE}.connected.sign import SignBundle"),
        ("wiring/dispatch.py", f"from {PACKAGE}.cli.progress import progress_for"),
        ("../../plugins/action/x.py", "import yaml"),
        ("../../plugins/action/x.py", "from ..module_utils.host import lock"),
        ("../../plugins/action/x.py", f"from {PACKAGE}.bootstrap import render"),
        ("../../plugins/modules/x.py", "import yaml"),
        ("../../plugins/modules/x.py", f"from {PACKAGE}.installation import site_file"),
        ("../../plugins/modules/x.py", f"from {PACKAGE}.target.gpu import model"),
        ("target/docker/x.py", "from ansible.module_utils.basic import AnsibleModule"),
        ("target/docker/x.py", f"from {PACKAGE}.installation import site_file"),
        ("target/docker/x.py", "from ..packages import model"),
        ("target/gpu/x.py", "from ..preflight.probes import gpu"),
        ("target/x.py", "import json"),
        ("attic/x.py", "import json"),
    ],
)
def test_the_table_catches_a_planted_import(path, line):
    assert faults((SOURCE / PACKAGE / path).resolve(), line)


def test_the_table_lets_the_right_directions_pass():
    allowed = {
        "installation/x.py": f"from {PACKAGE}.bundle import manifest",
        "installation/adapters/x.py": f"import yaml\nfrom {PACKAGE}.core.adapters.files import sha256_file",
        "connected/packages/versions.py": f"from {PACKAGE}.core.adapters.process import run",
        "cli/main.py": f"from {PACKAGE}.wiring.dispatch import dispatch",
        "wiring/build.py": f"from {PACKAGE}.connected.sign import SignBundle",
        "../../plugins/action/x.py": "from ..plugin_utils.bootstrap import render",
        "../../plugins/modules/x.py": "from ..module_utils.preflight.probe import probe",
        "target/driver/x.py": "from ..gpu import model",
        "target/preflight/judges/x.py": "from ...docker import pools",
    }
    for path, line in allowed.items():
        assert faults((SOURCE / PACKAGE / path).resolve(), line) == []
