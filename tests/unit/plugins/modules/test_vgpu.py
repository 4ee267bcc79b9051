"""The modules for vGPU guests, with programs of the test's own in the place of systemd and nvidia-smi."""

import os
from pathlib import Path

import pytest
from ansible_collections.graphistry.airgap.plugins.module_utils.tasks.vgpu import loaded as vgpu_loaded

from tests.kit.fakes import smi_answers, vgpu_guest

pytestmark = pytest.mark.subprocesses

STAND_IN = Path(__file__).resolve().parents[4] / "lab/stand_ins/nvidia-smi/nvidia-smi"
# `systemctl` notes what it was asked for; a restart gives the licence when a server answers
SYSTEMCTL = """
echo "$*" >>"$STATE/asked"
case $1 in
is-enabled) test -e "$STATE/enabled" ;;
is-active) test -e "$STATE/active" ;;
enable) touch "$STATE/enabled" ;;
restart) touch "$STATE/active"
    [ ! -e "$STATE/answers" ] || sed -i 's/>Unlicensed[^<]*</>Licensed</' "$STATE/capture.xml" ;;
esac
"""


@pytest.fixture
def guest(programs, tmp_path, monkeypatch):
    """`guest(licence, driver, fault)` is what nvidia-smi says from now on; returns the test's directory."""
    monkeypatch.setenv("NVIDIA_SMI_STAND_IN", os.fspath(tmp_path))
    programs("nvidia-smi", f'exec {STAND_IN} "$@"')
    programs("systemctl", SYSTEMCTL)
    programs("journalctl", "echo Failed to acquire license from dls.example")
    programs("modprobe", 'echo modprobe "$@" >>"$STATE/asked"')

    def say(licence="Unlicensed (Restricted)", driver="580.126.20", fault=""):
        answer = smi_answers.answer(smi_answers.vgpu(licence=licence), driver=driver)
        (tmp_path / "capture.xml").write_bytes(answer)
        (tmp_path / "fault").write_text(fault)
        return tmp_path

    return say


@pytest.fixture
def licence(call_module, tmp_path):
    def call(**given):
        return call_module("vgpu_licence", pending=os.fspath(tmp_path / "pending"), **{"timeout": 1, **given})

    return call


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """`installed(version)` lays the library of a guest driver where they are looked for."""

    def put(version):
        folder = tmp_path / "lib"
        folder.mkdir()
        (folder / f"libnvidia-ml.so.{version}").touch()
        (folder / "libnvidia-ml.so.1").symlink_to(f"libnvidia-ml.so.{version}")
        monkeypatch.setattr(vgpu_loaded.vgpu_driver, "_LIBRARIES", (os.fspath(folder),))

    monkeypatch.setattr(vgpu_loaded.vgpu_driver, "_LIBRARIES", ())
    return put


def asked(folder):
    path = folder / "asked"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line for line in lines if not line.startswith("is-")]


def test_a_licensed_guest_is_left_in_peace(guest, licence):
    folder = guest("Licensed (Expiry: 2027-1-31 11:32:22 GMT)")
    (folder / "enabled").touch()
    (folder / "active").touch()
    said = licence()
    assert (said["changed"], said["vgpu_state"]) == (False, {"licence": "acquired"})
    assert asked(folder) == []


@pytest.mark.parametrize("reason", ["pending", "inactive", "unlicensed"])
def test_the_client_is_restarted_for_a_reason_only(guest, licence, reason):
    folder = guest("Unlicensed" if reason == "unlicensed" else "Licensed")
    (folder / "enabled").touch()
    (folder / "answers").touch()
    if reason != "inactive":
        (folder / "active").touch()
    if reason == "pending":
        (folder / "pending").touch()
    said = licence()
    assert (said["changed"], said["done"]) == (True, ["restarted"])
    assert not (folder / "pending").exists()
    assert asked(folder)[-1] == "restart nvidia-gridd.service"


def test_a_server_that_gives_no_licence_is_named_with_the_client_s_words(guest, licence, tmp_path):
    folder = guest()
    token = tmp_path / "token"
    token.write_bytes(vgpu_guest.token("dls.example"))
    (folder / "pending").touch()
    said = licence(token=os.fspath(token))
    assert (said["failed"], said["code"]) == (True, "vgpu-unlicensed")
    assert "from the licence server dls.example" in said["msg"]
    assert said["log"] == "Failed to acquire license from dls.example"
    assert said["vgpu_state"] == {"licence": "not acquired"}
    assert token.read_text() not in str(said)
    assert (folder / "pending").exists()


def test_check_mode_restarts_nothing(guest, call_module, tmp_path):
    folder = guest()
    said = call_module("vgpu_licence", check=True, pending=os.fspath(tmp_path / "pending"))
    assert (said["changed"], asked(folder)) == (True, [])


@pytest.mark.parametrize(
    ("wanted", "driver"), [("580.126.20", "580.126.20"), ("", "550.1"), ("550.9", "580.1")]
)
def test_a_driver_that_answers_needs_no_reboot(guest, call_module, wanted, driver):
    folder = guest(driver=driver)
    said = call_module("vgpu_loaded", version=wanted)
    assert (said["changed"], said["loaded"], asked(folder)) == (False, driver, [])


