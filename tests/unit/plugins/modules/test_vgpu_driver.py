"""The guest driver of the bundle is installed once, and told as the module that the running kernel gets."""

import hashlib

import pytest
from ansible_collections.graphistry.airgap.plugins.module_utils.tasks.vgpu import driver as code

pytestmark = pytest.mark.subprocesses

KERNEL, VERSION = "6.12.1-amd64", "580.126.20"
INSTALLER = f"""#!/bin/sh
echo "$*" >>"$STATE/calls"
case $* in *--advanced-options*) exit 0 ;; esac
[ ! -e "$STATE/broken" ] || {{ echo "it does not build" >&2; exit 1; }}
root=$STATE/root
mkdir -p $root/usr/bin $root/usr/lib64 $root/lib/modules/{KERNEL}/updates
touch $root/usr/bin/nvidia-gridd $root/lib/modules/{KERNEL}/updates/nvidia.ko
touch $root/usr/lib64/libnvidia-ml.so.{VERSION}
ln -sfn libnvidia-ml.so.{VERSION} $root/usr/lib64/libnvidia-ml.so.1
"""


@pytest.fixture
def guest(programs, call_module, verify, tmp_path, monkeypatch):
    """A machine below `root`, and NVIDIA's installer on the medium."""
    programs("dpkg-query", "exit 1")
    (tmp_path / "calls").touch()
    root = tmp_path / "root"
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/osrelease").write_text(f"{KERNEL}\n")
    (tmp_path / "medium").mkdir()
    (tmp_path / "medium/driver.run").write_text(INSTALLER)
    verify(tmp_path / "medium")
    of_module = code.Host.of_module
    monkeypatch.setattr(code.Host, "of_module", lambda run: code.Host(of_module(run).run, root))
    own_copy = code.vgpu_install.own_copy
    monkeypatch.setattr(
        code.vgpu_install,
        "own_copy",
        lambda wanted, places: own_copy(wanted, [root / str(place).lstrip("/") for place in places]),
    )

    def run(**more):
        driver = {"path": "driver.run", "kind": "run", "version": VERSION}
        driver["sha256"] = hashlib.sha256(INSTALLER.encode()).hexdigest()
        return call_module(
            "vgpu_driver",
            bundle=str(tmp_path / "medium"),
            driver=driver,
            package_config=str(tmp_path / "apt.conf"),
            **more,
        )

    run.path, run.root = tmp_path, root
    run.calls = (tmp_path / "calls").read_text
    return run


def test_check_mode_foretells_the_guest_driver(guest, as_foretold):
    result = as_foretold(guest)
    (change,) = result["changes"]
    assert (change["subject"], change["kind"]) == ("vgpu", "module")
    assert change["what"] == f"{KERNEL}/nvidia"
    assert (change["before"], change["after"]) == (None, {"version": VERSION, "whole": True})
    assert result["reason"] == f"guest driver {VERSION} from the bundle"
    assert guest.calls().count("--silent") == 1


def test_check_mode_installs_nothing(guest):
    assert guest(check=True)["changed"] is True
    assert (guest.calls(), (guest.root / "usr").exists()) == ("", False)


def test_an_older_driver_is_told_with_its_version(guest, as_foretold):
    guest()
    (guest.root / "usr/lib64/libnvidia-ml.so.550.54.15").touch()
    library = guest.root / "usr/lib64/libnvidia-ml.so.1"
    library.unlink()
    library.symlink_to("libnvidia-ml.so.550.54.15")
    (change,) = as_foretold(guest)["changes"]
    assert change["before"] == {"version": "550.54.15", "whole": True}


def test_a_module_that_the_running_kernel_lacks_is_a_driver_that_is_not_whole(guest, as_foretold):
    guest()
    (guest.root / f"lib/modules/{KERNEL}/updates/nvidia.ko").unlink()
    (change,) = as_foretold(guest)["changes"]
    assert change["before"] == {"version": VERSION, "whole": False}


def test_an_installation_that_failed_is_not_done_until_it_ran_through(guest, as_foretold):
    guest()
    (guest.root / f"lib/modules/{KERNEL}/updates/nvidia.ko").unlink()
    (guest.path / "broken").touch()
    said = guest()
    assert (said["failed"], said["code"]) == (True, "vgpu-driver-failed")
    assert "changes" not in said
    (guest.root / f"lib/modules/{KERNEL}/updates/nvidia.ko").touch()
    (guest.path / "broken").unlink()
    (change,) = as_foretold(guest)["changes"]
    assert change["before"]["whole"] is False


def test_a_driver_that_is_no_guest_driver_is_left_alone(guest):
    guest()
    (guest.root / "usr/bin/nvidia-gridd").unlink()
    said = guest()
    assert (said["changed"], said["changes"]) == (False, [])
    assert "no guest driver" in said["reason"]
