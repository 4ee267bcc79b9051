"""Simulated and real transactions: a real dnf, a signed repository, an rpm database of its own."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.packages import model as packages
from graphistry_airgap.target.packages.dnf import (
    system as dnf_system,
    trial as dnf_simulation,
)
from graphistry_airgap.target.packages.dnf.trial import read_table
from graphistry_airgap.target.packages.model import PackageError
from graphistry_airgap.target.preflight.probes import packages as probe_packages
from tests.kit.bundles.bundle_of_rpms import RpmBundle, installed, own_database, wanted
from tests.kit.bundles.dnf_repository import without_sha256

pytestmark = [pytest.mark.subprocesses, pytest.mark.lengthy]
GOOD = {
    "index_error": "",
    "conflict": "",
    "removed": [],
    "pinned": [],
    "missing_files": [],
    "refused_files": [],
    "without_sha256": [],
    "streams": [],
}


def run(argv, environment):
    done = subprocess.run(
        argv, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def bundle(tmp_path, keys):
    # the blank stands for a medium that a desktop has mounted by its label
    return RpmBundle(tmp_path / "my bundle", keys)


@pytest.fixture
def system(tmp_path, monkeypatch):
    own_database(monkeypatch, tmp_path / "home")
    root = tmp_path / "host"
    (root / "run").mkdir(parents=True)
    return dnf_system.Dnf(Host(run=run, root=root))


class Site:
    """What the modules do one after the other, on a state directory below the host's root."""

    def __init__(self, system, bundle):
        self.system, self.bundle = system, bundle
        self.state = system.host.path("/var/lib/graphistry-airgap/dnf")
        self.state.mkdir(parents=True)
        self.settings = None

    def simulate(self, *names):
        return self.system.simulate(
            bundle=str(self.bundle.root),
            repositories=[self.bundle.entry()],
            digests=self.bundle.digests(),
            packages=wanted(*names),
        )

    def open(self):
        entries = [self.bundle.entry()]
        self.settings = self.system.settings(self.state, self.bundle.root, entries, self.bundle.digests())
        for path, data in self.settings.files.items():
            path.write_bytes(data)
        self.system.read_lists(self.settings)
        missing = self.system.missing_keys(self.settings)
        self.system.add_keys(self.settings, missing)
        return missing

    def install(self, *names):
        needed = packages.changes(wanted(*names), self.system.installed(), self.system)
        self.system.install(self.settings.config, needed, 1)
        return needed


@pytest.fixture
def site(system, bundle):
    return Site(system, bundle)


def tree(root):
    return {str(path): path.read_bytes() if path.is_file() else None for path in Path(root).rglob("*")}


def test_a_closure_that_fits_has_no_trouble_and_leaves_nothing_behind(site, tmp_path):
    site.bundle.add("engine", "1:2.0-1.el9", requires="runc-shim >= 1~")
    site.bundle.add("runc-shim", "1.0-1.el9")
    site.bundle.publish()
    before = tree(site.system.host.root), installed(tmp_path / "home")
    found = site.simulate("engine=1:2.0-1.el9", "runc-shim=1.0-1.el9")
    assert found == GOOD | {"installed": ["engine", "runc-shim"]}
    assert (tree(site.system.host.root), installed(tmp_path / "home")) == before


def test_an_unmet_dependency_is_a_conflict_in_dnf_s_words(site):
    site.bundle.add("engine", "2.0-1.el9", requires="nowhere")
    site.bundle.publish()
    assert "nothing provides nowhere needed by engine" in site.simulate("engine=2.0-1.el9")["conflict"]


def test_a_version_that_the_bundle_lacks_is_a_conflict(site):
    site.bundle.add("engine", "2.0-1.el9")
    site.bundle.publish()
    assert "engine-3.0-1.el9" in site.simulate("engine=3.0-1.el9")["conflict"]


