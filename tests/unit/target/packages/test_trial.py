"""The simulated transaction, with a real apt-get, a signed repository and a dpkg state of its own."""

import gzip
import hashlib
import lzma
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from graphistry_airgap.target.host import medium
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.packages.apt import trial as apt_simulation
from graphistry_airgap.target.preflight.judges import (
    driver as findings_driver,
    packages as findings_packages,
)

pytestmark = pytest.mark.subprocesses

KEYRING = "packages/debian-13/keys/demo.gpg"
RELEASE = """\
Origin: Test
Suite: stable
Codename: stable
Date: Sat, 01 Nov 2025 00:00:00 UTC
Valid-Until: Sat, 08 Nov 2025 00:00:00 UTC
Architectures: {architecture}
Components: main
SHA256:
"""


def run(argv, environment):
    done = subprocess.run(
        argv, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """A throw-away signing key: (its GnuPG home, the binary keyring)."""
    home = tmp_path_factory.mktemp("gnupg")
    home.chmod(0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet"]
    make = [*gpg, "--passphrase", "", "--quick-generate-key", "test", "rsa3072", "sign", "never"]
    subprocess.run(make, check=True, capture_output=True)
    ring = home / "key.gpg"
    ring.write_bytes(subprocess.run([*gpg, "--export"], check=True, capture_output=True).stdout)
    yield home, ring
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)


class Bundle:
    """A directory with one signed repository whose packages are made on the spot."""

    def __init__(self, root, key):
        self.root, self.key = root, key
        self.repository = root / "packages/debian-13/demo"
        self.architecture = subprocess.run(
            ["dpkg", "--print-architecture"], check=True, capture_output=True, text=True
        ).stdout.strip()
        self.stanzas = []

    def add(self, name, version, **fields):
        fields = {
            "Package": name,
            "Version": version,
            "Architecture": self.architecture,
            "Maintainer": "Nobody <nobody@example.com>",
            "Description": "test",
            **fields,
        }
        control = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in fields.items())
        tree = self.root / "work"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(control)
        file = self.repository / f"pool/main/{name}_{version}_{self.architecture}.deb"
        file.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-b", str(tree), str(file)], check=True, capture_output=True
        )
        shutil.rmtree(tree)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        path = file.relative_to(self.repository)
        self.stanzas.append(f"{control}Filename: {path}\nSize: {file.stat().st_size}\nSHA256: {digest}\n")
        return file

    def sign(self, *advertised):
        """`advertised` are architectures whose index the vendor has, and the partial mirror does not."""
        suite = self.repository / "dists/stable"
        index = suite / f"main/binary-{self.architecture}"
        index.mkdir(parents=True)
        plain = "\n".join(self.stanzas).encode()
        release = RELEASE.format(architecture=" ".join([self.architecture, *advertised]))
        for other in advertised:
            for name in ("Packages", "Packages.xz"):
                release += f" {'0' * 64} 7 main/binary-{other}/{name}\n"
        for name, data in {"Packages": plain, "Packages.xz": lzma.compress(plain)}.items():
            release += (
                f" {hashlib.sha256(data).hexdigest()} {len(data)} main/binary-{self.architecture}/{name}\n"
            )
        (index / "Packages.xz").write_bytes(lzma.compress(plain))
        home, ring = self.key
        signed = subprocess.run(
            ["gpg", "--homedir", str(home), "--batch", "--clearsign"],
            input=release.encode(),
            check=True,
            capture_output=True,
        )
        (suite / "InRelease").write_bytes(signed.stdout)
        (self.root / "packages/debian-13/keys").mkdir()
        shutil.copy(ring, self.keyring)
        self.listed = hashlib.sha256(self.keyring.read_bytes()).hexdigest()

    @property
    def keyring(self):
        return self.root / KEYRING

    def try_install(self, host, *packages):
        return apt_simulation.simulate(
            host,
            bundle=str(self.root),
            repositories=[
                {
                    "name": "demo",
                    "path": "packages/debian-13/demo",
                    "suite": "stable",
                    "components": ["main"],
                    "signed_by": KEYRING,
                }
            ],
            digests={KEYRING: self.listed},
            packages=[dict(zip(("name", "version"), item.split("="), strict=True)) for item in packages],
        )


