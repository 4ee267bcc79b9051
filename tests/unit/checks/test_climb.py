"""The ladder of GPU tests: which image, what is run, and what an answer means on which host."""

import json
import subprocess
import sys

import pytest

from graphistry_airgap.checks import causes as rung_causes, ladder as rungs
from graphistry_airgap.checks.climb import climb
from graphistry_airgap.checks.ladder import FAILED, PASSED, SKIPPED
from graphistry_airgap.checks.proof import Proof
from graphistry_airgap.installation.adapters.checks import summarise
from graphistry_airgap.installation.failures import checks_error
from graphistry_airgap.target.host.machine import Host
from tests.kit.fakes import smi_answers

REDIS = {"name": "redis:6.2.7", "size": 100, "config": "sha256:1"}
CADDY = {"name": "graphistry/caddy:v2.50.1-universal", "size": 120, "config": "sha256:2"}
ETL = {"name": "graphistry/etl-server-python:v2.50.1-{}", "size": 9000, "config": "sha256:3"}
BASE = {"name": "graphistry/graphistry-forge-base:v2.50.1-{}", "size": 8000, "config": "sha256:4"}
HIGHER = range(rungs.GPUS, rungs.COMPUTE + 1)
# a real NVML 550 without its module
NVML_550 = "Failed to initialize NVML: Unknown Error\n"
NO_MODULE = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."


def of(image, flavour):
    return {**image, "name": image["name"].format(flavour)}


class Machine:
    """A host's programs; `containers` answers each `docker run`, by option or program."""

    def __init__(self, tmp_path):
        self.smi = (127, "", "")
        self.labels = None
        self.containers = lambda argv: (0, self.listing(), "")
        self.hook = 0
        self.commands = []
        self.root = tmp_path
        self.proof = None
        self.facts = {"images": [REDIS, CADDY, of(ETL, "12")], "cuda": "12", "gpu": False}
        self.facts["release_directory"] = "/release"

    def gpus(self, count=2):
        answer = smi_answers.answer(*(smi_answers.gpu(index) for index in range(count)))
        self.smi = (0, answer.decode(), "")

    def pci(self):
        device = self.root / "sys/bus/pci/devices/0000:01:00.0"
        device.mkdir(parents=True)
        for name, value in {"vendor": "0x10de", "device": "0x1eb8", "class": "0x030200"}.items():
            (device / name).write_text(value)

    @staticmethod
    def listing(count=2):
        return "".join(f"GPU {n}: Tesla T4 (UUID: {smi_answers.UUID.format(n)})\n" for n in range(count))

    def run(self, argv):
        if "nvidia-smi" in argv and "docker" not in argv:
            return self.smi
        if argv[0] == "which":
            return self.hook, "", ""
        if "inspect" in argv:
            return 0, json.dumps(self.labels), ""
        self.commands.append(list(argv))
        return self.containers(argv)

    def climb(self):
        self.commands.clear()
        return climb(self.machine(), self.facts, self.proof)

    def machine(self):
        return Host(lambda argv, _: self.run(argv), self.root)

    def of_rung(self, rung):
        option = {rungs.GPUS: "--gpus=all", rungs.RUNTIME: "--runtime=nvidia"}[rung]
        return next(command for command in self.commands if option in command)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def states(outcomes):
    return {rung: outcome.state for rung, outcome in outcomes.items()}


def test_every_rung_on_a_host_with_gpus(machine):
    machine.gpus()
    machine.facts["images"].append(of(BASE, "12"))
    outcomes = machine.climb()
    assert states(outcomes) == dict.fromkeys(rungs.PROVES, PASSED)
    assert len(machine.commands) == 7
    for command in machine.commands:
        assert {"--rm", "--pull", "never", "--network", "none"} <= set(command)
        assert not any("NVIDIA_VISIBLE_DEVICES" in word for word in command)