def test_a_package_that_the_mirror_advertises_and_lacks_is_named_with_its_path(site):
    file = site.bundle.add("engine", "2.0-1.el9")
    site.bundle.publish()
    file.unlink()
    (row,) = site.simulate("engine=2.0-1.el9")["missing_files"]
    assert row == {"package": "engine", "path": str(file), "reason": "the file is not there"}


@pytest.mark.parametrize("how", ["unsigned", "by a stranger", "changed since"])
def test_a_package_that_no_key_of_the_repository_vouches_for(site, how):
    signer = {"unsigned": None, "by a stranger": "stranger"}.get(how, "signer")
    file = site.bundle.add("engine", "2.0-1.el9", signer=signer)
    site.bundle.publish()
    if how == "changed since":
        data = bytearray(file.read_bytes())
        data[-100] ^= 1
        file.write_bytes(data)
    (row,) = site.simulate("engine=2.0-1.el9")["refused_files"]
    assert (row["package"], row["path"]) == ("engine", str(file))
    assert "NOT OK" in row["reason"]
    site.open()
    with pytest.raises(PackageError, match="vouches for") as refused:
        site.install("engine=2.0-1.el9")
    assert refused.value.code == "bundle-package-signature"
    assert "engine" not in installed(os.environ["HOME"])


def test_a_package_without_sha256_digests_is_signed_all_the_same_and_named(site):
    """Whether that matters is the host's: in FIPS mode rpm does not take it."""
    old = site.bundle.add("nvidia-container-toolkit", "1.17.8-1", signer=None)
    without_sha256(old)
    site.bundle.repository.sign_packages("signer", str(old))
    site.bundle.add("engine", "2.0-1.el9")
    site.bundle.publish()
    found = site.simulate("engine=2.0-1.el9", "nvidia-container-toolkit=1.17.8-1")
    assert found["refused_files"] == []
    assert found["without_sha256"] == ["nvidia-container-toolkit 1.17.8-1"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[container-tools]\nname=container-tools\nstream=4.0\nprofiles=\nstate=enabled\n", True),
        ("[container-tools]\nname=container-tools\nstream=rhel8\nprofiles=\nstate=enabled\n", False),
        ("[container-tools]\nname=container-tools\nstream=\nprofiles=\nstate=\n", False),
        ("[postgresql]\nname=postgresql\nstream=16\nprofiles=\nstate=enabled\n", False),
        ("what is this", False),
    ],
)
def test_a_stream_that_the_host_keeps_to_and_the_bundle_is_not_of(site, text, told):
    label = "container-tools:rhel8:8100020250101:deadbeef"
    site.bundle.add("container-selinux", "2:2.229.0-2.module+el8", modularitylabel=label)
    site.bundle.publish()
    file = site.system.host.path("/etc/dnf/modules.d/container-tools.module")
    file.parent.mkdir(parents=True)
    file.write_text(text)
    found = site.simulate("container-selinux=2:2.229.0-2.module+el8")
    row = {"module": "container-tools", "stream": "rhel8", "enabled": "4.0"}
    expected = [{**row, "file": "/etc/dnf/modules.d/container-tools.module"}] if told else []
    assert found == GOOD | {"installed": ["container-selinux"], "streams": expected}


def test_of_packages_that_stand_beside_each_other_the_kernel_s_own_counts(site):
    """`kernel` says which; another version, be it newer, serves another kernel."""
    for version in ("5.14.0-503.el9", "5.14.0-600.el9"):
        site.bundle.add("kernel-modules-extra", version, provides="installonlypkg(kernel-module)")
    site.bundle.publish()
    site.open()
    site.install("kernel-modules-extra=5.14.0-600.el9")
    (entry,) = wanted("kernel-modules-extra=5.14.0-503.el9")
    mine = {**entry, "kernel": "5.14.0-503.el9.x86_64"}
    present = site.system.installed()
    assert packages.changes([entry], present, site.system) == []
    (change,) = packages.changes([mine], present, site.system)
    assert (change.version, change.before) == ("5.14.0-503.el9", "")
    site.system.install(site.settings.config, [change], 1)
    assert packages.changes([mine], site.system.installed(), site.system) == []
    assert probe_packages.packages(site.system, [mine])["wanted"][0]["state"] == "equal"
    assert [one["kernel"] for one in packages.of_kernel([entry, mine], "5.14.0-503.el9.x86_64")[1:]] == [
        mine["kernel"]
    ]
    assert packages.of_kernel([entry, mine], "other") == [entry]


