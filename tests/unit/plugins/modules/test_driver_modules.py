"""Modules are built once, and whatever a kill or a full disk left is made whole again."""

import functools
import json
import shutil

import pytest
from ansible_collections.graphistry.airgap.plugins.module_utils.tasks.driver import modules as code

from tests.kit.fakes import dkms_tree

pytestmark = pytest.mark.subprocesses


@pytest.fixture
def host(programs, call_module, tmp_path, monkeypatch):
    programs("dkms", dkms_tree.DKMS)
    programs("modinfo", dkms_tree.MODINFO)
    (tmp_path / "calls").touch()
    root = dkms_tree.make(tmp_path / "host")
    release = tmp_path / "osrelease"
    release.write_text(f"{dkms_tree.KERNEL}\n")
    monkeypatch.setattr(code, "KERNEL", release)
    monkeypatch.setattr(code.os, "uname", lambda: type("Names", (), {"machine": "x86_64"}))
    monkeypatch.setattr(code.driver_dkms, "Target", functools.partial(code.driver_dkms.Target, root=root))
    monkeypatch.setattr(code.dkms_flag, "lower", lambda: None)

    def run(dkms="nvidia-current", **more):
        return call_module(
            "driver_modules",
            dkms=dkms,
            version=dkms_tree.VERSION,
            modules=dkms_tree.MODULES,
            prefix="nvidia-current",
            record=str(tmp_path / "build.json"),
            **more,
        )

    run.root, run.path = root, tmp_path
    run.calls = lambda: (tmp_path / "calls").read_text().splitlines()
    run.fails = (tmp_path / "dkms-fails").write_text
    return run


def place(host, name="nvidia-current.ko.xz"):
    return host.root / "lib/modules" / dkms_tree.KERNEL / "updates/dkms" / name


def built(host):
    return host.root / "var/lib/dkms/nvidia-current" / dkms_tree.VERSION / dkms_tree.KERNEL / "x86_64"


def test_sources_under_the_files_name_are_found_where_those_of_the_known_name_are_not(host):
    """A vendor's package may call its modules another name than the version before it did."""
    assert host(dkms="nvidia-current-open")["changed"] is True
    assert "dkms build -m nvidia-current -v" in host.calls()[0]


def test_builds_installs_and_tells_how_long(host):
    result = host()
    assert result["changed"] is True
    entry = result["driver_plan"]["build"]
    assert (entry["kernel"], entry["version"]) == (dkms_tree.KERNEL, dkms_tree.VERSION)
    assert entry["modules"] == list(dkms_tree.FILES)
    assert entry["seconds"] >= 0
    assert [line.split()[1] for line in host.calls()] == ["build", "install"]


def test_a_second_run_builds_nothing_and_tells_the_same(host):
    first = host()["driver_plan"]
    before = dkms_tree.files(host.root), host.calls()
    again = host()
    assert (again["changed"], again["driver_plan"]) == (False, first)
    assert (dkms_tree.files(host.root), host.calls()) == before


def test_check_mode_says_so_and_does_nothing(host):
    assert host(check=True)["changed"] is True
    assert host.calls() == []


def lose_a_module(host):
    place(host).unlink()


def truncate_a_module(host):
    place(host, "nvidia-current-uvm.ko.xz").write_text("half")


def lose_the_link(host):
    (host.root / f"var/lib/dkms/nvidia-current/kernel-{dkms_tree.KERNEL}-x86_64").unlink()


def die_before_the_index(host):
    (host.root / "lib/modules" / dkms_tree.KERNEL / "modules.dep").write_text("kernel/other.ko.xz:\n")


def die_in_the_copying(host):
    lose_the_link(host)
    place(host).write_text("ha")
    place(host, "nvidia-current-uvm.ko.xz").unlink()


def have_both_damaged(host):
    place(host).write_text("half of it")
    (built(host) / "module/nvidia-current.ko.xz").write_text("half of it")


def die_in_the_build(host):
    lose_the_link(host)
    shutil.rmtree(place(host).parent)
    shutil.rmtree(built(host))
    (built(host).parent / ".tmp_x86_64_a1b2/module").mkdir(parents=True)
    build = built(host).parents[1] / "build"
    build.mkdir()
    (build / "nv.o").write_text("object")


def die_while_dkms_adds(host):
    die_in_the_build(host)
    (built(host).parents[1] / "source").unlink()


@pytest.mark.parametrize(
    ("harm", "builds"),
    [
        (lose_a_module, False),
        (truncate_a_module, False),
        (lose_the_link, False),
        (die_before_the_index, False),
        (die_in_the_copying, False),
        (have_both_damaged, True),
        (die_in_the_build, True),
        (die_while_dkms_adds, True),
    ],
)
def test_harm_is_healed_and_only_what_is_needed_is_done(host, harm, builds):
    host()
    wanted = dkms_tree.files(host.root)
    harm(host)
    if harm is have_both_damaged:
        # equal files look whole; what DKMS kept is read to its end only when something is wrong
        lose_the_link(host)
    (host.path / "calls").write_text("")
    foretold = host(check=True)
    assert host.calls() == []
    done = host()
    assert (foretold["changed"], foretold["changes"]) == (True, done["changes"])
    assert done["changed"] is True
    index = f"lib/modules/{dkms_tree.KERNEL}/modules.dep"
    now = dkms_tree.files(host.root)
    assert {key: now[key] for key in now if key != index} == {
        key: wanted[key] for key in wanted if key != index
    }
    assert ("build" in [line.split()[1] for line in host.calls() if line.startswith("dkms")]) is builds
    assert "archiving as original" not in host.calls()
    assert host()["changed"] is False