@pytest.mark.parametrize(
    ("on_bus", "smi", "reason"),
    [
        (False, (127, "", ""), "no NVIDIA GPU on the PCI bus"),
        (False, (9, NO_MODULE, ""), "no NVIDIA GPU on the PCI bus"),
        (True, (127, "", ""), "no driver answers: nvidia-smi is not installed"),
        (True, (9, NO_MODULE, ""), "no driver answers: NVIDIA-SMI has failed"),
        (True, (124, "", ""), "no driver answers: nvidia-smi gave no answer within"),
        (True, (255, NVML_550, ""), "no driver answers: Failed to initialize NVML: Unknown Error"),
        (False, (0, smi_answers.answer().decode(), ""), "the driver sees no GPU"),
    ],
)
def test_without_gpu_or_driver_the_first_rung_runs_and_the_others_say_why_not(machine, on_bus, smi, reason):
    machine.smi = smi
    if on_bus:
        machine.pci()
    outcomes = machine.climb()
    assert states(outcomes) == {rungs.PLAIN: PASSED, **dict.fromkeys(range(2, 9), SKIPPED)}
    assert all(reason in outcomes[rung].reason for rung in range(2, 9))
    assert len(machine.commands) == 1


def test_a_driver_that_the_site_relies_on_must_answer(machine):
    machine.pci()
    machine.smi = (9, NO_MODULE, "")
    machine.facts["gpu"] = True
    outcomes = machine.climb()
    assert outcomes[rungs.HOST].state == FAILED
    assert {outcomes[rung].state for rung in HIGHER} == {SKIPPED}
    assert outcomes[rungs.GPUS].reason == "rung 2 failed"


def test_a_container_must_see_every_gpu_of_the_host(machine):
    machine.gpus(2)
    machine.containers = lambda argv: (0, machine.listing(1), "")
    outcome = machine.climb()[rungs.DEFAULT]
    assert outcome.state == FAILED
    assert outcome.reason.startswith(f"the container sees 1 of 2 GPUs; {smi_answers.UUID.format(1)}")


def test_what_docker_said_is_in_the_reason(machine):
    machine.gpus()
    said = "docker: Error response from daemon: failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND\n"
    machine.containers = lambda argv: (125, "", said)
    outcomes = machine.climb()
    assert states(outcomes)[rungs.PLAIN] == FAILED
    assert "ERROR_LIBRARY_NOT_FOUND" in outcomes[rungs.GPUS].reason


def test_an_image_of_a_single_program_is_passed_over(machine):
    machine.containers = lambda argv: (127, "", "not found") if REDIS["name"] in argv else (0, "", "")
    assert machine.climb()[rungs.PLAIN].state == PASSED
    machine.containers = lambda argv: (127, "", "executable file not found")
    outcome = machine.climb()[rungs.PLAIN]
    assert (outcome.state, len(machine.commands)) == (FAILED, rungs.PLAIN_TRIES)
    machine.facts["images"] = []
    assert machine.climb()[rungs.PLAIN].reason == "the bundle has no image to start"


@pytest.mark.parametrize(("hook", "state"), [(0, SKIPPED), (1, FAILED)])
def test_a_docker_that_does_not_know_gpus(machine, hook, state):
    machine.gpus()
    machine.hook = hook
    machine.containers = lambda argv: (
        (125, "", 'could not select device driver "" with capabilities: [[gpu]]')
        if "--gpus=all" in argv
        else (0, machine.listing(), "")
    )
    outcomes = machine.climb()
    assert outcomes[rungs.GPUS].state == state
    assert outcomes[rungs.DEFAULT].state == PASSED


@pytest.mark.parametrize(("labels", "state"), [({"demo.inputs": "x"}, SKIPPED), (None, FAILED), ({}, FAILED)])
def test_an_image_without_cudf_is_only_forgiven_to_a_stand_in(machine, labels, state):
    machine.gpus()
    machine.labels = labels
    machine.containers = lambda argv: (69, "", "") if "bash" in argv else (0, machine.listing(), "")
    outcome = machine.climb()[rungs.COMPUTE]
    assert (outcome.state, outcome.reason) == (state, "the image has no cudf")


