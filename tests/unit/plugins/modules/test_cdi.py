"""The CDI specification follows driver and GPUs; the toolkit and nvidia-smi are the lab's stand-ins."""

import hashlib
import sys
from pathlib import Path

import pytest

from tests.kit.fakes import smi_answers

LAB = Path(__file__).resolve().parents[4] / "lab"

pytestmark = pytest.mark.subprocesses

# the state of a unit is in $STATE/units; it starts where nvidia-smi answers
SYSTEMCTL = """
echo "$*" >>"$STATE/calls"
mkdir -p "$STATE/units"
case $1 in
show) cat "$STATE/units/$5" 2>/dev/null || echo dead ;;
reset-failed) shift; for unit; do echo dead >"$STATE/units/$unit"; done ;;
start) shift
    nvidia-smi -L >/dev/null && [ ! -e "$STATE/refuses" ] || {
        for unit; do echo failed >"$STATE/units/$unit"; done
        echo "Job for $1 failed because the control process exited with error code." >&2
        exit 1
    }
    for unit; do echo running >"$STATE/units/$unit"; done ;;
esac
"""
UNITS = ("nvidia-cdi-refresh.service", "nvidia-cdi-refresh.path")


@pytest.fixture
def host(call_module, programs, tmp_path, monkeypatch):
    monkeypatch.setenv("NVIDIA_SMI_STAND_IN", str(tmp_path))
    programs("nvidia-smi", f'exec {LAB}/stand_ins/nvidia-smi/nvidia-smi "$@"')
    programs("systemctl", SYSTEMCTL)
    toolkit = LAB / "repositories" / "vendor" / "nvidia-container-toolkit-base" / "nvidia-ctk"
    programs("nvidia-ctk", f'exec {sys.executable} {toolkit} "$@"')
    return Host(tmp_path, call_module)


class Host:
    def __init__(self, root, call_module):
        self.root = root
        self.spec = root / "cdi" / "nvidia.yaml"
        self.refreshed = root / "run" / "nvidia.yaml"
        self.state = root / "state"
        self.state.mkdir()
        self._capture, self._call = root / "capture.xml", call_module

    def gpus(self, *gpus, driver="580.95.05"):
        self._capture.write_bytes(smi_answers.answer(*gpus, driver=driver))

    def no_driver(self):
        self._capture.unlink(missing_ok=True)

    def cdi(self, *, wanted=True, **arguments):
        known = {"path": str(self.spec), "state": str(self.state), "refreshed": str(self.refreshed)}
        return self._call("cdi", wanted=wanted, **known, **arguments)

    def kept(self):
        return [path.read_text() for path in (self.state / "replaced").rglob("nvidia.yaml.*")]

    def units(self, *states):
        (self.root / "units").mkdir(exist_ok=True)
        for unit, state in zip(UNITS, states, strict=True):
            (self.root / "units" / unit).write_text(f"{state}\n")

    def states(self):
        return tuple((self.root / "units" / unit).read_text().strip() for unit in UNITS)

    def calls(self, verb):
        lines = (self.root / "calls").read_text().splitlines()
        return [line for line in lines if line.startswith(verb)]


def told(result, code):
    """The one finding of this code; a finding has what was found, what is needed and the next step."""
    (finding,) = [one for one in result["findings"] if one["code"] == code]
    assert all(finding[key] for key in ("message", "found", "needed", "hint"))
    return finding


def test_written_once_and_again_only_when_driver_or_gpus_changed(host):
    host.gpus(smi_answers.gpu(0))
    assert host.cdi()["done"] == ["written"]
    first = host.spec.read_text()
    assert host.cdi()["changed"] is False
    host.gpus(smi_answers.gpu(0), driver="590.44.01")
    assert host.cdi()["done"] == ["written"]
    assert "590.44.01" in host.spec.read_text()
    assert host.kept() == [first]
    host.gpus(smi_answers.gpu(0), smi_answers.gpu(1), driver="590.44.01")
    assert host.cdi()["done"] == ["written"]
    assert smi_answers.UUID.format(1) in host.spec.read_text()


def test_another_order_of_the_same_lines_is_no_change(host):
    host.gpus(smi_answers.gpu(0))
    host.cdi()
    host.spec.write_text("\n".join(reversed(host.spec.read_text().splitlines())) + "\n")
    assert host.cdi()["changed"] is False


def test_nothing_without_a_driver_and_the_reason_is_said(host):
    result = host.cdi()
    assert (result["changed"], host.spec.exists()) == (False, False)
    assert "no driver answers" in result["reason"]


