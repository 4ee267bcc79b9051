"""A driver is loaded where that can be; a reboot is asked for where it cannot, and never without a GPU."""

import pytest
from ansible_collections.graphistry.airgap.plugins.module_utils.tasks.driver import loaded as code

pytestmark = pytest.mark.subprocesses

VERSION = "550.163.01"
PROC = "NVRM version: NVIDIA UNIX {kind}  {version}  Release Build  (builder@host)\nGCC version: gcc 14\n"
PROPRIETARY, OPEN = "x86_64 Kernel Module", "Open Kernel Module for x86_64"
# what the kernel does with the module is in $STATE/kernel: loads, refuses, rejects
MODPROBE = """
echo "modprobe $*" >>"$STATE/calls"
case $(cat "$STATE/kernel") in
loads) cp "$STATE/loadable" "$STATE/version" ;;
refuses) printf "modprobe: ERROR: could not insert 'nvidia': No such device\n%0900d\n" 0 >&2; exit 1 ;;
rejects) echo "modprobe: ERROR: could not insert 'nvidia': Key was rejected by service" >&2; exit 1 ;;
esac
"""
SYSTEMCTL = """
echo "systemctl $*" >>"$STATE/calls"
case $1 in
is-enabled) [ -e "$STATE/enabled" ] ;;
is-active) [ -e "$STATE/active" ] ;;
start) [ ! -e "$STATE/broken" ] || { echo "Job for $2 failed." >&2; exit 1; }
    touch "$STATE/active" ;;
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

    def run(*, gpus=1, kernel="loads", **more):
        (tmp_path / "kernel").write_text(kernel)
        monkeypatch.setattr(code.gpu_pci, "devices", lambda host: [{"address": "0000:01:00.0"}] * gpus)
        return call_module("driver_loaded", version=VERSION, **more)

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


def test_a_daemon_that_does_not_start_is_told_with_systemds_words(host):
    (host.path / "broken").touch()
    (finding,) = host()["findings"]
    assert (finding["severity"], finding["code"]) == ("warning", "driver-persistence-off")
    assert "Job for nvidia-persistenced.service failed." in finding["message"]
    assert "journalctl -u nvidia-persistenced.service" in finding["hint"]


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


def test_modprobe_s_words_come_first_and_whole(host):
    said = f"modprobe: ERROR: could not insert 'nvidia': No such device\n{'0' * 900}\n"
    assert host(kernel="refuses")["msg"].startswith(f"{said}driver {VERSION} is installed")


def test_a_reboot_does_not_help_against_secure_boot(host):
    result = host(kernel="rejects")
    assert result["msg"].startswith(
        "modprobe: ERROR: could not insert 'nvidia': Key was rejected by service\n"
    )
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


def test_check_mode_foretells_the_driver_and_its_daemon(host, as_foretold):
    result = as_foretold(host)
    assert [(one["kind"], one["what"], one["before"], one["after"]) for one in result["changes"]] == [
        ("module", "nvidia", None, {"version": VERSION}),
        ("unit", "nvidia-persistenced.service", {"active": False}, {"active": True}),
    ]


def test_check_mode_foretells_the_daemon_alone_where_the_driver_is_loaded(host, as_foretold):
    (host.path / "version").write_text(PROC.format(kind=OPEN, version=VERSION))
    (change,) = as_foretold(host)["changes"]
    assert change["kind"] == "unit"


def test_check_mode_foretells_the_driver_that_a_reboot_has_to_bring(host):
    (host.path / "enabled").unlink()
    (host.path / "version").write_text(PROC.format(kind=OPEN, version="535.1.2"))
    (change,) = host(check=True)["changes"]
    assert (change["before"], change["after"]) == ({"version": "535.1.2"}, {"version": VERSION})


def test_a_daemon_that_does_not_start_is_no_change(host):
    (host.path / "broken").touch()
    assert [one["kind"] for one in host()["changes"]] == ["module"]
    again = host()
    assert (again["changed"], [one["code"] for one in again["findings"]]) == (
        False,
        ["driver-persistence-off"],
    )


def test_nothing_is_guessed_while_the_driver_is_still_to_come(host):
    said = host(check=True, waits_for="driver")
    assert (said["unknown_until"], said["changed"], said["changes"]) == ("driver", True, [])
    assert host(check=True, waits_for="driver", gpus=0)["changed"] is False
    assert host(waits_for="driver")["driver_plan"] == {"loaded": VERSION}