def test_a_stand_in_image_is_asked_for_gpus(machine):
    machine.gpus()
    machine.labels = {"demo.inputs": "x"}
    machine.climb()
    assert "NVIDIA_VISIBLE_DEVICES=all" in machine.of_rung(rungs.RUNTIME)
    assert "NVIDIA_VISIBLE_DEVICES=all" not in machine.of_rung(rungs.GPUS)


@pytest.mark.parametrize("flavour", ["12", "13"])
def test_images_of_the_release_s_flavour_are_taken(flavour):
    images = [REDIS, CADDY, *(of(image, one) for image in (ETL, BASE) for one in ("12", "13", "11.8"))]
    chosen = rungs.choose(images, flavour)
    assert (chosen.base, chosen.application) == (of(BASE, flavour)["name"], of(ETL, flavour)["name"])
    assert chosen.plain[:2] == (REDIS["name"], CADDY["name"])
    assert rungs.image_of(rungs.DEFAULT, chosen) == chosen.base
    assert rungs.image_of(rungs.COMPUTE, chosen) == chosen.application


def test_the_operator_s_flavour_wins_and_must_be_in_the_bundle(machine):
    machine.gpus()
    config = machine.root / "release" / "data" / "config"
    config.mkdir(parents=True)
    (config / "custom.env").write_text("CUDA_SHORT_VERSION=13\n")
    outcomes = machine.climb()
    assert outcomes[rungs.APPLICATION].state == FAILED
    assert "CUDA flavour" in outcomes[rungs.APPLICATION].reason
    machine.facts["images"].append(of(ETL, "13"))
    assert machine.climb()[rungs.APPLICATION].state == PASSED


def test_without_a_base_image_its_rung_says_so_and_the_others_take_the_application(machine):
    machine.gpus()
    outcomes = machine.climb()
    assert (outcomes[rungs.BASE].state, outcomes[rungs.DEFAULT].state) == (SKIPPED, PASSED)
    assert "graphistry-forge-base" in outcomes[rungs.BASE].reason


@pytest.fixture
def proven(machine, tmp_path):
    """A machine whose rungs were climbed once, in a run that changed something."""
    boot_id = tmp_path / "proc/sys/kernel/random/boot_id"
    boot_id.parent.mkdir(parents=True)
    boot_id.write_text("boot 1\n")
    machine.gpus()
    machine.proof = Proof(tmp_path / "gpu-rungs.json")
    assert set(states(machine.climb()).values()) == {PASSED, SKIPPED}
    machine.facts["unchanged"] = True
    return machine


def test_a_run_that_changed_nothing_starts_two_containers_and_says_when_the_rest_was_shown(proven):
    before = states(climb(proven.machine(), {**proven.facts, "unchanged": False}, proven.proof))
    outcomes = proven.climb()
    assert states(outcomes) == before
    assert len(proven.commands) == 2
    assert "same boot, driver, GPUs and images" in outcomes[rungs.COMPUTE].reason
    assert outcomes[rungs.DEFAULT].reason == ""


@pytest.mark.parametrize("what", ["boot", "driver", "gpus", "image", "flavour", "damaged", "verify"])
def test_every_rung_is_climbed_again_when_something_is_another(proven, what):
    if what == "boot":
        (proven.root / "proc/sys/kernel/random/boot_id").write_text("boot 2\n")
    elif what == "driver":
        answer = smi_answers.answer(smi_answers.gpu(0), smi_answers.gpu(1), driver="590.1.2")
        proven.smi = (0, answer.decode(), "")
    elif what == "gpus":
        proven.gpus(1)
    elif what == "image":
        proven.facts["images"][2] = {**proven.facts["images"][2], "config": "sha256:5"}
    elif what == "flavour":
        proven.facts["images"].append(of(ETL, "13"))
        proven.facts["cuda"] = "13"
    elif what == "damaged":
        proven.proof.path.write_text('{"key": ')
    else:
        proven.facts["unchanged"] = False
    proven.climb()
    assert len(proven.commands) == 6