@pytest.mark.parametrize("state", ["template", "driver gone"])
def test_its_own_stale_specification_goes_and_is_kept(host, state):
    host.gpus(smi_answers.gpu(0))
    host.cdi()
    stale = host.spec.read_text()
    if state == "driver gone":
        host.no_driver()
    result = host.cdi(wanted=state != "template")
    assert (result["done"], host.spec.exists()) == (["removed"], False)
    assert host.kept() == [stale]
    assert host.cdi(wanted=state != "template")["changed"] is False


def test_a_run_that_was_killed_before_the_file_was_written_owns_the_old_one(host):
    host.gpus(smi_answers.gpu(0))
    host.cdi()
    old = host.spec.read_text()
    host.gpus(smi_answers.gpu(1))
    host.cdi()
    host.spec.write_text(old)
    host.no_driver()
    assert host.cdi()["done"] == ["removed"]


def test_a_specification_of_somebody_else_is_never_removed(host):
    host.spec.parent.mkdir()
    host.spec.write_text("---\nkind: nvidia.com/gpu\n")
    result = host.cdi()
    assert (result["changed"], host.spec.exists()) == (False, True)
    finding = told(result, "cdi-stale")
    assert str(host.spec) in finding["message"]
    assert "containers that use it fail" in finding["message"]
    assert f"rm {host.spec}" in finding["hint"]


def test_a_toolkit_without_cdi_is_let_be(host, programs):
    host.gpus(smi_answers.gpu(0))
    programs("nvidia-ctk", 'echo "NVIDIA Container Toolkit CLI version 1.11.0"')
    result = host.cdi()
    assert (result["changed"], host.spec.exists()) == (False, False)
    assert "1.12" in result["reason"]


def test_a_toolkit_that_fails_writes_nothing_and_is_quoted(host, programs):
    host.gpus(smi_answers.gpu(0))
    long = "x" * 900
    says = f'echo "failed to locate libcuda.so {long}" >&2; exit 1'
    programs("nvidia-ctk", f'case $1 in --version) echo "CLI version 1.17.8" ;; *) {says} ;; esac')
    result = host.cdi()
    assert (result["changed"], host.spec.exists()) == (False, False)
    finding = told(result, "cdi-generate-failed")
    assert finding["message"] == f"nvidia-ctk cdi generate failed: failed to locate libcuda.so {long}"
    assert result["reason"] == finding["message"]


# what 1.20.0 says where the driver's libraries are missing, its remarks about them abridged
NO_NVML = """
time="2026-11-28T09:00:00Z" level=info msg="Auto-detected mode as \\"nvml\\""
time="2026-11-28T09:00:00Z" level=warning msg="Could not locate libnvidia-nvvm.so.4: pattern not found"
time="2026-11-28T09:00:00Z" level=error msg="failed to generate CDI spec: failed to construct device spec \
generators: failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND"
"""


def test_what_the_toolkit_ends_with_is_told_and_all_that_it_says_is_found(host, programs):
    host.gpus(smi_answers.gpu(0))
    says = f"cat >&2 <<'END'\n{NO_NVML.strip()}\nEND\nexit 1"
    programs("nvidia-ctk", f'if [ "$1" = --version ]; then echo "version 1.20.0"; exit; fi\n{says}')
    finding = told(host.cdi(), "cdi-generate-failed")
    assert finding["message"] == (
        "nvidia-ctk cdi generate failed: failed to generate CDI spec: failed to construct device spec "
        "generators: failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND"
    )
    assert finding["found"] == NO_NVML.strip()


def test_a_toolkit_of_unknown_version_is_told(host, programs):
    host.gpus(smi_answers.gpu(0))
    programs("nvidia-ctk", 'echo "cannot execute" >&2; exit 1')
    finding = told(host.cdi(), "cdi-toolkit-unknown")
    assert "cannot execute" in finding["message"]


@pytest.mark.parametrize("states", [("failed", "failed"), ("auto-restart", "waiting")])
def test_units_that_failed_before_the_driver_came_are_started_once(host, states):
    host.gpus(smi_answers.gpu(0))
    host.units(*states)
    assert host.cdi(check=True)["done"] == ["written", "refreshed"]
    assert (host.states(), host.calls("start")) == (states, [])
    result = host.cdi()
    assert (result["done"], result["findings"]) == (["written", "refreshed"], [])
    assert host.states()[0] == "running"
    assert host.cdi() == {**result, "changed": False, "done": [], "changes": [], "diff": []}
    assert len(host.calls("start")) == 1