def test_a_failed_build_tells_its_last_lines_and_where_the_log_is(host):
    host.fails("build")
    noise = "\n".join(f"  gcc -c file{number}.c" for number in range(50))
    error, end = "nv.c:7:2: error: #error broken header", "make[1]: *** [nv.o] Error 1"
    wide = "x" * 900
    log = f"{noise}\n{error}\n{noise}\n{wide}\n{end}\n# exit code: 2\n"
    (host.path / "broken.log").write_text(log)
    result = host()
    assert (result["failed"], result["code"]) == (True, "driver-build-failed")
    assert result["msg"].startswith(f"{error}\n")
    assert f"{wide}\n{end}\n" in result["msg"]
    assert f"{host.root}/var/lib/dkms/nvidia-current/{dkms_tree.VERSION}/build/make.log" in result["msg"]
    assert result["msg"].count("gcc -c") < 15
    assert f"kernel {dkms_tree.KERNEL}" in result["msg"]
    assert result["hint"]
    host.fails("nothing")
    assert host()["changed"] is True


def test_a_full_disk_is_named_as_one(host):
    host.fails("build")
    (host.path / "broken.log").write_text("cc1: fatal error: nv.o: No space left on device\n")
    result = host()
    assert "the disk of " in result["msg"]
    assert "is full" in result["msg"]
    assert "free about" in result["hint"]


def test_a_module_that_cannot_be_read_to_its_end_is_no_module(host):
    host.fails("truncated")
    assert host()["code"] == "driver-build-failed"
    assert not built(host).exists()
    host.fails("nothing")
    assert host()["changed"] is True


def test_without_headers_nothing_is_asked_of_dkms(host):
    shutil.rmtree(host.root / "lib/modules" / dkms_tree.KERNEL / "build")
    result = host()
    assert result["code"] == "driver-headers-missing"
    assert "build" not in " ".join(host.calls())


def test_a_build_by_somebody_else_has_no_seconds(host):
    host()
    (host.path / "build.json").write_text(json.dumps({"kernel": "6.1", "version": "1", "seconds": 5}))
    assert "seconds" not in host()["driver_plan"]["build"]


def test_check_mode_foretells_the_modules(host, as_foretold):
    result = as_foretold(host)
    assert [(one["what"], one["before"], one["after"]) for one in result["changes"]] == [
        (f"{dkms_tree.KERNEL}/{name}", None, {"version": dkms_tree.VERSION, "whole": True})
        for name in dkms_tree.FILES
    ]


def test_only_the_module_that_is_not_whole_is_a_change(host, as_foretold):
    host()
    truncate_a_module(host)
    (change,) = as_foretold(host)["changes"]
    assert change["what"] == f"{dkms_tree.KERNEL}/nvidia-current-uvm"
    assert change["before"] == {"version": "", "whole": False}


def test_nothing_is_guessed_while_the_driver_s_packages_are_still_to_come(host):
    said = host(check=True, waits_for="driver")
    assert (said["unknown_until"], said["changed"], said["changes"]) == ("driver", True, [])
    assert said["driver_plan"]["build"]["kernel"] == dkms_tree.KERNEL
    assert host(waits_for="driver")["changes"] != []


@pytest.fixture
def ready(call_module, monkeypatch):
    def run(fault, **more):
        monkeypatch.setattr(code.driver_kernels, "fault", lambda host, kernel, version: fault.get(kernel, ""))
        return call_module(
            "driver_modules",
            prebuilt=["6.8.0-45-generic", "6.8.0-1017-aws"],
            version="580.126.20",
            modules=dkms_tree.MODULES,
            prefix="nvidia",
            record="/nowhere",
            **more,
        )

    return run


def test_ready_made_modules_that_are_there_need_nothing(ready):
    said = ready({})
    assert (said["changed"], said["changes"], said["driver_plan"]) == (False, [], {})


def test_ready_made_modules_that_are_not_there_are_no_success(ready):
    said = ready({"6.8.0-1017-aws": "not all of them are there"})
    assert (said["failed"], said["code"]) == (True, "driver-modules-absent")
    assert "for kernel 6.8.0-1017-aws were installed, and not all of them are there" in said["msg"]
    assert "dpkg-reconfigure" in said["hint"]


def test_check_mode_waits_for_the_packages_that_bring_them(ready):
    said = ready({"6.8.0-1017-aws": "not all of them are there"}, check=True, waits_for="driver")
    assert said["unknown_until"] == "driver"