def test_what_was_shown_counts_no_more_when_a_container_lost_the_gpus(proven):
    proven.containers = lambda argv: (0, proven.listing(0), "")
    outcomes = proven.climb()
    assert {outcomes[rung].state for rung in (rungs.GPUS, rungs.RUNTIME, rungs.DEFAULT)} == {FAILED}
    assert not proven.proof.path.exists()


DOCKER = (
    "docker: Error response from daemon: failed to create task for container: failed to create shim task: "
)
ADVICE = ": unknown\n\nRun 'docker run --help' for more information\n"
JIT = (
    'failed to create the automatic CDI modifier: failed to generate CDI spec for mode "auto": failed to '
    "construct device spec generators: failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND"
)
LEGACY = (
    "error running hook #1: error running hook: exit status 1, stdout: , stderr: Auto-detected mode as "
    "'legacy' nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot "
    "open shared object file: no such file or directory"
)
IN_RUNC = "runc create failed: unable to start container process: error during container init: "
IN_RUNTIME = "could not apply required modification to OCI specification: error modifying OCI spec: "
# what the toolkit's versions say where the driver's libraries are missing: status, text, cause
NO_NVML = {
    "1.17.9": (127, f"{DOCKER}OCI runtime create failed: {IN_RUNC}{LEGACY}{ADVICE}", LEGACY),
    "1.18.2": (125, f"{DOCKER}OCI runtime create failed: {IN_RUNTIME}{JIT}{ADVICE}", JIT),
    "1.20.0": (125, f"{DOCKER}OCI runtime create failed: {IN_RUNTIME}{JIT}: unknown.", JIT),
}


@pytest.mark.parametrize("version", NO_NVML)
def test_missing_libraries_of_the_driver_are_told_once_and_whole(machine, version):
    status, said, cause = NO_NVML[version]
    machine.gpus()
    machine.facts["images"].append(of(BASE, "12"))
    machine.containers = lambda argv: (0, "", "") if "true" in argv else (status, "", said)
    outcomes = machine.climb()
    failed = {rung: outcome for rung, outcome in outcomes.items() if outcome.state == FAILED}
    assert list(failed) == [rungs.GPUS]
    assert failed[rungs.GPUS].reason.endswith(f"than the driver's module: {cause}")
    assert "ldconfig -p | grep libnvidia-ml" in failed[rungs.GPUS].hint
    above = [outcomes[rung] for rung in range(rungs.RUNTIME, rungs.COMPUTE + 1)]
    assert {outcome.state for outcome in above} == {SKIPPED}
    assert all(outcome.reason.startswith("rung 3 failed: the toolkit cannot use NVML") for outcome in above)


def test_a_rung_that_fails_for_a_reason_of_its_own_is_told_beside_a_shared_one(machine):
    machine.gpus()
    status, said, _ = NO_NVML["1.20.0"]
    machine.containers = lambda argv: (
        (0, "", "") if "true" in argv else (1, "", "no cuda") if "bash" in argv else (status, "", said)
    )
    outcomes = machine.climb()
    assert (outcomes[rungs.COMPUTE].state, outcomes[rungs.COMPUTE].reason) == (FAILED, "no cuda")
    assert outcomes[rungs.COMPUTE].hint == rungs.MEND[rungs.COMPUTE]


def test_a_runtime_without_its_program_names_the_way_out(machine):
    machine.containers = lambda argv: (
        125,
        "",
        f"{DOCKER}OCI runtime create failed: unable to retrieve OCI runtime error (open /run/x/log.json: no "
        "such file or directory): fork/exec /opt/gone/nvidia-container-runtime: no such file or directory"
        f"{ADVICE}",
    )
    outcome = machine.climb()[rungs.PLAIN]
    assert "the program of Docker's runtime nvidia is not there" in outcome.reason
    assert "run the same install again" in outcome.hint


