"""What install.sh says of signatures, by the shell that it runs in: the same as the tool says afterwards."""

import shutil
import subprocess

import pytest

from graphistry_airgap.content import content_root

pytestmark = pytest.mark.subprocesses
SCRIPT = content_root() / "installer/graphistry_airgap/data/install.sh"
SUMS = b"the list\n"
# install.sh without its last line, which would start it
HARNESS = """
stage=$HERE/stage keyring=$HERE/trusted.gpg
[ "$WITH" = gpgv ] || verdict_of_gpgv() { verdict_of_sqv "$1"; }
load_keyring || { echo 'no keyring'; exit 2; }
verdict "$HERE/signature.asc"
"""


@pytest.fixture(params=["gpgv", "sqv"])
def judge(request, tmp_path):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")

    def run(signature, ring):
        (tmp_path / "stage").mkdir()
        (tmp_path / "stage/SHA256SUMS").write_bytes(SUMS)
        (tmp_path / "signature.asc").write_bytes(signature)
        (tmp_path / "trusted.gpg").write_bytes(ring)
        code = SCRIPT.read_text(encoding="utf-8").removesuffix('main "$@"\n')
        command = ["sh", "-c", f"{code}HERE='{tmp_path}' WITH={request.param}\n{HARNESS}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip()

    return run


@pytest.fixture
def name(request):
    """A name for a key that only this test knows."""
    return f"install.sh {request.node.name}".replace("[", "-").replace("]", "")


def test_a_good_signature_names_its_signer(judge, keys):
    ring = keys.public("second", "signer")
    assert judge(keys.sign(SUMS, "signer"), ring) == (0, keys.fingerprint("signer"))


def test_the_signer_is_the_primary_key_where_a_subkey_signed(judge, keys, name):
    fingerprint = keys.make(name)
    keys.gpg("--quick-add-key", fingerprint, "ed25519", "sign", "never")
    assert judge(keys.sign(SUMS, name), keys.public(name)) == (0, fingerprint)


def test_a_weak_key(judge, keys, name):
    keys.make(name, "rsa1024")
    status, words = judge(keys.sign(SUMS, name), keys.public("signer", name))
    assert (status, "too weak" in words) == (1, True)


def test_a_weak_subkey_of_a_strong_certificate(judge, keys, name):
    fingerprint = keys.make(name)
    keys.gpg("--quick-add-key", fingerprint, "rsa1024", "sign", "never")
    status, words = judge(keys.sign(SUMS, name), keys.public(name))
    assert (status, "too weak" in words) == (1, True)


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_revoked_key_of_which_an_older_copy_is_in_the_keyring(judge, keys, name, newest_first):
    keys.make(name)
    signature, older = keys.sign(SUMS, name), keys.public(name)
    keys.revoke(name)
    copies = [older, keys.public(name)]
    status, words = judge(signature, b"".join(reversed(copies) if newest_first else copies))
    assert (status, "revoked" in words) == (1, True)


def test_armored_and_binary_keys_in_one_file(judge, keys):
    ring = keys.public("signer", armored=True) + keys.public("second")
    assert judge(keys.sign(SUMS, "signer"), ring) == (2, "no keyring")