def test_no_older_kernel_s_package_goes_for_a_fourth_one(site):
    """Where dnf's own settings keep three of a kind."""
    versions = [f"6.12.0-{number}.el10" for number in range(1, 5)]
    for version in versions:
        site.bundle.add("kernel-devel", version, provides="installonlypkg(kernel)")
    site.bundle.publish()
    site.open()
    for version in versions:
        (entry,) = wanted(f"kernel-devel={version}")
        mine = {**entry, "kernel": f"{version}.x86_64"}
        needed = packages.changes([mine], site.system.installed(), site.system)
        site.system.install(site.settings.config, needed, 1)
    assert sorted(one.version for one in site.system.installed() if one.name == "kernel-devel") == versions


def test_metadata_by_another_key_is_no_list(site):
    site.bundle.add("engine", "2.0-1.el9")
    site.bundle.publish()
    site.bundle.repository.sign("stranger")
    assert "appstream" in site.simulate("engine=2.0-1.el9")["index_error"]
    with pytest.raises(PackageError, match="package lists"):
        site.open()


def test_metadata_without_a_signature_only_where_the_bundle_says_so(site):
    site.bundle.metadata_signed = False
    site.bundle.add("engine", "2.0-1.el9")
    site.bundle.publish()
    assert site.simulate("engine=2.0-1.el9") == GOOD | {"installed": ["engine"]}
    site.bundle.metadata_signed = True
    assert site.simulate("engine=2.0-1.el9")["index_error"]


def test_what_an_obsoleting_package_would_remove_is_named(site):
    site.bundle.add("old-engine", "1.0-1.el9")
    site.bundle.add("engine", "2.0-1.el9", obsoletes="old-engine")
    site.bundle.publish()
    site.open()
    site.install("old-engine=1.0-1.el9")
    assert site.simulate("engine=2.0-1.el9")["removed"] == ["old-engine"]
    with pytest.raises(PackageError, match="remove or downgrade old-engine"):
        site.install("engine=2.0-1.el9")
    assert "old-engine" in installed(os.environ["HOME"])


def test_the_exact_list_is_installed_and_the_copies_are_gone(site):
    site.bundle.add("engine", "1:2.0-1.el9", requires="runc-shim")
    site.bundle.add("engine", "1:3.0-1.el9", requires="runc-shim")
    site.bundle.add("runc-shim", "1.0-1.el9")
    site.bundle.publish()
    added = site.open()
    assert [key["owner"].startswith("signer") for key in added] == [True]
    assert set(installed(os.environ["HOME"])) == {"gpg-pubkey"}
    site.install("engine=1:2.0-1.el9", "runc-shim=1.0-1.el9")
    found = installed(os.environ["HOME"])
    assert (found["engine"], found["runc-shim"]) == ("2.0-1.el9", "1.0-1.el9")
    assert not list(site.state.rglob("*.rpm"))
    assert not (site.state / "begun.json").exists()
    assert site.system.missing_keys(site.settings) == []
    assert packages.changes(wanted("engine=1:2.0-1.el9"), site.system.installed(), site.system) == []


def test_a_package_of_the_medium_that_was_exchanged_is_not_used(site):
    file = site.bundle.add("engine", "2.0-1.el9")
    site.bundle.publish()
    site.open()
    file.write_bytes(file.read_bytes() + b"more")
    with pytest.raises(PackageError, match="not the file that the bundle lists") as refused:
        site.install("engine=2.0-1.el9")
    assert refused.value.code.startswith("bundle-")
    assert "engine" not in installed(os.environ["HOME"])