@pytest.mark.parametrize("status", [1, 69, 125])
def test_nothing_is_expected_of_a_stand_in_image_that_cannot_compute(machine, status):
    machine.gpus()
    machine.labels = {"demo.inputs": "x"}
    machine.containers = lambda argv: (status, "", "no") if "bash" in argv else (0, machine.listing(), "")
    outcome = machine.climb()[rungs.COMPUTE]
    assert (outcome.state, outcome.reason) == (SKIPPED, "the image has no cudf")


@pytest.mark.subprocesses
@pytest.mark.parametrize("length", [40, 3000])
def test_what_a_failed_rung_says_is_whole_in_report_and_error(tmp_path, length):
    """Through pytest's own report, which cuts long messages."""
    cause = f"begin {'x' * length} end"
    (tmp_path / "test_gpu.py").write_text(
        "from graphistry_airgap.checks.test_gpu import _require\n"
        "from graphistry_airgap.checks.ladder import Outcome\n"
        f"def test_rung_4_x(record_property):\n"
        f"    _require(Outcome('failed', {cause!r}, 'do this'), 4, record_property)\n"
        f"def test_plain():\n    raise AssertionError({f'{cause} plain'!r})\n"
    )
    report = tmp_path / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
        tmp_path,
    ]
    subprocess.run(command, check=False, capture_output=True, cwd=tmp_path)
    summary = summarise(report.read_text())
    row = summary["rungs"][0]
    assert (row["reason"], row["hint"]) == (cause, "do this")
    errors = {error.details["test"]: error for error in checks_error(summary).errors}
    assert errors["test_rung_4_x"].message == f"{cause}\nfailed: test_rung_4_x"
    assert errors["test_rung_4_x"].hint == "do this"
    assert errors["test_plain"].message == f"{cause} plain\nfailed: test_plain"


JUNIT = """<testsuites><testsuite>
<testcase name="test_rung_2_the_driver_answers_on_the_host[local]"><skipped type="pytest.skip"
 message="no GPU">file:1: no GPU</skipped></testcase>
<testcase name="test_rung_1_a_plain_container_starts[local]"/>
<testcase name="test_rung_3_gpus_all_shows_the_gpus[local]"><skipped message="no GPU"/></testcase>
<testcase name="test_rung_4_x[local]"><failure message="Failed: what; see x">..</failure></testcase>
<testcase name="test_rung_5_x[local]"><properties><property name="reason" value="shown"/></properties>
</testcase>
<testcase name="test_docker[local]"/>
</testsuite></testsuites>"""


def test_the_report_names_each_rung_once_with_its_reason():
    rows = summarise(JUNIT)["rungs"]
    assert [(row["rung"], row["outcome"], row["reason"]) for row in rows] == [
        (1, PASSED, ""),
        (2, SKIPPED, "no GPU"),
        (3, SKIPPED, "no GPU"),
        (4, FAILED, "what; see x"),
        (5, PASSED, "shown"),
    ]
    assert rungs.lines(rows) == [
        "GPU rung 1, a plain container starts: passed",
        "GPU rungs 2 to 3 not applicable: no GPU",
        "GPU rung 4, a container with --runtime=nvidia sees the GPUs: failed: what; see x",
        "GPU rung 5, the default runtime shows the GPUs: passed",
    ]


@pytest.mark.parametrize(
    ("said", "of_the_runtime"),
    [
        ('exec: "nvidia-container-runtime": executable file not found in $PATH', True),
        ("fork/exec /opt/gone/nvidia-container-runtime: no such file or directory", True),
        ('unable to start container process: exec: "nvidia-smi": executable file not found in $PATH', False),
    ],
)
def test_a_program_that_the_container_lacks_is_not_the_runtime(said, of_the_runtime):
    assert (rung_causes.shared(said) is not None) is of_the_runtime
