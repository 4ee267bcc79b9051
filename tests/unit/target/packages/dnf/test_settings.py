"""versionlock and excludes, in the forms that dnf and its plugin write and read."""

import json
import shutil
import subprocess

import pytest

from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.packages.dnf import settings as dnf_settings
from graphistry_airgap.target.packages.dnf.settings import Settings

ENGINE, CLI = "docker-ce", "docker-ce-cli"
NEVRA = ("3:27.3.1-1.el9", "x86_64")
OTHER = ("3:28.5.1-1.el9", "x86_64")


@pytest.fixture
def host(tmp_path):
    return Host(run=None, root=tmp_path)


def written(host, *, locks="", main="", plugin=""):
    for path, text in {
        "/etc/dnf/dnf.conf": f"[main]\n{main}\n",
        "/etc/dnf/plugins/versionlock.conf": f"[main]\n{plugin}\n",
        "/etc/dnf/plugins/versionlock.list": locks,
    }.items():
        host.path(path).parent.mkdir(parents=True, exist_ok=True)
        host.path(path).write_text(text)
    return Settings.of(host)


@pytest.mark.parametrize(
    "entry",
    [
        # as `dnf versionlock add docker-ce` writes it, and by hand with --raw
        "docker-ce-3:27.3.1-1.el9.*",
        "docker-ce-27.*",
        "docker-ce-27.3.1",
        "docker-ce-3:27.3.1",
        "docker-ce-27.3.1-1.el9",
        "docker-ce-27.3.*-*",
        "docker-ce-3:27.3.1-1.el9.x86_64",
        "docker-c?-27.*",
    ],
)
def test_a_lock_keeps_a_name_to_what_matches(host, entry):
    settings = written(host, locks=f"\n# Added lock on Sun Nov 22 10:00:00 2026\n{entry}\n")
    assert not settings.bar(ENGINE, *NEVRA)
    assert settings.bar(ENGINE, *OTHER)
    assert settings.keep(ENGINE)
    assert not settings.bar("containerd.io", "1.7.22-3.1.el9", "x86_64")
    assert not settings.bar(CLI, "1:28.5.1-1.el9", "x86_64")


def test_several_locks_of_one_name_are_a_choice(host):
    settings = written(host, locks="docker-ce-27.*\ndocker-ce-28.*\n")
    assert not settings.bar(ENGINE, *NEVRA)
    assert not settings.bar(ENGINE, *OTHER)
    assert settings.bar(ENGINE, "3:29.0.0-1.el9", "x86_64")


@pytest.mark.parametrize("entry", ["docker-ce", "docker-ce.x86_64", "docker-ce*"])
def test_a_lock_without_a_version_takes_every_version(host, entry):
    assert not written(host, locks=entry).bar(ENGINE, *OTHER)


@pytest.mark.parametrize(
    "entry", ["!docker-ce-3:28.5.1-1.el9.*", "!docker-ce-28.*", "!docker-ce", "!docker-*"]
)
def test_what_is_excluded_stays_out(host, entry):
    assert written(host, locks=entry).bar(ENGINE, *OTHER)


def test_an_exclude_of_one_version_lets_others_come(host):
    assert not written(host, locks="!docker-ce-3:28.5.1-1.el9.*").bar(ENGINE, *NEVRA)


@pytest.mark.parametrize(
    "main", ["exclude=kernel*, docker-ce", "excludepkgs=docker-c?", "exclude=docker-ce-28*"]
)
def test_excludes_of_dnf_itself(host, main):
    settings = written(host, main=main)
    assert settings.bar(ENGINE, *OTHER)
    assert not settings.bar(CLI, "1:28.5.1-1.el9", "x86_64")


def test_a_plugin_that_is_off_and_a_list_elsewhere(host):
    assert not written(host, locks="docker-ce-27.*", plugin="enabled = 0").bar(ENGINE, *OTHER)
    host.path("/etc/locks").write_text("docker-ce-27.*\n")
    assert written(host, plugin="locklist = /etc/locks").bar(ENGINE, *OTHER)


@pytest.mark.parametrize("entry", ["docker-ce-27.* # ours", "docker ce", "(docker)", "docker-ce >= 27"])
def test_what_dnf_cannot_read_holds_nothing(host, entry):
    assert not written(host, locks=entry).bar(ENGINE, *OTHER)


@pytest.mark.subprocesses
def test_the_forms_are_those_of_libdnf():
    python = "/usr/bin/python3"
    if not shutil.which(python) or subprocess.run([python, "-c", "import hawkey"], check=False).returncode:
        pytest.skip("there is no hawkey")
    entries = [
        "docker-ce-27.*",
        "docker-ce-3:27.3.1-1.el9.*",
        "docker-ce",
        "docker-ce.x86_64",
        "*nvidia*580*",
    ]
    entries += ["kernel-5.14.0-503.40.1.el9_5", "containerd.io-0:1.7.22-3.1.el9.*", "a b", "docker-c?-27.*-1"]
    script = (
        "import hawkey, json, sys\n"
        "print(json.dumps([[[n.name, n.epoch, n.version, n.release, n.arch] for n in"
        " hawkey.Subject(e).get_nevra_possibilities()] for e in json.load(sys.stdin)]))"
    )
    done = subprocess.run(
        [python, "-c", script], input=json.dumps(entries), capture_output=True, text=True, check=True
    )
    parts = ("name", "epoch", "version", "release", "architecture")
    for entry, readings in zip(entries, json.loads(done.stdout), strict=True):
        ours = [[one.get(part) for part in parts] for one in dnf_settings._readings(entry)]
        theirs = [[None if part is None else str(part) for part in one] for one in readings]
        assert sorted(map(str, ours)) == sorted(map(str, theirs)), entry
