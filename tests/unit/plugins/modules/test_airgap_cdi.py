"""The CDI specification follows driver and GPUs; the toolkit and nvidia-smi are the lab's stand-ins."""

import sys
from pathlib import Path

import pytest
import smi_answers

LAB = Path(__file__).resolve().parents[4] / "lab"

pytestmark = pytest.mark.subprocesses


@pytest.fixture
def host(call_module, programs, tmp_path, monkeypatch):
    monkeypatch.setenv("NVIDIA_SMI_STAND_IN", str(tmp_path))
    programs("nvidia-smi", f'exec {LAB}/nvidia-smi/nvidia-smi "$@"')
    toolkit = LAB / "vendor-repository" / "nvidia-container-toolkit" / "nvidia-ctk"
    programs("nvidia-ctk", f'exec {sys.executable} {toolkit} "$@"')
    return Host(tmp_path, call_module)


class Host:
    def __init__(self, root, call_module):
        self.spec = root / "cdi" / "nvidia.yaml"
        self.state = root / "state"
        self.state.mkdir()
        self._capture, self._call = root / "capture.xml", call_module

    def gpus(self, *gpus, driver="580.95.05"):
        self._capture.write_bytes(smi_answers.answer(*gpus, driver=driver))

    def no_driver(self):
        self._capture.unlink(missing_ok=True)

    def cdi(self, *, wanted=True, **arguments):
        known = {"path": str(self.spec), "state": str(self.state)}
        return self._call("airgap_cdi", wanted=wanted, **known, **arguments)

    def kept(self):
        return [path.read_text() for path in (self.state / "replaced").rglob("nvidia.yaml.*")]


def test_written_once_and_again_only_when_driver_or_gpus_changed(host):
    host.gpus(smi_answers.gpu(0))
    assert host.cdi()["done"] == "written"
    first = host.spec.read_text()
    assert host.cdi()["changed"] is False
    host.gpus(smi_answers.gpu(0), driver="590.44.01")
    assert host.cdi()["done"] == "written"
    assert "590.44.01" in host.spec.read_text()
    assert host.kept() == [first]
    host.gpus(smi_answers.gpu(0), smi_answers.gpu(1), driver="590.44.01")
    assert host.cdi()["done"] == "written"
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
    assert (result["done"], host.spec.exists()) == ("removed", False)
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
    assert host.cdi()["done"] == "removed"


def test_a_specification_of_somebody_else_is_never_removed(host):
    host.spec.parent.mkdir()
    host.spec.write_text("---\nkind: nvidia.com/gpu\n")
    result = host.cdi()
    assert (result["changed"], host.spec.exists()) == (False, True)
    assert any("containers that use it fail" in str(line) for line in result["warnings"])


def test_a_toolkit_without_cdi_is_let_be(host, programs):
    host.gpus(smi_answers.gpu(0))
    programs("nvidia-ctk", 'echo "NVIDIA Container Toolkit CLI version 1.11.0"')
    result = host.cdi()
    assert (result["changed"], host.spec.exists()) == (False, False)
    assert "1.12" in result["reason"]


def test_a_toolkit_that_fails_writes_nothing_and_is_quoted(host, programs):
    host.gpus(smi_answers.gpu(0))
    says = 'echo "failed to locate libcuda.so" >&2; exit 1'
    programs("nvidia-ctk", f'case $1 in --version) echo "CLI version 1.17.8" ;; *) {says} ;; esac')
    result = host.cdi()
    assert (result["changed"], host.spec.exists()) == (False, False)
    assert "failed to locate libcuda.so" in result["reason"]


def test_check_mode_writes_nothing(host):
    host.gpus(smi_answers.gpu(0))
    assert host.cdi(check=True)["changed"] is True
    assert not host.spec.exists()
