"""After it, the next boot keeps nouveau away; what is in order is not touched."""

import os
from dataclasses import replace

import pytest
from ansible_collections.graphistry.airgap.plugins.module_utils.tasks.driver import boot as code

from tests.kit.role_texts import text

pytestmark = pytest.mark.subprocesses

UPDATE = """
echo "update-initramfs $*" >>"$STATE/calls"
if grep -qs full "$STATE/disk"; then cat "$STATE/disk" >&2; exit 1; fi
ls "$STATE/modprobe.d" >"$STATE/boot/initrd.img-$3"
"""
SYSTEMCTL = """
echo "systemctl $*" >>"$STATE/calls"
case $1 in is-enabled) cat "$STATE/unit"; grep -q ^enabled "$STATE/unit" ;; esac
"""


@pytest.fixture
def host(programs, call_module, tmp_path, monkeypatch):
    programs("update-initramfs", UPDATE)
    programs("lsinitramfs", 'cat "$1"')
    programs("systemctl", SYSTEMCTL)
    for folder in ("modprobe.d", "boot"):
        (tmp_path / folder).mkdir()
    (tmp_path / "boot/initrd.img-6.1").write_text("old\n")
    (tmp_path / "unit").write_text("enabled\n")
    (tmp_path / "calls").touch()
    monkeypatch.setattr(code, "DROP_IN", tmp_path / "unit.d/graphistry-airgap.conf")
    monkeypatch.setattr(
        code.driver_initramfs, "images", lambda tool: {"6.1": tmp_path / "boot/initrd.img-6.1"}
    )

    def run(**more):
        blacklist = tmp_path / "modprobe.d/graphistry-airgap-nouveau.conf"
        # as dracut is told by the role, but of a blacklist elsewhere
        told = text("nvidia_driver", "dracut.conf").replace(
            code.ARGUMENTS["blacklist"]["default"], str(blacklist)
        )
        return call_module(
            "driver_boot",
            blacklist=str(blacklist),
            blacklist_content=text("nvidia_driver", "nouveau.conf"),
            dracut_content=told,
            daemon_content=text("nvidia_driver", "persistenced.conf"),
            prefix="nvidia-current",
            **more,
        )

    run.path = tmp_path
    run.calls = (tmp_path / "calls").read_text
    return run


def test_blacklist_initramfs_and_daemon_once(host):
    result = host()
    assert result["done"] == [
        "nouveau blacklisted",
        "initramfs of kernel 6.1 rebuilt",
        "persistence daemon bound to a loaded driver",
    ]
    assert "update-initramfs -u -k 6.1" in host.calls()
    assert b"blacklist nouveau" in (host.path / "modprobe.d/graphistry-airgap-nouveau.conf").read_bytes()
    again = host()
    assert (again["changed"], again["done"]) == (False, [])


def test_dracut_is_told_to_take_the_blacklist_along(host, programs, monkeypatch):
    """As on EL: it makes images for any machine, which have nothing of /etc/modprobe.d by themselves."""
    dracut = code.driver_initramfs.TOOLS[1]
    settings = host.path / "dracut.conf.d/graphistry-airgap.conf"
    told = replace(dracut, settings=str(settings))
    monkeypatch.setattr(code.driver_initramfs, "tool_of", lambda has: told)
    programs("dracut", f'echo "dracut $*" >>"$STATE/calls"; cat {settings} >"$2"')
    programs("lsinitrd", """sed -n 's/.*+=" \\(.*\\) "/-rw-r--r-- 1 root root 80 Jan 1 1970 \\1/p' "$1" """)
    result = host()
    assert result["done"][1:3] == [
        "dracut told to take the blacklist along",
        "initramfs of kernel 6.1 rebuilt",
    ]
    image = host.path / "boot/initrd.img-6.1"
    assert f"dracut --force {image} 6.1" in host.calls()
    again = host()
    assert (again["changed"], again["done"]) == (False, [])


def test_a_run_that_died_before_the_initramfs_is_healed(host):
    host()
    (host.path / "boot/initrd.img-6.1").write_text("old\n")
    assert host()["done"] == ["initramfs of kernel 6.1 rebuilt"]


def test_a_full_boot_is_told(host):
    said = f"gzip: No space left on device\n{'full ' * 900}\nE: it failed\n"
    (host.path / "disk").write_text(said)
    result = host()
    assert result["code"] == "initramfs-failed"
    assert result["msg"].startswith(f"{said}the initramfs of kernel 6.1 cannot be rebuilt")
    (host.path / "disk").unlink()
    assert "initramfs of kernel 6.1 rebuilt" in host()["done"]


def test_check_mode_writes_nothing(host):
    assert host(check=True)["changed"] is True
    assert list((host.path / "modprobe.d").iterdir()) == []
    assert "update-initramfs" not in host.calls()


@pytest.mark.parametrize(("state", "enabled"), [("disabled", True), ("masked", False), ("not-found", False)])
def test_the_daemon_is_enabled_unless_it_is_masked_or_absent(host, state, enabled):
    (host.path / "unit").write_text(f"{state}\n")
    host()
    assert ("systemctl enable nvidia-persistenced.service" in host.calls()) is enabled
    assert (host.path / "unit.d").exists() is enabled


def told(result):
    return [(one["kind"], one["what"].rpartition("/")[2], one["before"]) for one in result["changes"]]


def test_check_mode_foretells_the_very_changes_of_the_run(host, as_foretold):
    (host.path / "unit").write_text("disabled\n")
    # as systemd does, so that a third look finds it enabled
    systemctl = host.path / "programs/systemctl"
    systemctl.write_text(systemctl.read_text() + '[ "$1" != enable ] || echo enabled >"$STATE/unit"\n')
    result = as_foretold(host)
    assert told(result) == [
        ("file", "graphistry-airgap-nouveau.conf", None),
        ("file", "initrd.img-6.1", {"stale": True}),
        ("file", "graphistry-airgap.conf", None),
        ("unit", "nvidia-persistenced.service", {"enabled": False}),
    ]
    assert "blacklist nouveau" in result["diff"][0]["after"]
    assert {one["subject"] for one in result["changes"]} == {"driver"}


def test_check_mode_foretells_the_images_for_a_blacklist_that_somebody_changed(host, as_foretold):
    host()
    blacklist = host.path / "modprobe.d/graphistry-airgap-nouveau.conf"
    blacklist.write_text("# none\n")
    times = (host.path / "boot/initrd.img-6.1").stat().st_mtime
    os.utime(blacklist, (times - 10, times - 10))
    result = as_foretold(host)
    assert [name for _, name, _ in told(result)] == ["graphistry-airgap-nouveau.conf", "initrd.img-6.1"]
    assert result["diff"][0]["before"] == "# none\n"


def test_a_mode_alone_is_a_change_that_can_be_seen(host, as_foretold):
    host()
    (host.path / "unit.d/graphistry-airgap.conf").chmod(0o600)
    (change,) = as_foretold(host)["changes"]
    assert (change["before"]["mode"], change["after"]["mode"]) == ("0600", "0644")


def test_nothing_is_guessed_while_the_driver_is_still_to_come(host):
    said = host(check=True, waits_for="driver")
    assert (said["unknown_until"], said["changed"], said["changes"]) == ("driver", True, [])
    assert host(waits_for="driver")["changes"] != []
