"""The guest driver: what a host has of it, what is decided, and how its file is installed."""

import hashlib
from pathlib import Path

import pytest

from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.vgpu import driver as vgpu_driver, install as vgpu_install

KERNEL = "6.12.117+deb13-amd64"
THERE = {
    "version": "580.126.20",
    "gridd": True,
    "module": True,
    "whole": True,
    "packaged": True,
    "begun": False,
}
WANTED = {"path": "x.deb", "kind": "deb", "version": "580.126.20"}
HELP = "  -s, --silent\n  --dkms, --no-dkms\n  --no-nouveau-check\n  --skip-module-loading\n"


class Programs:
    """Answers by the words of a command, and what was asked."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    def __call__(self, argv, environment=None, *, environ_update=None):
        self.asked.append(list(argv))
        words = " ".join(argv)
        return next((answer for key, answer in self.answers.items() if key in words), (0, "", ""))


def host(root, **answers):
    return Host(run=Programs(**answers), root=root)


def put(root, name, text=""):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_bare_machine_has_nothing(tmp_path):
    found = vgpu_driver.probe(host(tmp_path), KERNEL, {"driver": {}}, "/media")
    assert found == {
        "version": "",
        "gridd": False,
        "module": False,
        "headers": False,
        "tools": [],
        "whole": True,
        "packaged": False,
        "begun": False,
    }


@pytest.mark.parametrize("module", ["updates/dkms/nvidia.ko.xz", "kernel/drivers/video/nvidia.ko"])
def test_a_guest_driver_is_known_by_its_files(tmp_path, module):
    library = put(tmp_path, "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.126.20")
    library.with_name("libnvidia-ml.so.1").symlink_to(library.name)
    for name in ("usr/bin/nvidia-gridd", "usr/bin/gcc", f"lib/modules/{KERNEL}/{module}"):
        put(tmp_path, name)
    put(tmp_path, f"lib/modules/{KERNEL}/build/Makefile")
    machine = host(tmp_path, **{"dpkg-query": (0, "nvidia-linux-grid-580: /usr/bin/nvidia-gridd\n", "")})
    found = vgpu_driver.probe(machine, KERNEL, {"driver": {}}, "/media")
    assert found == {**THERE, "headers": True, "tools": ["gcc"]}


def test_a_package_that_dpkg_did_not_finish_is_not_whole(tmp_path):
    state = "nvidia-linux-grid-580\tamd64\t580.126.20\tinstall\tok\thalf-configured\n"
    machine = host(tmp_path, **{"dpkg-deb": (0, "nvidia-linux-grid-580\n", ""), "dpkg-query": (0, state, "")})
    assert vgpu_driver.probe(machine, KERNEL, {"driver": WANTED}, "/media")["whole"] is False


@pytest.mark.parametrize(
    ("found", "wanted", "action"),
    [
        ({}, WANTED, "leave"),
        ({}, {}, "leave"),
        ({"version": ""}, {}, "leave"),
        ({"version": "", "gridd": False}, {}, "none"),
        ({"version": "", "gridd": False}, WANTED, "install"),
        ({"version": "580.105.08"}, WANTED, "install"),
        ({"version": "590.1"}, WANTED, "leave"),
        ({"module": False}, WANTED, "install"),
        ({"whole": False}, WANTED, "install"),
        ({"gridd": False}, WANTED, "foreign"),
        ({"gridd": False}, {}, "foreign"),
        ({"packaged": False, "version": "580.105.08"}, WANTED, "foreign"),
        ({"version": "580.105.08"}, {**WANTED, "kind": "run"}, "foreign"),
        ({"packaged": False, "module": False}, {**WANTED, "kind": "run"}, "install"),
        ({"packaged": False}, WANTED, "leave"),
        ({"begun": True}, WANTED, "install"),
        ({"begun": True, "gridd": False}, {**WANTED, "kind": "run"}, "install"),
        ({"begun": True}, {}, "leave"),
    ],
)
def test_what_is_decided(found, wanted, action):
    assert vgpu_driver.decide({**THERE, **found}, wanted).action == action


def wanted(tmp_path, kind, data=b"driver", sha256=None):
    source = tmp_path / f"medium.{kind}"
    source.write_bytes(data)
    digest = sha256 or hashlib.sha256(data).hexdigest()
    return vgpu_install.Wanted(source, digest, kind, KERNEL, "/apt.conf")


def test_what_is_copied_is_what_was_checked_and_is_gone_afterwards(tmp_path):
    with vgpu_install.own_copy(wanted(tmp_path, "run"), [tmp_path / "state"]) as copy:
        assert copy.read_bytes() == b"driver"
        assert copy.parent.stat().st_mode & 0o777 == 0o700
    assert not (tmp_path / "state" / "guest-driver").exists()


def test_after_a_failure_the_next_run_knows_of_it_and_the_copy_is_gone(tmp_path):
    place = tmp_path / "var/lib/graphistry-airgap"
    one = wanted(tmp_path, "run")
    with pytest.raises(KeyboardInterrupt), vgpu_install.own_copy(one, [place]):
        raise KeyboardInterrupt
    assert list((place / vgpu_driver.BEGUN).iterdir()) == []
    assert vgpu_driver.probe(host(tmp_path), KERNEL, {"driver": {}}, "/media")["begun"] is True
    with vgpu_install.own_copy(one, [place]):
        pass
    assert vgpu_driver.probe(host(tmp_path), KERNEL, {"driver": {}}, "/media")["begun"] is False


def test_a_changed_file_is_refused_and_not_kept(tmp_path):
    with (
        pytest.raises(vgpu_install.GuestDriverError) as caught,
        vgpu_install.own_copy(wanted(tmp_path, "run", sha256="0" * 64), [tmp_path]),
    ):
        pytest.fail("it was handed over")
    assert caught.value.code == "bundle-file-changed"
    assert not (tmp_path / "guest-driver").exists()


def test_a_link_on_the_medium_is_not_followed(tmp_path):
    one = wanted(tmp_path, "run")
    one.source.rename(tmp_path / "elsewhere")
    one.source.symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(vgpu_install.GuestDriverError, match="symbolic"),
        vgpu_install.own_copy(one, [tmp_path]),
    ):
        pytest.fail("it was handed over")


def test_a_run_file_gets_the_options_that_it_knows(tmp_path, monkeypatch):
    monkeypatch.setattr(vgpu_install.shutil, "which", lambda name: f"/usr/sbin/{name}")
    run = Programs(**{"--advanced-options": (0, HELP, "")})
    vgpu_install.install(run, wanted(tmp_path, "run"), tmp_path / "copy.run")
    command = " ".join(run.asked[-1])
    assert f"sh {tmp_path}/copy.run --silent --kernel-name {KERNEL}" in command
    assert command.endswith("--dkms --no-nouveau-check")


def test_without_dkms_the_module_is_built_for_this_kernel_only(tmp_path, monkeypatch):
    monkeypatch.setattr(vgpu_install.shutil, "which", lambda _: None)
    run = Programs(**{"--advanced-options": (0, HELP, "")})
    vgpu_install.install(run, wanted(tmp_path, "run"), tmp_path / "copy.run")
    assert "--dkms" not in run.asked[-1]


def test_a_failing_installer_s_words_are_in_the_error(tmp_path, monkeypatch):
    monkeypatch.setattr(vgpu_install, "LOG", str(tmp_path / "log"))
    (tmp_path / "log").write_text("ERROR: Unable to build the NVIDIA kernel module.\n")
    run = Programs(**{"--silent": (1, "", "see the log"), "--advanced-options": (0, HELP, "")})
    with pytest.raises(vgpu_install.GuestDriverError) as caught:
        vgpu_install.install(run, wanted(tmp_path, "run"), tmp_path / "copy.run")
    assert caught.value.log == "ERROR: Unable to build the NVIDIA kernel module."
    assert caught.value.code == "vgpu-driver-failed"


@pytest.mark.parametrize(
    "plan", ["Inst linux-image-6.12.118+deb13-amd64 (6.12.118-1 Debian:13)\n", "Remv nvidia-driver [550]\n"]
)
def test_a_package_that_moves_the_kernel_or_removes_others_is_not_installed(tmp_path, plan):
    run = Programs(**{"--simulate": (0, plan, "")})
    with pytest.raises(vgpu_install.GuestDriverError) as caught:
        vgpu_install.install(run, wanted(tmp_path, "deb"), tmp_path / "copy.deb")
    assert caught.value.code == "host-vgpu-driver-conflict"
    assert "--simulate" in run.asked[-1]
    assert Path(run.asked[-1][-2]).name == "copy.deb"


def test_a_package_is_installed_once_its_plan_is_harmless(tmp_path):
    run = Programs(
        **{"--simulate": (0, "Inst nvidia-linux-grid-580 (580.126.20)\nInst linux-headers-x (1)\n", "")}
    )
    vgpu_install.install(run, wanted(tmp_path, "deb"), tmp_path / "copy.deb")
    assert run.asked[-1][-2:] == ["install", str(tmp_path / "copy.deb")]
