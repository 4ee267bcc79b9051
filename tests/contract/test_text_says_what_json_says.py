"""Whatever JSON has to tell about an error or a warning stands in the text of the same command, uncut.

Commands that read files run as they are; of those that need an installed host the services run, on answers
that are made here.
"""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from graphistry_airgap.cli.main import main
from graphistry_airgap.cli.progress import Silent
from graphistry_airgap.cli.render import render
from graphistry_airgap.core.result import envelope, failed
from graphistry_airgap.installation.bring import Bring
from graphistry_airgap.installation.failures import checks_error
from graphistry_airgap.installation.fleet.hold import Hold
from graphistry_airgap.installation.fleet.inventory import THIS_MACHINE
from graphistry_airgap.installation.install import Install
from graphistry_airgap.installation.outcome.record import Record
from graphistry_airgap.installation.recap import Failure, Recap, StageRecap
from graphistry_airgap.installation.request import Decided
from graphistry_airgap.installation.stages import PLAYBOOK_STAGES
from graphistry_airgap.installation.status import Status
from tests.kit.fakes import smi_answers
from tests.kit.fakes.recaps import Hosts
from tests.kit.fakes.receipts import receipt
from tests.kit.fakes.resume_world import World, target
from tests.kit.strict_schemas import strict

WORDS = ("message", "found", "needed", "path", "stig", "hint", "text")
# longer and with more lines than anything was ever cut at
LONG = "\n".join(["the cause", *(f"line {number}" for number in range(60)), "x" * 5000, "the end"])


def told(document):
    """Every word that a person has to get: messages, errors, and what is found below `data`."""
    yield from document["messages"]
    data = document["data"]
    lists = [data.get(key) or [] for key in ("findings", "problems", "advice")]
    noticed = [one for rows in lists for one in rows if one.get("severity") != "error"]
    for one in [*document["errors"], *noticed]:
        yield from (str(one[key]) for key in WORDS if one.get(key) not in (None, ""))
    yield from data.get("warnings") or []


def unlike(document, text):
    """What JSON says and the text does not; lines that go on are indented there, or made comments."""
    plain = text.replace("\n    ", "\n").replace("\n# ", "\n")
    return [words for words in told(document) if words not in text and words not in plain]


def finding(severity, code):
    words = {key: f"{code}: {key} {LONG}" for key in ("message", "found", "needed", "path", "hint", "stig")}
    return {"severity": severity, "code": code, **words}


def install():
    def log(*_):
        return nullcontext((Path("/log"), lambda _: None))

    def of(recap, rows=(), *, preflight=False):
        count = {
            name: sum(row["outcome"] == name for row in rows) for name in ("passed", "failed", "skipped")
        }
        hosts = Hosts()
        bring = Bring(
            runner=lambda *_, hosts, **__: dict.fromkeys(hosts, recap),
            checks=lambda *_, **__: nullcontext(lambda: {**count, "tests": list(rows)}),
            hosts=hosts,
            progress=Silent(),
            variables=lambda _: {},
        )
        service = Install(bring, Hold(hosts), Record(hosts), log, World().reboots())
        decided = Decided([target()])
        return service.preflight(decided) if preflight else service.run(decided)

    return of


def stages(*names):
    return [StageRecap(name, 0, 1.0, failed=False, ended=True) for name in names]


NOTICED = [finding("warning", "pools-overlap"), finding("info", "package-newer")]
REFUSED = [finding("error", "port-taken"), finding("error", "bundle-package-signature")]
ROWS = [
    {"test": "test_rung_1_x", "outcome": "failed", "message": LONG, "hint": f"do this {LONG}"},
    {"test": "test_services", "outcome": "failed", "message": LONG},
]


def preflight_refused():
    result = {"msg": "2 errors", "findings": REFUSED}
    failure = Failure.from_result("preflight", "Judge", result)
    return install()(Recap(stages("preflight"), [], [failure], [*REFUSED, *NOTICED]), preflight=True)


def preflight_content():
    return install()(Recap(stages("preflight"), [], [], NOTICED), preflight=True)


def install_stopped():
    said = {"msg": "it does not start", "stderr": LONG, "hint": f"do this {LONG}", "code": "docker-refused"}
    failure = Failure.from_result("services", "Start caddy", said)
    return install()(Recap(stages("preflight", "services"), [], [failure], NOTICED))


def install_refused():
    failure = Failure.from_result("preflight", "Judge", {"msg": "2 errors", "findings": REFUSED})
    return install()(Recap(stages("preflight"), [], [failure], [*REFUSED, *NOTICED]))


def install_unverified():
    return install()(Recap(stages(*[one.value for one in PLAYBOOK_STAGES]), [], [], NOTICED), ROWS)