@pytest.mark.parametrize(
    ("says", "why", "tried"),
    [
        ({"driver": "550.54.15"}, "driver 550.54.15 is still loaded", []),
        ({"fault": "no-driver"}, "couldn't communicate", ["modprobe nvidia"]),
    ],
)
def test_an_old_driver_or_none_calls_for_a_reboot(guest, call_module, says, why, tried):
    folder = guest(**says)
    said = call_module("vgpu_loaded", version="580.126.20")
    assert (said["failed"], said["code"]) == (True, "reboot-required")
    assert why in said["msg"]
    assert asked(folder) == tried


def test_modprobe_s_words_come_before_those_of_nvidia_smi(guest, call_module, programs):
    guest(fault="no-driver")
    programs("modprobe", r"printf 'modprobe: ERROR: no such device\n%0900d\n' 0 >&2; exit 1")
    said = call_module("vgpu_loaded", version="580.126.20")
    assert said["msg"].startswith(f"modprobe: ERROR: no such device\n{'0' * 900}\nthe guest driver 580")
    assert "couldn't communicate" in said["msg"]


def test_nouveau_is_named_and_not_pushed_aside(guest, call_module, tmp_path, monkeypatch):
    monkeypatch.setattr(vgpu_loaded, "NOUVEAU", tmp_path)
    folder = guest(fault="no-driver")
    said = call_module("vgpu_loaded", version="580.126.20")
    assert (said["code"], "nouveau" in said["msg"], asked(folder)) == ("reboot-required", True, [])


def test_a_module_that_secure_boot_refuses_is_no_reason_for_a_reboot(guest, call_module, programs):
    guest(fault="no-driver")
    programs(
        "modprobe", "echo 'modprobe: ERROR: could not insert nvidia: Key was rejected by service' >&2; exit 1"
    )
    assert call_module("vgpu_loaded", version="580.126.20")["code"] == "driver-modules-rejected"


@pytest.mark.parametrize(
    ("reason", "given"),
    [
        ("pending", {"restarted": ["configuration"]}),
        ("unlicensed", {"restarted": ["licence"]}),
        ("inactive", {}),
    ],
)
def test_check_mode_foretells_the_client_s_unit(guest, licence, as_foretold, reason, given):
    folder = guest("Unlicensed" if reason == "unlicensed" else "Licensed")
    (folder / "answers").touch()
    if reason != "inactive":
        (folder / "active").touch()
    if reason == "pending":
        (folder / "pending").touch()
    (change,) = as_foretold(licence)["changes"]
    assert (change["subject"], change["what"]) == ("vgpu", "nvidia-gridd.service")
    assert change["before"] == {"enabled": False, "active": reason != "inactive"}
    assert change["after"] == {"enabled": True, "active": True, **given}


def test_check_mode_knows_of_a_file_that_the_run_will_have_written(guest, licence):
    folder = guest("Licensed")
    (folder / "enabled").touch()
    (folder / "active").touch()
    foretold = licence(check=True, restart=True)
    (folder / "pending").touch()
    done = licence(restart=True)
    assert (foretold["changes"], foretold["diff"]) == (done["changes"], done["diff"])
    assert done["changes"][0]["after"]["restarted"] == ["configuration"]
    assert licence(check=True)["changes"] == []


def test_no_licence_is_foretold_before_the_driver_runs(guest, licence):
    folder = guest(fault="no-driver")
    said = licence(check=True, waits_for="driver")
    assert (said["unknown_until"], said["changed"], said["changes"]) == ("driver", True, [])
    assert "vgpu_state" not in said
    assert asked(folder) == []


def test_check_mode_foretells_the_driver_that_is_loaded(guest, call_module, programs, installed, as_foretold):
    folder = guest(fault="no-driver")
    installed("580.126.20")
    programs("modprobe", 'echo modprobe "$@" >>"$STATE/asked"; : >"$STATE/fault"')

    def loaded(**more):
        return call_module("vgpu_loaded", version="580.126.20", **more)

    result = as_foretold(loaded)
    (change,) = result["changes"]
    assert (change["kind"], change["what"]) == ("module", "nvidia")
    assert (change["before"], change["after"]) == (None, {"version": "580.126.20"})
    assert (result["loaded"], asked(folder)) == ("580.126.20", ["modprobe nvidia"])


def test_check_mode_foretells_the_driver_that_a_reboot_has_to_bring(guest, call_module, installed):
    guest(driver="550.54.15")
    installed("580.126.20")
    (change,) = call_module("vgpu_loaded", check=True, version="580.126.20")["changes"]
    assert (change["before"], change["after"]) == ({"version": "550.54.15"}, {"version": "580.126.20"})


@pytest.mark.parametrize(("there", "waits_for"), [("", ""), ("550.54.15", ""), ("580.126.20", "driver")])
def test_nothing_is_guessed_of_a_driver_that_is_still_to_be_installed(
    guest, call_module, installed, there, waits_for
):
    folder = guest(fault="no-driver")
    if there:
        installed(there)
    said = call_module("vgpu_loaded", check=True, version="580.126.20", waits_for=waits_for)
    assert (said["unknown_until"], said["changed"], said["changes"]) == ("driver", True, [])
    assert (said["loaded"], asked(folder)) == ("", [])


def test_a_driver_that_answers_is_known_also_while_others_wait(guest, call_module):
    guest(driver="580.126.20")
    said = call_module("vgpu_loaded", check=True, version="580.126.20", waits_for="driver")
    assert (said["changed"], said["loaded"]) == (False, "580.126.20")
