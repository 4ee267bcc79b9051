"""Every way in which a bundle can be spoiled is found and named."""

import json
import os
import subprocess

import pytest

from graphistry_airgap.bundle import checksums
from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.inspection import inspect_bundle
from graphistry_airgap.bundle.trust.adapters.check import check_signature
from graphistry_airgap.bundle.verify import verification_result, verify_bundle
from graphistry_airgap.core.errors import AirgapError, ExitCode, FindingsError, InputError
from graphistry_airgap.core.result import failed
from tests.kit.bundles.mini_bundle import MiniBundle, flip_byte, sha256

pytestmark = pytest.mark.subprocesses


@pytest.fixture
def keyring(keys, tmp_path):
    path = tmp_path / "trusted.gpg"
    path.write_bytes(keys.public("signer"))
    return path


@pytest.fixture
def mini(tmp_path):
    return MiniBundle(tmp_path / "bundle")


@pytest.fixture
def bundle(mini, keys):
    mini.write()
    mini.sign(keys, "signer")
    return mini.path


def verify(path, keyring, **options):
    return verify_bundle(
        path, keyring, open_directory=BundleDirectory, check_signature=check_signature, **options
    )


def errors(path, keyring, **options):
    """Code and path of every error, with exit code 4 and a hint each."""
    with pytest.raises(AirgapError) as caught:
        verify(path, keyring, **options)
    result = failed(caught.value)
    assert result.exit_code == ExitCode.BUNDLE
    assert all(error.hint for error in result.errors)
    return [(error.code, error.details.get("path")) for error in result.errors]


def test_a_bundle_that_holds(bundle, keyring, keys):
    told = []
    verified = verify(bundle, keyring, progress=told.append)
    assert verified.mode == "all bytes"
    assert verified.bundle.release.version == "v2.50.1"
    assert verified.sums_sha256 == sha256((bundle / "SHA256SUMS").read_bytes())
    assert told[-1].startswith("bundle: 100 %")
    data = verification_result(verified).data
    assert data["signature"]["signers"] == [keys.fingerprint("signer")]
    assert data["files"] == len(verified.sums)


def test_too_few_signers_are_told_before_a_byte_of_the_bundle_is_read(bundle, mini, keyring, keys):
    told = []
    assert errors(bundle, keyring, signers_needed=2, progress=told.append) == [("signatures-too-few", None)]
    assert told == []
    mini.sign(keys, "signer", "second")
    keyring.write_bytes(keys.public("signer", "second"))
    assert len(verify(bundle, keyring, signers_needed=2).signature.signers) == 2


CLASSES = [
    "install.sh",
    "bundle.json",
    "lock.json",
    "release/VERSION",
    "packages/debian-13/keys/debian.gpg",
    "packages/debian-13/debian/pool/main/p/python3_3.13.5-1_amd64.deb",
    "runtime/debian-13/requirements.txt",
    "runtime/debian-13/pip-25.3-py3-none-any.whl",
    "images/index.json",
    "images/oci-layout",
]


@pytest.mark.parametrize("path", [*CLASSES, "blob"])
def test_one_flipped_byte_in_each_class_of_file(bundle, mini, keyring, path):
    if path == "blob":
        path = next(name for name in mini.files if "/blobs/" in name)
    flip_byte(bundle / path)
    assert errors(bundle, keyring) == [("checksum-mismatch", path)]


