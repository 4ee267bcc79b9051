"""What install.sh says of signatures, by the shell that it runs in: the same as the tool says afterwards."""

import json
import os
import shutil
import subprocess

import pytest

from graphistry_airgap.bootstrap.render import install_sh
from graphistry_airgap.bundle.trust.adapters.required import read_required
from graphistry_airgap.core.errors import InputError
from tests.kit.bundles.openpgp_keys import TO_COME

pytestmark = pytest.mark.subprocesses
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
        code = install_sh().decode().removesuffix('main "$@"\n')
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


@pytest.mark.parametrize("digest", ["SHA1", "RIPEMD160", "SHA224"])
def test_a_digest_that_is_too_weak(judge, keys, digest):
    signature = keys.sign(SUMS, "signer", options=("--digest-algo", digest))
    status, words = judge(signature, keys.public("signer"))
    assert (status, "only SHA-256, SHA-384, SHA-512 count" in words) == (1, True)


def test_a_signature_over_text(judge, keys):
    status, words = judge(keys.sign(SUMS, "signer", options=("--textmode",)), keys.public("signer"))
    assert (status, "0x01" in words) == (1, True)


def test_armored_and_binary_keys_in_one_file(judge, keys):
    ring = keys.public("signer", armored=True) + keys.public("second")
    assert judge(keys.sign(SUMS, "signer"), ring) == (2, "no keyring")


# ---- how many signers, and the clock -----------------------------------------------------------------------

OPEN = """
exec 3>&1
stage=$HERE/stage keyring=$HERE/trusted.gpg bundle=$HERE/bundle site=$HERE/site.yml json=yes
REQUIRED=$HERE/trusted.required
[ "$WITH" = gpgv ] || verdict_of_gpgv() { verdict_of_sqv "$1"; }
trap - EXIT
check_signature
echo "{}"
"""


@pytest.fixture(params=["gpgv", "sqv"])
def opened(request, tmp_path):
    """(exit status, code of the first error or "") for signatures, a keyring, a site file and a number."""
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")

    def run(signatures, ring, site, required=None):
        for folder in ("stage", "bundle"):
            (tmp_path / folder).mkdir()
        (tmp_path / "bundle/SHA256SUMS").write_bytes(SUMS)
        for number, signature in enumerate(signatures):
            (tmp_path / f"bundle/SHA256SUMS.{number:040x}.asc").write_bytes(signature)
        (tmp_path / "trusted.gpg").write_bytes(ring)
        (tmp_path / "site.yml").write_text(site)
        if required is not None:
            (tmp_path / "trusted.required").write_text(required)
        code = install_sh().decode().removesuffix('main "$@"\n')
        command = ["sh", "-c", f"{code}HERE='{tmp_path}' WITH={request.param}\n{OPEN}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        run.words = done.stderr
        errors = json.loads(done.stdout).get("errors")
        return done.returncode, errors[0]["code"] if errors else ""

    return run


# what a shell need not understand to see that something is said of signatures
SPEAKS_OF_IT = [
    "signatures: {required: 2}\n",
    "signatures:\n  # by two people\n  required: 2 # since March\n",
    '{"signatures": {"required": 2}, "schema": 1}\n',
    "'signatures':\n  'required':\n    2\n",
    "signatures:\r\n  required:\t2\r\n",
    "organisation: {name: '#'}\nsignatures: {required: two}\n",
    "# signatures: {required: 2}\n",
]


@pytest.mark.parametrize("site", SPEAKS_OF_IT)
def test_a_site_file_that_speaks_of_signatures_needs_the_number_beside_the_keyring(opened, keys, site):
    signatures = [keys.sign(SUMS, "signer"), keys.sign(SUMS, "second")]
    assert opened(signatures, keys.public("signer", "second"), site) == (2, "trusted-required-missing")


def test_the_very_line_to_write_is_said(opened, keys, tmp_path):
    opened([keys.sign(SUMS, "signer")], keys.public("signer"), SPEAKS_OF_IT[0])
    assert f"echo N > {tmp_path}/trusted.required" in opened.words


@pytest.mark.parametrize("site", ["", *SPEAKS_OF_IT])
def test_nothing_goes_on_with_fewer_signers_than_the_host_asks_for(opened, keys, site):
    ring = keys.public("signer", "second")
    assert opened([keys.sign(SUMS, "signer")], ring, site, "2\n") == (4, "signatures-too-few")


@pytest.mark.parametrize("site", ["", *SPEAKS_OF_IT])
def test_as_many_signers_as_the_host_asks_for(opened, keys, site):
    signatures = [keys.sign(SUMS, "signer"), keys.sign(SUMS, "second")]
    assert opened(signatures, keys.public("signer", "second"), site, "2\n") == (0, "")


def test_two_signatures_of_one_key_count_once(opened, keys):
    twice = [keys.sign(SUMS, "signer"), keys.sign(SUMS, "signer", options=("--digest-algo", "SHA512"))]
    assert opened(twice, keys.public("signer", "second"), "", "2\n") == (4, "signatures-too-few")


@pytest.mark.parametrize("required", ["", "two\n", "0\n", "10\n", "2\n2\n", " 2\n", "-1\n", "required: 2\n"])
def test_a_number_of_signers_that_cannot_be_read(opened, keys, required, tmp_path):
    answer = opened([keys.sign(SUMS, "signer")], keys.public("signer"), "", required)
    assert answer == (2, "trusted-required-invalid")
    with pytest.raises(InputError) as caught:
        read_required(tmp_path / "trusted.required")
    assert (int(caught.value.exit_code), caught.value.code) == answer


@pytest.mark.parametrize("spoil", ["mode", "owner", "link", "dangling link", "directory"])
def test_a_number_of_signers_that_others_may_change(opened, keys, spoil, tmp_path):
    path, elsewhere = tmp_path / "trusted.required", tmp_path / "elsewhere"
    if spoil == "directory":
        path.mkdir()
    elif "link" in spoil:
        path.symlink_to(elsewhere)
        if spoil == "link":
            elsewhere.write_text("1\n")
    else:
        path.write_text("1\n")
    if spoil == "mode":
        path.chmod(0o664)
    elif spoil == "owner":
        os.chown(path, 65534, -1)
    answer = opened([keys.sign(SUMS, "signer")], keys.public("signer"), "")
    assert answer == (2, "trusted-required-unsafe")
    with pytest.raises(InputError) as caught:
        read_required(path)
    assert (int(caught.value.exit_code), caught.value.code) == answer


def test_without_a_number_one_signer_suffices_beside_one_who_does_not_count(opened, keys):
    signatures = [keys.sign(SUMS, "stranger"), keys.sign(SUMS, "signer")]
    assert opened(signatures, keys.public("signer"), "schema: 1\norganisation: {required: 2}\n") == (0, "")


@pytest.mark.parametrize("born", [None, TO_COME])
def test_a_signature_from_the_future_is_an_error_of_the_host_s_clock(opened, keys, name, born):
    keys.make(name, at=born)
    signature = keys.sign(SUMS, name, at=TO_COME)
    assert opened([signature], keys.public(name), "") == (3, "clock-before-signature")