def test_versionlock_and_excludes_of_the_host_hold_a_package(site):
    host = site.system.host
    for path, text in {
        "/etc/dnf/dnf.conf": "[main]\ngpgcheck=1\nexcludepkgs=kernel*, runc-shim\n",
        "/etc/dnf/plugins/versionlock.list": "# comment\nengine-0:1.0-1.el9.*\n",
    }.items():
        host.path(path).parent.mkdir(parents=True, exist_ok=True)
        host.path(path).write_text(text)
    site.bundle.add("engine", "1.0-1.el9")
    site.bundle.add("engine", "2.0-1.el9", requires="runc-shim")
    site.bundle.add("runc-shim", "1.0-1.el9")
    site.bundle.publish()
    site.open()
    site.install("engine=1.0-1.el9")
    found = probe_packages.packages(site.system, wanted("engine=2.0-1.el9", "runc-shim=1.0-1.el9"))
    assert [(row["state"], row["held"]) for row in found["wanted"]] == [("older", True), ("absent", True)]
    assert "runc-shim" in site.simulate("engine=2.0-1.el9")["conflict"]


def test_what_a_killed_upgrade_left_in_two_versions_is_put_right(site, tmp_path):
    write = f'local f = io.open("{tmp_path}/scripts", "a"); f:write("post "); f:close()'
    script = f"%post -p <lua>\n{write}\n"
    first = site.bundle.add("engine", "1.0-1.el9")
    site.bundle.add("engine", "2.0-1.el9", scripts=script)
    site.bundle.publish()
    site.open()
    site.install("engine=2.0-1.el9")
    # as if the power had gone after the new version was there and before the old one was not
    run(["rpm", "-i", "--force", str(first)], {})
    (site.state / "begun.json").write_text(json.dumps(["engine-2.0-1.el9.x86_64"]))
    both = [item for item in site.system.installed() if item.name == "engine"]
    states = {(item.version, item.whole, item.unfinished) for item in both}
    assert states == {("1.0-1.el9", False, True), ("2.0-1.el9", True, True)}
    site.system.finish_interrupted(site.settings.config)
    assert [item.version for item in site.system.installed() if item.name == "engine"] == ["2.0-1.el9"]
    assert not any(item.unfinished for item in site.system.installed())
    assert (tmp_path / "scripts").read_text() == "post post "


def test_rows_of_dnf_s_table_with_a_long_name():
    table = """\
Dependencies resolved.
===========================================================
 Package            Architecture Version  Repository   Size
===========================================================
Installing:
 a                  x86_64       1-1      lab         5.5 k
 a-name-so-long-that-it-has-a-line-of-its-own
                    noarch       1:2-3    lab         5.5 k
     replacing  old-thing.x86_64 1.0-1
Removing dependent packages:
 b                  x86_64       1-1      @lab        0

Transaction Summary
===========================================================
Install  2 Packages
"""
    long = "a-name-so-long-that-it-has-a-line-of-its-own"
    assert read_table(table) == ([("a", "a-1-1.x86_64"), (long, f"{long}-1:2-3.noarch")], ["b", "old-thing"])


def test_a_stream_that_dnf_enables_is_enabled_for_no_other_dnf(tmp_path):
    """The real one does so with a default stream; here a stand-in says where it would write."""
    stand_in = tmp_path / "dnf"
    stand_in.write_text("#!/bin/sh\ntouch /etc/dnf/modules.d/test.module && ls /etc/dnf/modules.d\n")
    stand_in.chmod(0o755)
    host = Host(run=lambda argv, extra: run(argv, {**extra, "PATH": f"{tmp_path}:{os.environ['PATH']}"}))
    assert dnf_simulation.run(host, tmp_path / "dnf.conf", "install") == (0, "test.module\n", "")
    assert not Path("/etc/dnf/modules.d/test.module").exists()