@pytest.mark.parametrize("path", ["SHA256SUMS", "SHA256SUMS.asc"])
def test_a_flipped_byte_in_what_is_signed_or_in_the_signature(bundle, keyring, path):
    size = (bundle / path).stat().st_size
    for position in (0, size // 3, size // 2, size - 1):
        flip_byte(bundle / path, position)
        assert errors(bundle, keyring) == [("signature-invalid", "SHA256SUMS.asc")]
        flip_byte(bundle / path, position)
    assert verify(bundle, keyring)


def test_all_bad_files_are_named_at_once(bundle, keyring):
    flip_byte(bundle / "release/VERSION")
    flip_byte(bundle / "install.sh")
    (bundle / "lock.json").write_bytes(b"{}\n\n")
    (bundle / "runtime/debian-13/requirements.txt").unlink()
    (bundle / "extra").write_bytes(b"")
    assert sorted(errors(bundle, keyring)) == [
        ("checksum-mismatch", "install.sh"),
        ("checksum-mismatch", "release/VERSION"),
        ("file-extra", "extra"),
        ("file-missing", "runtime/debian-13/requirements.txt"),
        ("size-mismatch", "lock.json"),
    ]


@pytest.mark.parametrize(
    "path",
    ["runtime/debian-13/pip-99.0-py3-none-any.whl", "new/directory/file", ".hidden", "SHA256SUMS.old.asc"],
)
def test_an_extra_file(bundle, keyring, path):
    (bundle / path).parent.mkdir(parents=True, exist_ok=True)
    (bundle / path).write_bytes(b"planted")
    assert errors(bundle, keyring) == [("file-extra", path)]
    assert errors(bundle, keyring, read_all=False) == [("file-extra", path)]


@pytest.mark.parametrize("path", CLASSES)
def test_a_missing_file(bundle, keyring, path):
    (bundle / path).unlink()
    expected = "not-a-bundle" if path == "bundle.json" else "file-missing"
    assert errors(bundle, keyring) == [(expected, path)]


def test_missing_parts_of_the_trust(bundle, keyring):
    (bundle / "SHA256SUMS.asc").unlink()
    assert errors(bundle, keyring) == [("signature-missing", "SHA256SUMS.asc")]
    assert not verify(bundle, keyring, allow_unsigned=True).signature.signed
    (bundle / "SHA256SUMS").unlink()
    assert errors(bundle, keyring) == [("not-a-bundle", "SHA256SUMS")]


def test_a_bundle_signed_anew_by_a_key_that_it_carries(bundle, mini, keyring, keys):
    mini.files["release/VERSION"] = b"v6.6.6\n"
    mini.files["trusted.gpg"] = keys.public("stranger")
    mini.write()
    mini.sign(keys, "stranger")
    assert errors(bundle, keyring) == [("signature-invalid", "SHA256SUMS.asc")]
    assert errors(bundle, bundle / "trusted.gpg") == [("keyring-in-bundle", None)]


def test_a_truncated_list_stays_an_error_when_unsigned_bundles_are_allowed(bundle, keyring):
    (bundle / "SHA256SUMS.asc").unlink()
    sums = (bundle / "SHA256SUMS").read_bytes()
    (bundle / "SHA256SUMS").write_bytes(sums[:-10])
    assert errors(bundle, keyring, allow_unsigned=True) == [("checksums-malformed", "SHA256SUMS")]
    (bundle / "SHA256SUMS").write_bytes(sums[: sums.rindex(b"\n", 0, -1) + 1])
    assert [code for code, _ in errors(bundle, keyring, allow_unsigned=True)] == [
        "file-extra",
        "bundle-inconsistent",
    ]


def test_a_signed_path_that_leads_out_of_the_bundle(bundle, keyring, keys, mini):
    with (bundle / "SHA256SUMS").open("a") as stream:
        stream.write(f"{sha256(b'')}  ../outside\n")
    mini.sign(keys, "signer")
    assert errors(bundle, keyring) == [("checksums-malformed", "SHA256SUMS")]


def test_links_and_special_files_are_refused(bundle, keyring):
    (bundle / "a-link").symlink_to("install.sh")
    (bundle / "b-link").symlink_to("release")
    os.mkfifo(bundle / "release/fifo")
    assert sorted(path for _, path in errors(bundle, keyring)) == ["a-link", "b-link", "release/fifo"]
    assert {code for code, _ in errors(bundle, keyring)} == {"file-not-regular"}


def test_a_listed_file_that_became_a_link(bundle, keyring, tmp_path):
    (tmp_path / "same").write_bytes((bundle / "install.sh").read_bytes())
    (bundle / "install.sh").unlink()
    (bundle / "install.sh").symlink_to(tmp_path / "same")
    assert errors(bundle, keyring) == [("file-not-regular", "install.sh")]


def test_a_quick_look_reads_only_what_steers_the_run(bundle, mini, keyring):
    flip_byte(bundle / "lock.json", 0)
    assert verify(bundle, keyring, read_all=False).mode == "names and sizes"
    (bundle / "lock.json").write_bytes(b"{}")
    assert errors(bundle, keyring, read_all=False) == [("size-mismatch", "lock.json")]
    mini.restore("lock.json")
    flip_byte(bundle / "install.sh")
    assert errors(bundle, keyring, read_all=False) == [("checksum-mismatch", "install.sh")]


def test_a_quick_look_still_reads_the_layout(bundle, keyring):
    flip_byte(bundle / "images/index.json")
    assert errors(bundle, keyring, read_all=False) == [("checksum-mismatch", "images/index.json")]


def test_a_path_that_is_not_there_or_is_no_bundle(tmp_path, keyring):
    with pytest.raises(InputError) as caught:
        verify(tmp_path / "none", keyring)
    assert caught.value.code == "bundle-not-found"
    (tmp_path / "empty").mkdir()
    assert errors(tmp_path / "empty", keyring) == [("not-a-bundle", "SHA256SUMS")]
    (tmp_path / "file").write_bytes(b"")
    assert errors(tmp_path / "file", keyring)[0][0] == "not-a-bundle"


def contradict_layer(mini):
    mini.manifest["images"][0]["layers"].reverse()


def contradict_blob(mini):
    mini.manifest["images"][0]["config"] = f"sha256:{'0' * 64}"


def contradict_index(mini):
    mini.files["images/index.json"] = b'{"manifests": []}'


@pytest.mark.parametrize("contradict", [contradict_layer, contradict_blob, contradict_index])
def test_a_signed_manifest_that_contradicts_the_signed_layout(mini, keys, keyring, contradict):
    contradict(mini)
    mini.write()
    mini.sign(keys, "signer")
    assert {code for code, _ in errors(mini.path, keyring)} == {"bundle-inconsistent"}


def test_a_newer_schema(mini, keys, keyring):
    mini.manifest.update(schema=7, tool={"minimum": "9.0.0", "reason": "volumes"})
    mini.write()
    mini.sign(keys, "signer")
    assert errors(mini.path, keyring) == [("bundle-too-new", "bundle.json")]


def test_an_unreadable_file_is_named(bundle, keyring, monkeypatch):
    digest = BundleDirectory.digest

    def broken(self, path):
        if path == "release/VERSION":
            return digest(self, "release")  # reading a directory fails as a bad sector does
        return digest(self, path)

    monkeypatch.setattr(BundleDirectory, "digest", broken)
    with pytest.raises(FindingsError) as caught:
        verify(bundle, keyring)
    assert [error.code for error in caught.value.errors] == ["file-unreadable"]


def test_inspect_says_what_is_inside(bundle, keyring, keys):
    arguments = {"open_directory": BundleDirectory, "check_signature": check_signature}
    unsigned = inspect_bundle(bundle, **arguments)
    assert unsigned.data["signature"] is None
    assert "not checked" in unsigned.messages[-1]
    signed = inspect_bundle(bundle, keyring, **arguments)
    assert signed.data["signature"]["signers"] == [keys.fingerprint("signer")]
    assert signed.data["platforms"]["debian-13"]["packages"]["python"] == {
        "count": 1,
        "size": len(b"a package"),
    }
    assert signed.data["images"][0]["size"] == len(b"layer one") + len(b"layer two")


@pytest.mark.parametrize("name", ["SHA256SUMS", "SHA256SUMS.asc", "bundle.json"])
def test_a_file_of_absurd_size_is_not_read_into_memory(bundle, keyring, name):
    os.truncate(bundle / name, 1 << 40)
    assert errors(bundle, keyring) == [("file-too-large", name)]


def test_a_file_that_became_a_pipe_does_not_stop_the_run(bundle):
    reader = BundleDirectory(bundle)
    (bundle / "release/VERSION").unlink()
    os.mkfifo(bundle / "release/VERSION")
    assert reader.digest("release/VERSION") == sha256(b"")


def test_directories_deeper_than_the_stack(bundle, keyring):
    handle = os.open(bundle, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=handle)
        deeper = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = deeper
    os.close(os.open("planted", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    os.close(handle)
    try:
        assert errors(bundle, keyring) == [("file-extra", "d/" * 1500 + "planted")]
    finally:
        subprocess.run(["rm", "-rf", bundle / "d"], check=True)  # deeper than shutil and pytest can go


@pytest.mark.parametrize(
    "index", [{"manifests": None}, {"manifests": 1}, {"manifests": [{"digest": []}]}, {}]
)
def test_a_signed_but_odd_index_of_images(mini, keys, keyring, index):
    mini.files["images/index.json"] = json.dumps(index).encode()
    mini.write()
    mini.sign(keys, "signer")
    assert errors(mini.path, keyring) == [("bundle-inconsistent", "images/index.json")]


def test_paths_that_are_no_bundle_s(tmp_path, bundle, keyring):
    (tmp_path / "loop").symlink_to("loop")
    odd = bundle.rename(tmp_path / "two\nlines")
    for path, code in [
        (tmp_path / "loop", "bundle-not-found"),
        (tmp_path / ("a" * 300), "bundle-not-found"),
        (odd, "bundle-path"),
    ]:
        with pytest.raises(InputError) as caught:
            verify(path, keyring)
        assert caught.value.code == code


def test_thousands_of_signatures_are_not_looked_at_one_by_one(bundle, keyring):
    for number in range(40):
        (bundle / f"SHA256SUMS.{number:040X}.asc").write_bytes(b"x")
    assert errors(bundle, keyring) == [("too-many-signatures", None)]


def test_a_flood_of_files_is_not_counted_to_its_end(bundle, keyring, monkeypatch):
    monkeypatch.setattr(checksums, "MOST_FILES", 50)
    for number in range(60):
        (bundle / f"planted-{number}").touch()
    assert errors(bundle, keyring) == [("too-many-files", None)]
