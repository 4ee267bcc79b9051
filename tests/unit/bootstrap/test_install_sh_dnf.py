"""What install.sh does with dnf, by the shell that it runs in: a real dnf, an rpm database of its own."""

import hashlib
import json
import os
import subprocess

import pytest

from graphistry_airgap.bootstrap.render import install_sh
from graphistry_airgap.connected.runtime.bootstrap import render_bootstrap
from graphistry_airgap.content import PACKAGE
from tests.kit.bundles.bundle_of_rpms import RpmBundle, installed, own_database

pytestmark = pytest.mark.subprocesses
BOOTSTRAP = PACKAGE / "bootstrap"
# install.sh without its last line, which would start it; then what it knows by the time that Python is due
HARNESS = """
exec 3>&1
HOME=$HERE/home PROGRAM=$HERE/program bundle=$HERE/bundle platform=rhel-9 json=yes
stage=$PROGRAM/staging
mkdir -p "$stage/copy"
cp "$HERE/SHA256SUMS" "$stage/SHA256SUMS"
cut -c 67- "$stage/SHA256SUMS" | sort >"$stage/listed"
copy_checked '^(runtime|packages/rhel-9/keys)/'
. "$BOOTSTRAP/packages-dnf.sh"
python=/usr/bin/python3
install_python
"""


class Site:
    def __init__(self, root, keys):
        self.root = root
        self.bundle = RpmBundle(root / "bundle", keys)
        self.names = []

    def add(self, name, version, **fields):
        self.names.append({"name": name, "version": version, "architecture": "x86_64"})
        return self.bundle.add(name, version, **fields)

    def publish(self):
        self.bundle.publish()
        platform = {"package_system": "dnf", "architecture": "x86_64"}
        platform |= {"repositories": [self.bundle.entry()], "packages": {"python": self.names}}
        folder = self.root / "bundle/runtime/rhel-9"
        folder.mkdir(parents=True)
        (folder / "bootstrap").write_text(render_bootstrap(platform, "v1"), encoding="ascii")
        self.sum()

    def sum(self):
        files = sorted(path for path in self.bundle.root.rglob("*") if path.is_file())
        lines = (
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(self.bundle.root)}\n"
            for path in files
        )
        (self.root / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")

    def install(self):
        """Exit status, and the code of each error."""
        code = install_sh().decode().removesuffix('main "$@"\n')
        # it forgets the caller's environment, so that the harness is told afterwards
        told = f"HERE='{self.root}' BOOTSTRAP='{BOOTSTRAP}'\n"
        done = subprocess.run(
            ["sh", "-c", code + told + HARNESS], capture_output=True, text=True, check=False
        )
        envelope = json.loads(done.stdout) if done.stdout.startswith("{") else {"errors": []}
        return done.returncode, [error["code"] for error in envelope["errors"]], done.stderr

    def before(self):
        return (self.root / "program/packages-before").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def site(tmp_path, keys, monkeypatch):
    own_database(monkeypatch, tmp_path / "home")
    return Site(tmp_path, keys)


def test_the_listed_packages_are_installed_and_the_list_before_is_kept(site):
    site.add("python3.12", "3.12.11-1.el9", requires="python3.12-libs")
    site.add("python3.12-libs", "1:3.12.11-1.el9")
    site.publish()
    status, codes, words = site.install()
    assert (status, codes) == (0, []), words
    found = installed(os.environ["HOME"])
    assert {"python3.12", "python3.12-libs", "gpg-pubkey"} == set(found)
    assert site.before() == []


def test_a_missing_dependency_is_the_host_s_matter(site):
    site.add("python3.12", "3.12.11-1.el9", requires="libffi")
    site.publish()
    status, codes, words = site.install()
    assert (status, codes) == (3, ["packages-refused"])
    assert "nothing provides libffi" in words
    assert installed(os.environ["HOME"]) == {}


def test_a_dependency_that_the_list_does_not_name_is_not_brought(site):
    site.add("python3.12", "3.12.11-1.el9", requires="libffi")
    site.bundle.add("libffi", "3.4.2-8.el9")
    site.publish()
    status, codes, words = site.install()
    assert (status, codes) == (3, ["packages-refused"])
    assert "would install libffi-3.4.2-8.el9.x86_64" in words


@pytest.mark.parametrize("how", ["unsigned", "by a stranger"])
def test_a_package_without_a_good_signature_is_refused(site, how):
    signer = {"unsigned": None, "by a stranger": "stranger"}.get(how, "signer")
    site.add("python3.12", "3.12.11-1.el9", signer=signer)
    site.publish()
    assert site.install()[:2] == (4, ["package-signature"])
    assert installed(os.environ["HOME"]) == {}


def test_metadata_by_another_key_is_refused(site):
    site.add("python3.12", "3.12.11-1.el9")
    site.publish()
    site.bundle.repository.sign("stranger")
    site.sum()
    assert site.install()[:2] == (4, ["packages-unreadable"])


def test_a_package_that_is_not_in_the_bundle_is_named(site):
    file = site.add("python3.12", "3.12.11-1.el9")
    site.publish()
    file.unlink()
    site.sum()
    status, codes, words = site.install()
    assert (status, codes) == (4, ["bundle-inconsistent"])
    assert file.name in words


def test_a_package_that_was_changed_after_it_was_listed_is_refused(site):
    file = site.add("python3.12", "3.12.11-1.el9")
    site.publish()
    file.write_bytes(file.read_bytes() + b"more")
    assert site.install()[:2] == (4, ["checksum-mismatch"])
    assert installed(os.environ["HOME"]) == {}