@pytest.fixture
def bundle(tmp_path, key):
    # the blank stands for a medium that a desktop has mounted by its label
    root = tmp_path / "my bundle"
    root.mkdir()
    return Bundle(root, key)


@pytest.fixture
def host(tmp_path):
    root = tmp_path / "host"
    for name in ("var/lib/dpkg/status", "var/lib/apt/extended_states"):
        (root / name).parent.mkdir(parents=True)
        (root / name).touch()
    (root / "run").mkdir()
    return Host(run=run, root=root)


def install(host, bundle, name, version, *, status="install ok installed", **fields):
    extra = "".join(f"{key}: {value}\n" for key, value in fields.items())
    with host.path("/var/lib/dpkg/status").open("a") as file:
        file.write(
            f"Package: {name}\nStatus: {status}\nVersion: {version}\nArchitecture: {bundle.architecture}\n"
            f"Maintainer: Nobody <nobody@example.com>\n{extra}Description: test\n\n"
        )


def snapshot(root):
    return {path: path.read_bytes() if path.is_file() else None for path in Path(root).rglob("*")}


GOOD = {
    "index_error": "",
    "conflict": "",
    "installed": ["engine"],
    "removed": [],
    "pinned": [],
    "missing_files": [],
    "refused_files": [],
    "without_sha256": [],
    "streams": [],
}


def test_a_closure_that_fits_has_no_trouble_and_leaves_nothing_behind(bundle, host):
    bundle.add("engine", "2.0", Depends="runc-shim (>= 1~)")
    bundle.add("runc-shim", "1.0~rc1+b2")
    bundle.sign()
    before = snapshot(host.root)
    assert bundle.try_install(host, "engine=2.0", "runc-shim=1.0~rc1+b2") == GOOD | {
        "installed": ["engine", "runc-shim"]
    }
    assert snapshot(host.root) == before


def test_the_tool_s_own_state_directory_is_used_once_it_exists(bundle, host):
    bundle.add("engine", "2.0")
    bundle.sign()
    host.path("/var/lib/graphistry-airgap").mkdir()
    host.path("/run").rmdir()
    assert bundle.try_install(host, "engine=2.0") == GOOD


def test_a_file_that_the_pool_lacks_is_named(bundle, host):
    bundle.add("engine", "2.0", Depends="shim")
    lost = bundle.add("shim", "1.0")
    bundle.sign()
    lost.unlink()
    found = bundle.try_install(host, "engine=2.0", "shim=1.0")
    assert found == GOOD | {
        "installed": ["engine", "shim"],
        "missing_files": [{"package": "shim", "path": str(lost), "reason": "the file is not there"}],
        "refused_files": [],
        "without_sha256": [],
        "streams": [],
    }


def test_a_dependency_outside_the_bundle_s_list_is_a_missing_file(bundle, host):
    """The index advertises everything, the pool holds a part of it."""
    bundle.add("engine", "2.0", Depends="advertised")
    bundle.add("advertised", "7").unlink()
    bundle.sign()
    assert [item["package"] for item in bundle.try_install(host, "engine=2.0")["missing_files"]] == [
        "advertised"
    ]


def test_headers_that_pull_a_kernel_show_in_the_transaction(bundle, host):
    """As Debian's do since 6.11; the pool holds no kernel, and one must not move."""
    bundle.add("linux-headers-6.12", "2", Depends="linux-image-6.12 (= 2)")
    bundle.add("linux-image-6.12", "2").unlink()
    bundle.sign()
    install(host, bundle, "linux-image-6.12", "1")
    found = bundle.try_install(host, "linux-headers-6.12=2")
    assert found["installed"] == ["linux-headers-6.12", "linux-image-6.12"]
    told = findings_driver.kernel({"transaction": found, "packages": {"wanted": []}}, {})
    assert [(item.code, item.found) for item in told] == [("driver-kernel-would-change", "linux-image-6.12")]


