"""rpm's verdict on packages that are not what their vendor signed."""

import pytest

from graphistry_airgap.bundle.trust.keyring import Policy, sift_keyring
from graphistry_airgap.connected.packages.rpm_signature import package_signers, require_rpm
from graphistry_airgap.core.adapters import process
from graphistry_airgap.core.errors import HostEnvironmentError, InputError
from tests.kit.bundles.dnf_repository import DnfRepository
from tests.kit.bundles.mini_bundle import flip_byte

pytestmark = pytest.mark.subprocesses


@pytest.fixture
def rpm(tmp_path, keys):
    repository = DnfRepository(tmp_path / "docker", keys)
    repository.add("docker-ce", "26.1.5")
    repository.build()
    repository.sign_packages("signer")
    return repository.rpm("docker-ce")


@pytest.fixture
def signed_by(keys):
    return lambda *names: sift_keyring(keys.public(*names), now=0)


def test_the_key_is_named_by_its_fingerprint(rpm, signed_by, keys):
    assert package_signers(rpm, signed_by("signer", "second"), name="it") == (keys.fingerprint("signer"),)


@pytest.mark.parametrize("position", [300, -300, -1])
def test_a_flipped_bit_anywhere(rpm, signed_by, position):
    """In the signature, in the header, in the payload."""
    flip_byte(rpm, position % rpm.stat().st_size)
    with pytest.raises(InputError, match="docker-ce") as caught:
        package_signers(rpm, signed_by("signer"), name="docker-ce")
    assert caught.value.code == "package-signature"


@pytest.mark.parametrize("size", [0, 50, 3000])
def test_a_part_of_a_package(rpm, signed_by, size):
    rpm.write_bytes(rpm.read_bytes()[:size])
    with pytest.raises(InputError) as caught:
        package_signers(rpm, signed_by("signer"), name="docker-ce")
    assert caught.value.code == "package-signature"


def test_a_build_machine_without_rpm(monkeypatch):
    monkeypatch.setattr(process, "FIXED_PATH", "/nowhere")
    with pytest.raises(HostEnvironmentError) as caught:
        require_rpm()
    assert caught.value.exit_code == 5
    assert "RHEL" in caught.value.hint


def test_a_subkey_that_signed_is_named_and_one_that_rpm_does_not_get_refused(tmp_path, keys, signed_by):
    """Vendors sign by subkeys; whether rpm can use one is rpm's own word, and no other is good."""
    keys.make("vendor", "rsa3072")
    before = signed_by("vendor")
    keys.add_subkey("vendor", "rsa3072")
    repository = DnfRepository(tmp_path / "toolkit", keys)
    repository.add("nvidia-container-toolkit", "1.20.0")
    repository.build()
    repository.sign_packages("vendor")
    rpm, ring = repository.rpm("nvidia-container-toolkit"), signed_by("vendor")
    (subkey,) = {*ring.states} - {keys.fingerprint("vendor")}
    assert package_signers(rpm, ring, name="it") == (subkey,)
    with pytest.raises(InputError, match="signed by a key that the spec does not name") as caught:
        package_signers(rpm, before, name="nvidia-container-toolkit")
    assert caught.value.code == "package-signature"


def test_a_subkey_that_the_hosts_do_not_take_is_said_by_its_name(tmp_path, keys):
    keys.make("half old", "rsa3072")
    keys.add_subkey_by_sha1("half old")
    repository = DnfRepository(tmp_path / "toolkit", keys)
    repository.add("nvidia-container-toolkit", "1.20.0")
    repository.build()
    repository.sign_packages("half old")
    ring = sift_keyring(keys.public("half old"), now=0, policy=Policy(sha1=False))
    with pytest.raises(InputError, match="the key that signed it is certified by SHA-1 alone"):
        package_signers(repository.rpm("nvidia-container-toolkit"), ring, name="it")
