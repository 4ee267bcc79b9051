"""A driver is loaded where that can be; a reboot is asked for where it cannot, and never without a GPU."""

import pytest

from graphistry_airgap.plugins.modules import airgap_driver_loaded as code

pytestmark = pytest.mark.subprocesses

VERSION = "550.163.01"
PROC = "NVRM version: NVIDIA UNIX {kind}  {version}  Release Build  (builder@host)\nGCC version: gcc 14\n"
PROPRIETARY, OPEN = "x86_64 Kernel Module", "Open Kernel Module for x86_64"
# what the kernel does with the module is in $STATE/kernel: loads, refuses, rejects
MODPROBE = """
echo "modprobe $*" >>"$STATE/calls"
case $(cat "$STATE/kernel") in
loads) cp "$STATE/loadable" "$STATE/version" ;;
refuses) echo "modprobe: ERROR: could not insert 'nvidia': No such device" >&2; exit 1 ;;
rejects) echo "modprobe: ERROR: could not insert 'nvidia': Key was rejected by service" >&2; exit 1 ;;
esac
"""
SYSTEMCTL = """
echo "systemctl $*" >>"$STATE/calls"
case $1 in
is-enabled) [ -e "$STATE/enabled" ] ;;
is-active) [ -e "$STATE/active" ] ;;
start) touch "$STATE/active" ;;
esac
"""


@pytest.fixture
def host(programs, call_module, tmp_path, monkeypatch):
    programs("modprobe", MODPROBE)
    programs("systemctl", SYSTEMCTL)
    (tmp_path / "calls").touch()
    (tmp_path / "osrelease").write_text("6.12.1-amd64\n")
    (tmp_path / "enabled").touch()
    (tmp_path / "loadable").write_text(PROC.format(kind=PROPRIETARY, version=VERSION))
    monkeypatch.setattr(code, "LOADED", tmp_path / "version")
    monkeypatch.setattr(code, "NOUVEAU", tmp_path / "nouveau")
    monkeypatch.setattr(code, "KERNEL", tmp_path / "osrelease")

    def run(*, gpus=1, kernel="loads", check=False):
        (tmp_path / "kernel").write_text(kernel)
        monkeypatch.setattr(code.gpu_pci, "devices", lambda host: [{"address": "0000:01:00.0"}] * gpus)
        return call_module("airgap_driver_loaded", check=check, version=VERSION)

    run.path = tmp_path
    run.calls = (tmp_path / "calls").read_text
    return run


def test_without_a_gpu_nothing_is_loaded_and_no_reboot_is_due(host):
    result = host(gpus=0)
    assert (result["changed"], result["driver_plan"]) == (False, {"loaded": ""})
    assert host.calls() == ""


def test_a_driver_that_can_be_loaded_needs_no_reboot(host):
    result = host()
    assert (result["changed"], result["driver_plan"]["loaded"]) == (True, VERSION)
    assert "systemctl start nvidia-persistenced.service" in host.calls()
    again = host()
    assert (again["changed"], host.calls().count("modprobe")) == (False, 1)


@pytest.mark.parametrize("kind", [PROPRIETARY, OPEN])
def test_the_loaded_driver_is_known_by_its_version(host, kind):
    (host.path / "version").write_text(PROC.format(kind=kind, version=VERSION))
    (host.path / "active").touch()
    assert host()["changed"] is False


@pytest.mark.parametrize(
    ("prepare", "kernel", "words"),
    [
        (lambda path: (path / "nouveau").mkdir(), "loads", "nouveau still has the GPU"),
        (
            lambda path: (path / "version").write_text(PROC.format(kind=OPEN, version="535.1.2")),
            "loads",
            "driver 535.1.2 is still loaded",
        ),
        (lambda path: None, "refuses", "No such device"),
        (
            lambda path: (path / "loadable").write_text(PROC.format(kind=OPEN, version="535.1.2")),
            "loads",
            "it cannot be loaded now",
        ),
    ],
)
def test_otherwise_a_reboot_is_asked_for_with_the_reason(host, prepare, kernel, words):
    prepare(host.path)
    result = host(kernel=kernel)
    assert (result["failed"], result["code"]) == (True, "reboot-required")
    assert words in result["msg"]
    assert VERSION in result["msg"]
    assert "6.12.1-amd64" in result["msg"]


def test_a_reboot_does_not_help_against_secure_boot(host):
    result = host(kernel="rejects")
    assert result["code"] == "driver-modules-rejected"
    assert "mokutil" in result["hint"]


def test_check_mode_loads_nothing(host):
    (host.path / "nouveau").mkdir()
    assert host(check=True)["changed"] is True
    assert "modprobe" not in host.calls()


def test_a_daemon_that_the_operator_disabled_stays_off(host):
    (host.path / "enabled").unlink()
    host()
    assert "systemctl start" not in host.calls()