def test_a_cut_file_is_a_missing_file(bundle, host):
    cut = bundle.add("engine", "2.0")
    bundle.sign()
    size = cut.stat().st_size
    with cut.open("r+b") as file:
        file.truncate(10)
    found = bundle.try_install(host, "engine=2.0")
    assert [item["reason"] for item in found["missing_files"]] == [f"10 bytes instead of {size}"]


def test_a_removal_is_reported(bundle, host):
    bundle.add("engine", "2.0", Conflicts="mailer")
    bundle.sign()
    install(host, bundle, "mailer", "1")
    assert bundle.try_install(host, "engine=2.0")["removed"] == ["mailer"]


def test_an_unmet_dependency_is_a_conflict_in_apt_s_words(bundle, host):
    bundle.add("engine", "2.0", Depends="libc-new (>= 9)")
    bundle.sign()
    found = bundle.try_install(host, "engine=2.0")
    assert "libc-new" in found["conflict"]


def test_a_version_that_the_index_does_not_know_is_a_conflict(bundle, host):
    bundle.add("engine", "2.0")
    bundle.sign()
    assert "9.9" in bundle.try_install(host, "engine=9.9")["conflict"]


def preferences(host, text, name="/etc/apt/preferences.d/site"):
    host.path(name).parent.mkdir(parents=True, exist_ok=True)
    host.path(name).write_text(text)


@pytest.mark.parametrize(
    ("text", "installed", "candidate"),
    [
        # a version that no source of the bundle has, so that no candidate moves
        ("Package: engine\nPin: version 1.*\nPin-Priority: 1001\n", "", ""),
        ("Package: other eng*\nPin: version 1.*\nPin-Priority: 500\n", "", ""),
        ("Package: /^ENG/\nPin: version /^1/\nPin-Priority: 500\n", "", ""),
        ("Explanation: ours\npackage: engine:any\npin: version 1.0\npin-priority: 600\n", "1.0", "1.0"),
        ("Package: engine\nPin: release o=Test\nPin-Priority: -1\n", "", "(none)"),
        ("# all of it\nPackage: *\nPin: release o=Test\nPin-Priority: 50\n", "1.0", "1.0"),
    ],
)
def test_a_pin_that_wants_another_version_is_told_and_not_followed(bundle, host, text, installed, candidate):
    bundle.add("engine", "2.0")
    bundle.sign()
    preferences(host, "\n\nPackage: nothing\nPin: version 1\nPin-Priority: 1\n\n" + text)
    if installed:
        install(host, bundle, "engine", installed)
    found = bundle.try_install(host, "engine=2.0")
    (pinned,) = found.pop("pinned")
    assert found == {key: value for key, value in GOOD.items() if key != "pinned"}
    assert (pinned["name"], pinned["version"], pinned["candidate"]) == ("engine", "2.0", candidate)
    (pin,) = pinned["pins"]
    assert pin["file"] == "/etc/apt/preferences.d/site"
    assert pin["pin"] in text
    assert str(pin["priority"]) in text


def test_a_pin_in_the_one_file_without_a_folder_beside_it(bundle, host):
    bundle.add("engine", "2.0")
    bundle.sign()
    preferences(host, "Package: *\nPin: release o=Test\nPin-Priority: -1\n", "/etc/apt/preferences")
    (pinned,) = bundle.try_install(host, "engine=2.0")["pinned"]
    assert (pinned["candidate"], pinned["pins"][0]["file"]) == ("(none)", "/etc/apt/preferences")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Package: engine\nPin: version 2.*\nPin-Priority: 1001\n", "/etc/apt/preferences"),
        ("Package: engine\nPin: version 1.*\nPin-Priority: -1\n", "/etc/apt/preferences"),
        ("Package: engine-tools\nPin: version 1.*\nPin-Priority: 1001\n", "/etc/apt/preferences"),
        ("Package: *\nPin: release o=Debian\nPin-Priority: 900\n", "/etc/apt/preferences"),
        ("Package: *\nPin: version 1.*\nPin-Priority: 900\n", "/etc/apt/preferences"),
        ("Package: engine\nPin: version 1.*\nPin-Priority: 1001\n", "/etc/apt/preferences.d/old.bak"),
        (
            "Package: engine\nPin: version 1.*\nPin-Priority: 600\n\n"
            "Package: engine\nPin: version 2.*\nPin-Priority: 600\n",
            "/etc/apt/preferences",
        ),
    ],
)
def test_a_pin_that_the_bundle_s_version_fits_is_nothing(bundle, host, text, name):
    bundle.add("engine", "2.0")
    bundle.sign()
    preferences(host, text, name)
    assert bundle.try_install(host, "engine=2.0") == GOOD


