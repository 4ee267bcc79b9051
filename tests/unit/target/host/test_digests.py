"""By whose hands digests are computed: in FIPS mode never by an interpreter that came with the bundle."""

import hashlib
import sys

import pytest

from graphistry_airgap.cli.main import main
from graphistry_airgap.core.adapters.files import sha256_file
from graphistry_airgap.core.canonical import sha256_hex
from graphistry_airgap.target.host import digests
from tests.kit.bundles.mini_bundle import MiniBundle, flip_byte

pytestmark = pytest.mark.subprocesses
OWN = "/opt/graphistry-airgap/runtimes/0123/python"
TEXT = b"some bytes" * 100_000


@pytest.fixture
def host(tmp_path, monkeypatch):
    """`host(BASE PREFIX, FLAG)`: on that interpreter, with that content of the kernel's flag."""

    def make(base, flag):
        if flag is not None:
            (tmp_path / "flag").write_text(flag)
        monkeypatch.setattr(sys, "base_prefix", base)
        monkeypatch.setattr(digests, "FIPS", tmp_path / "flag")
        digests.by_programs.cache_clear()

    yield make
    digests.by_programs.cache_clear()


def refuse_hashlib(monkeypatch):
    def asked(*_given, **_more):
        raise AssertionError("hashlib was asked")

    for name in ("new", "file_digest", "md5", *hashlib.algorithms_guaranteed):
        if hasattr(hashlib, name):
            monkeypatch.setattr(hashlib, name, asked)


@pytest.mark.parametrize(
    ("base", "flag", "by_programs"),
    [
        (OWN, "1\n", True),
        (OWN, "0\n", False),
        (OWN, None, False),
        ("/usr", "1\n", False),
        ("/opt/graphistry-airgap-not", "1\n", False),
    ],
)
def test_programs_are_asked_on_the_bundle_s_interpreter_in_fips_mode_alone(host, base, flag, by_programs):
    host(base, flag)
    assert digests.by_programs() is by_programs


def test_they_say_the_same_without_hashlib(host, monkeypatch, tmp_path):
    wanted, name = hashlib.sha256(TEXT).hexdigest(), hashlib.sha1(TEXT, usedforsecurity=False).digest()
    (tmp_path / "file").write_bytes(TEXT)
    host(OWN, "1\n")
    refuse_hashlib(monkeypatch)
    digest = digests.sha256()
    for start in range(0, len(TEXT), 999):
        digest.update(memoryview(TEXT)[start : start + 999])
    assert (digest.hexdigest(), digest.hexdigest()) == (wanted, wanted)
    assert digests.sha256(TEXT).digest() == bytes.fromhex(wanted)
    assert (sha256_hex(TEXT), sha256_file(tmp_path / "file")) == (wanted, wanted)
    assert digests.sha1_name(TEXT) == name


def test_a_program_that_fails_is_no_digest(monkeypatch, host):
    host(OWN, "1\n")
    monkeypatch.setattr(digests, "PROGRAMS", {"sha256": "/bin/false", "sha1": "/bin/false"})
    with pytest.raises(OSError, match=r"false|Broken pipe"):
        digests.sha256(TEXT).hexdigest()


def test_a_whole_bundle_and_its_signature_are_judged_without_hashlib(host, monkeypatch, tmp_path, keys):
    """By the command itself; what it is made of may change, and hashlib is asked by none of it."""
    bundle, trusted = MiniBundle(tmp_path / "bundle"), tmp_path / "trusted.gpg"
    bundle.write()
    bundle.sign(keys, "signer")
    trusted.write_bytes(keys.public("signer"))
    verify = ["--quiet", "bundle", "verify", str(bundle.path), "--keyring", str(trusted)]
    host(OWN, "1\n")
    refuse_hashlib(monkeypatch)
    assert main(verify) == 0
    flip_byte(bundle.path / "release" / "VERSION")
    assert main(verify) == 4
