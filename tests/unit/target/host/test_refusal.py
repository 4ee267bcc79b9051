"""Whichever program refuses: its words stand first and whole, and ours after them."""

from types import SimpleNamespace

import pytest

from graphistry_airgap.target.docker import engine as docker_engine
from graphistry_airgap.target.gpu import smi as gpu_smi
from graphistry_airgap.target.host import refusal
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.packages.apt import (
    system as apt_system,
    trial as apt_simulation,
)
from graphistry_airgap.target.packages.dnf import (
    keys as rpm_keys,
    system as dnf_system,
    trial as dnf_simulation,
)
from graphistry_airgap.target.vgpu import gridd as vgpu_gridd, install as vgpu_install

# more lines, and more characters in one, than anything was ever cut at
SAID = "\n".join(["the cause", *(f"line {number}" for number in range(60)), "x" * 5000, "the end"])


def host(out="", error=SAID, status=1):
    return Host(run=lambda *_, **__: (status, out, error))


def settings(tmp_path):
    return SimpleNamespace(config=tmp_path / "apt.conf")


def no_repositories(_):
    return SimpleNamespace(repositories=(), lay_out=lambda _: None)


def gridd(tmp_path):
    vgpu_gridd.Gridd(lambda argv, **_: (1, "", SAID if argv[0] == "systemctl" else "")).enable()


REFUSED = {
    "apt's lists": lambda at: apt_system.Apt(host()).read_lists(settings(at)),
    "apt": lambda at: apt_system.Apt(host()).install(at, [], 1),
    "dpkg": lambda at: apt_system.Apt(host()).finish_interrupted(at),
    "dnf's lists": lambda at: dnf_system.Dnf(host()).read_lists(settings(at)),
    "dnf": lambda at: dnf_system.Dnf(host())._transact(at, "install", ["a"]),
    "rpm": lambda at: dnf_system.Dnf(host())._require(["rpm", "-e", "a"], "it stays"),
    "where packages lie": lambda at: dnf_simulation.locations(host(), at / "dnf.conf", ["a"]),
    "a ring of keys": lambda at: rpm_keys.ring(host(), [at / "key"], at).__enter__(),
    "the store of keys": lambda at: rpm_keys.add(host(), {at / "key": ["a"]}, ["a"]),
    "the guest driver": lambda at: vgpu_install._with_its_installer(
        host().run, SimpleNamespace(kernel="6.1"), at / "copy.run"
    ),
    "the licence's client": gridd,
    "Docker's start": lambda at: docker_engine.Engine(host().run, "/").start(restart=False),
    "Docker's reload": lambda at: docker_engine.Engine(host().run, "/").reload(),
    "Docker's list": lambda at: docker_engine.Engine(host().run, "/").running_containers(),
}


@pytest.mark.parametrize("which", REFUSED)
def test_a_refusal_stands_first_and_whole(which, tmp_path, monkeypatch):
    monkeypatch.setattr(dnf_system.dnf_source.Medium, "of", no_repositories)
    with pytest.raises(Exception, match="the cause") as caught:
        REFUSED[which](tmp_path)
    assert str(caught.value).startswith(f"{SAID}\n")


def test_a_program_that_says_nothing_is_told_as_that():
    assert refusal.told("apt cannot do it", refusal.words(" \n", "")) == (
        "apt cannot do it, and no reason was given"
    )
    assert refusal.told("apt cannot do it", refusal.words("E: no\n", "")) == "E: no\napt cannot do it"


def test_apt_lists_what_does_not_fit_where_nobody_looks_for_errors():
    unmet = [f" package{number} : Depends: other but it is not installable" for number in range(30)]
    out = "\n".join(["Reading package lists...", "The following packages have unmet dependencies:", *unmet])
    error = "E: Unable to correct problems, you have held broken packages."
    assert apt_simulation.complaint(out, error) == "\n".join([*unmet, error])


def test_dnf_s_error_comes_before_what_a_package_s_script_said():
    out = "Running transaction\n  Running scriptlet: a-1.x86_64\ncannot reach the bus\n"
    problems = "\n".join(f" Problem {number}: nothing provides b" for number in range(30))
    error = (
        f"Last metadata expiration check: 0:00:01 ago\nError: \n{problems}\n(try to add '--skip-broken')\n"
    )
    said = dnf_simulation.complaint(out, error)
    assert said.startswith(f"Error:\n{problems}\n")
    assert said.endswith("cannot reach the bus")
    assert "metadata" not in said
    assert "try to add" not in said


def test_nvidia_smi_s_second_line_is_kept():
    said = "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 535.216"
    answer = gpu_smi.ask(host(out=f"{said}\n", error="", status=18).run)
    assert (answer.state, answer.detail) == (gpu_smi.NO_DRIVER, said)


def test_each_file_that_rpm_gives_no_verdict_on_has_its_words(tmp_path):
    ring = rpm_keys.Ring(host(), tmp_path)
    assert ring.refused(["/a.rpm"]) == {"/a.rpm": SAID}