def test_an_older_package_is_upgraded_even_when_it_is_held(bundle, host):
    """The hold has a finding of its own; the rest of the transaction is judged all the same."""
    bundle.add("engine", "2.0")
    bundle.sign()
    install(host, bundle, "engine", "1.0", status="hold ok installed")
    assert bundle.try_install(host, "engine=2.0") == GOOD


def test_an_index_signed_by_nobody_we_know_is_refused(bundle, host, tmp_path):
    bundle.add("engine", "2.0")
    bundle.sign()
    other = Path("/usr/share/keyrings/debian-archive-keyring.gpg").read_bytes()
    bundle.keyring.write_bytes(other)
    bundle.listed = hashlib.sha256(other).hexdigest()
    found = bundle.try_install(host, "engine=2.0")
    assert found["index_error"]
    assert found["conflict"] == ""


def test_a_changed_index_is_refused(bundle, host):
    bundle.add("engine", "2.0")
    bundle.sign()
    index = next(bundle.repository.rglob("Packages.xz"))
    index.write_bytes(gzip.compress(b"Package: evil\n"))
    with pytest.raises(medium.MediumError, match="package lists"):
        bundle.try_install(host, "engine=2.0")


def test_a_keyring_that_was_exchanged_since_the_check_is_refused_before_apt_sees_it(bundle, host, tmp_path):
    bundle.add("engine", "2.0")
    bundle.sign()
    bundle.keyring.write_bytes(Path("/usr/share/keyrings/debian-archive-keyring.gpg").read_bytes())
    with pytest.raises(medium.MediumError, match="is not the file that the bundle lists"):
        bundle.try_install(host, "engine=2.0")


def test_the_host_s_own_apt_settings_have_no_say(bundle, host, tmp_path, monkeypatch):
    bundle.add("engine", "2.0")
    bundle.sign()
    hook = tmp_path / "hook-ran"
    config = tmp_path / "apt.conf"
    config.write_text(f'APT::Update::Pre-Invoke {{ "touch {hook}"; }};\n')
    monkeypatch.setenv("APT_CONFIG", str(config))
    assert bundle.try_install(host, "engine=2.0") == GOOD
    assert not hook.exists()


@pytest.mark.parametrize("foreign", ["i386", "riscv64"])
def test_a_host_with_a_foreign_architecture_asks_for_nothing_that_the_bundle_lacks(
    bundle, host, monkeypatch, foreign
):
    bundle.add("engine", "2.0")
    bundle.sign(foreign)
    host.path("/var/lib/dpkg/arch").write_text(f"{bundle.architecture}\n{foreign}\n")
    monkeypatch.setenv("DPKG_ADMINDIR", str(host.path("/var/lib/dpkg")))
    known = subprocess.run(["dpkg", "--print-foreign-architectures"], capture_output=True, check=True)
    assert known.stdout.decode().split() == [foreign]
    install(host, bundle, "engine", "1.0")
    assert bundle.try_install(host, "engine=2.0") == GOOD


def test_a_host_whose_own_packages_lack_something_is_told_so_by_name(bundle, host):
    bundle.add("engine", "2.0")
    bundle.sign()
    install(host, bundle, "mailer", "1", Depends="nowhere")
    found = {**GOOD, **bundle.try_install(host, "engine=2.0")}
    profile = {"transaction": found, "packages": {"assumed": [], "rivals": {}, "wanted": []}}
    told = list(findings_packages.transaction(profile, {"package_system": "apt"}))
    assert [item.code for item in told] == ["dpkg-dependencies-broken"]
    assert "mailer : Depends: nowhere" in told[0].message
