"""The commands of the guide's page on verifying by hand do what the page says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.kit.bundles.mini_bundle import flip_byte
from tests.kit.bundles.real_bundle import GPGV, make_real_bundle
from tests.kit.hosts.bare_host import KEYRING, Host, has_image

pytestmark = [
    pytest.mark.host,
    pytest.mark.subprocesses,
    pytest.mark.skipif(not has_image(), reason="needs Docker and the lab's host image (lab/hosts/image)"),
]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "verify-by-hand.md"
BLOCKS = dict(re.findall(r"```sh (\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))


@pytest.fixture(scope="module")
def place(tmp_path_factory, keys):
    path = tmp_path_factory.mktemp("by-hand")
    make_real_bundle(path / "good", keys)
    shutil.copytree(GPGV, path / "gpgv")
    return path


@pytest.fixture(scope="module")
def host(place, keys):
    bare = Host(place)
    bare.put(KEYRING, keys.public("signer"))
    bare.sh("dpkg -i /media/gpgv/*.deb")
    yield bare
    bare.remove()


@pytest.fixture
def by_hand(place, host):
    """Runs one block of the page on a fresh copy of the bundle, which `spoil` may change first."""

    def run(block, spoil=None):
        shutil.rmtree(place / "bundle", ignore_errors=True)
        shutil.copytree(place / "good", place / "bundle")
        if spoil:
            spoil(place / "bundle")
        done = host.sh(BLOCKS[block], check=False)
        return done.returncode, done.stdout.decode()

    return run


def test_a_good_bundle(by_hand, keys):
    fingerprint = keys.fingerprint("signer")
    assert by_hand("sqv") == (0, f"{fingerprint}\n")
    status, lines = by_hand("gpgv")
    assert status == 0
    assert re.search(rf"^\[GNUPG:\] VALIDSIG .* {fingerprint}$", lines, re.MULTILINE)
    assert not re.search("EXPKEYSIG|KEYEXPIRED|REVKEYSIG|EXPSIG|BADSIG|ERRSIG|NO_PUBKEY", lines)
    assert by_hand("self") == (0, "install.sh: OK\n")
    assert by_hand("bytes") == (0, "")
    assert by_hand("names") == (0, "")


def test_a_flipped_installer(by_hand):
    def spoil(bundle):
        flip_byte(bundle / "install.sh")

    assert by_hand("self", spoil) == (1, "install.sh: FAILED\n")
    assert by_hand("bytes", spoil) == (1, "install.sh: FAILED\n")


def test_a_changed_list(by_hand):
    def spoil(bundle):
        flip_byte(bundle / "SHA256SUMS")

    status, out = by_hand("sqv", spoil)
    assert status != 0
    assert out == ""
    status, out = by_hand("gpgv", spoil)
    assert status != 0
    assert "BADSIG" in out


def test_added_missing_and_odd_files(by_hand):
    def spoil(bundle):
        (bundle / "runtime/debian-13/pip-99-py3-none-any.whl").write_bytes(b"")
        (bundle / "lock.json").unlink()
        (bundle / "a-link").symlink_to("install.sh")

    lines = "./a-link\nlock.json\n\truntime/debian-13/pip-99-py3-none-any.whl\n"
    assert by_hand("names", spoil) == (0, lines)


def test_what_the_exit_status_does_not_tell(by_hand, host, keys):
    def spoil(bundle):
        signature = keys.sign((bundle / "SHA256SUMS").read_bytes(), "expired", at="20240102T000000!")
        (bundle / "SHA256SUMS.asc").write_bytes(signature)

    host.put(KEYRING, keys.public("expired"))
    try:
        status, lines = by_hand("gpgv", spoil)
        assert status == 0
        assert "EXPKEYSIG" in lines
        assert by_hand("sqv", spoil)[0] == 0
    finally:
        host.put(KEYRING, keys.public("signer"))