def test_units_that_fail_again_are_told_in_systemds_words_and_are_no_change(host):
    host.gpus(smi_answers.gpu(0))
    host.cdi()
    host.units("failed", "failed")
    (host.root / "refuses").touch()
    result = host.cdi()
    assert result["changed"] is False
    finding = told(result, "cdi-refresh-failed")
    assert "Job for nvidia-cdi-refresh.service failed because the control process" in finding["message"]


@pytest.mark.parametrize(("wanted", "severity"), [(True, "warning"), (False, "info")])
def test_units_that_failed_are_left_and_told_where_no_driver_answers(host, wanted, severity):
    host.units("failed", "failed")
    result = host.cdi(wanted=wanted)
    assert (result["changed"], host.calls("reset"), host.calls("start")) == (False, [], [])
    finding = told(result, "cdi-refresh-failed")
    assert finding["severity"] == severity
    assert all(unit in finding["message"] for unit in UNITS)


def test_units_of_a_toolkit_that_has_none_are_no_finding(host):
    assert host.cdi()["findings"] == []


def refresh(host, *gpus, driver):
    """What the toolkit's own unit wrote, when it last could."""
    host.gpus(*gpus, driver=driver)
    host.cdi()
    host.refreshed.parent.mkdir(exist_ok=True)
    host.refreshed.write_text(host.spec.read_text())


def test_the_toolkit_s_own_file_is_told_once_the_driver_is_gone(host):
    refresh(host, smi_answers.gpu(0), driver="580.95.05")
    assert host.cdi()["findings"] == []
    host.no_driver()
    finding = told(host.cdi(), "cdi-stale")
    assert finding["found"] == str(host.refreshed)
    assert "no driver answers" in finding["message"]
    assert f"rm {host.refreshed}" in finding["hint"]
    assert host.refreshed.exists()


@pytest.mark.parametrize(("driver", "named"), [("580.95.05", False), ("590.44.01", True)])
def test_a_file_of_the_toolkit_s_that_wins_with_another_content_is_told(host, driver, named):
    refresh(host, smi_answers.gpu(0), driver="580.95.05")
    host.gpus(smi_answers.gpu(0), smi_answers.gpu(1), driver=driver)
    finding = told(host.cdi(), "cdi-stale")
    assert f"wins over {host.spec}" in finding["message"]
    assert (f"does not name the driver {driver}" in finding["message"]) is named
    assert "systemctl restart nvidia-cdi-refresh.service" in finding["hint"]


@pytest.mark.parametrize("text", ["kind: vendor.example/nic\n", ""])
def test_a_file_about_other_devices_is_nobody_s_business(host, text):
    host.refreshed.parent.mkdir()
    host.refreshed.write_text(text)
    assert host.cdi()["findings"] == []


def test_the_toolkit_s_own_file_on_a_template_is_gone_with_the_next_boot(host):
    refresh(host, smi_answers.gpu(0), driver="580.95.05")
    assert host.cdi(wanted=False)["findings"] == []


def test_check_mode_writes_nothing(host):
    host.gpus(smi_answers.gpu(0))
    assert host.cdi(check=True)["changed"] is True
    assert not host.spec.exists()


def changed_by(result):
    rows = result["changes"]
    return [(one["kind"], one["before"] and one["before"].get("mode"), one["after"]) for one in rows]


def test_check_mode_foretells_the_very_specification(host, as_foretold):
    host.gpus(smi_answers.gpu(0))
    result = as_foretold(host.cdi)
    ((kind, before, after),) = changed_by(result)
    assert (kind, before, after["mode"]) == ("file", None, "0644")
    assert after["sha256"] == hashlib.sha256(host.spec.read_bytes()).hexdigest()
    assert result["diff"][0]["after"] == host.spec.read_text()
    result = as_foretold(host.cdi, wanted=False)
    assert changed_by(result) == [("file", "0644", None)]
    assert result["diff"][0]["after"] == ""


def test_check_mode_foretells_the_units_that_are_started_anew(host, as_foretold):
    host.gpus(smi_answers.gpu(0))
    host.cdi()
    host.units("failed", "failed")
    result = as_foretold(host.cdi)
    assert {one["what"]: one["after"] for one in result["changes"]} == {
        unit: {"failed": False} for unit in UNITS
    }