def install_done():
    return install()(Recap(stages(*[one.value for one in PLAYBOOK_STAGES]), [], [], NOTICED))


def verify_failed():
    checks = {"tests": ROWS, "rungs": [], "passed": 0, "failed": 2, "skipped": 0, "junit": "/verify.xml"}
    return failed(checks_error(checks), data=checks)


TODAY = "2026-11-30T10:00:00Z"


def kernel(name, **given):
    return {
        "name": name,
        "running": False,
        "has_modules": False,
        "has_headers": False,
        "modules": "",
        **given,
    }


def status(action):
    kernels = [kernel("6.1", has_modules=True), kernel("6.12", running=True)]
    rows = [
        {"service": name, "state": "exited", "health": "none", "image": "", "ports": []} for name in "abc"
    ]
    services = {"defined": list("abc"), "found": rows}
    return status_of(services, kernels, complete=False, driver={"action": action})


def status_unknown():
    refusal = {"code": "services-unknown", "message": LONG, "hint": f"do this {LONG}", "path": "/var/x"}
    return status_of({"refusal": refusal}, [], driver=None)


def status_of(services, kernels, **changes):
    said = {
        "receipt": json.dumps(receipt(**changes)),
        "stages_begun": False,
        "kernels": {"next": "6.12" if kernels else "", "kernels": kernels},
        "services": services,
    }
    world = World()
    return Status(lambda _: {THIS_MACHINE.name: said}, world, lambda: world.boot, lambda: TODAY).run(
        [THIS_MACHINE]
    )


MADE = {
    "preflight, refused": preflight_refused,
    "preflight, content": preflight_content,
    "install, stopped": install_stopped,
    "install, refused": install_refused,
    "install, not verified": install_unverified,
    "install, done": install_done,
    "verify, failed": verify_failed,
    "status, sick": lambda: status("install"),
    "status, without a driver of ours": lambda: status("none"),
    "status, unknown": status_unknown,
}


@pytest.mark.parametrize("which", MADE)
def test_of_a_result(which, capsys):
    result = MADE[which]()
    render("x", result, as_json=False)
    shown = capsys.readouterr()
    document = envelope(which.split(",")[0], result)
    assert [error.message for error in strict("envelope-v1").iter_errors(document)] == []
    assert [*document["messages"], *document["errors"]]
    assert unlike(document, shown.out + shown.err) == []


# a value that nobody can use, an unknown name, a value that cannot be read
ENV = f"FORGE_NUM_WORKERS=many\nFORGE_NUM_WORKRES=2\nAIR_GAPPED=1\nAIR_GAPPED=0\nX_{'Y' * 3000}=1\n"
OLD_GPU = smi_answers.gpu(1, name="GeForce GT 730", architecture="Kepler", device="128710DE")
COMMANDS = {
    "env validate": ["env", "validate", "--file", "custom.env"],
    "env get": ["env", "get", "NO_SUCH_NAME", "--file", "custom.env"],
    "env diff": ["env", "diff", "--file", "custom.env"],
    "env set": ["env", "set", "FORGE_NUM_WORKERS=none", "--file", "custom.env"],
    "env set, a warning": ["env", "set", "AIR_GAPED=1", "--file", "custom.env"],
    "gpu plan": ["gpu", "plan", "--preset", "dgx-a100"],
    "gpu plan, warnings": ["gpu", "plan", "--capture", "capture.xml"],
    "gpu plan, warnings for a file": ["gpu", "plan", "--capture", "capture.xml", "--env"],
    "gpu plan, refused": ["gpu", "plan", "--gpu-count", "0"],
    "bundle verify": ["bundle", "verify", "bundle", "--keyring", "custom.env"],
    "bundle inspect": ["bundle", "inspect", "bundle"],
    "bundle build": ["bundle", "build", "custom.env", "-o", "out"],
    "bundle sign": ["bundle", "sign", "bundle", "--key", "x"],
    "host profile": ["host", "profile", "-o", "profile.json"],
}


@pytest.mark.parametrize("which", COMMANDS)
def test_of_a_command(which, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "SHA256SUMS").write_text("no list\n")
    (tmp_path / "capture.xml").write_bytes(smi_answers.answer(smi_answers.gpu(0), OLD_GPU))
    seen = []
    for words in (["--json"], []):
        (tmp_path / "custom.env").write_text(ENV)
        code = main([*words, *COMMANDS[which]])
        shown = capsys.readouterr()
        seen.append((code, shown.out, shown.out + shown.err))
    (code, out, _), (same, _, text) = seen
    assert code == same
    document = json.loads(out)
    assert [*document["messages"], *document["errors"]]
    assert ("warnings" in which) == bool(document["data"].get("warnings"))
    assert unlike(document, text) == []
