"""SHA256SUMS is read strictly and compared in both directions."""

import hashlib
import subprocess

import pytest

from graphistry_airgap.bundle.checksums import (
    compare_names,
    is_signature,
    is_unlisted,
    parse_sums,
    render_sums,
)
from graphistry_airgap.core.errors import BundleError

DIGEST = hashlib.sha256(b"").hexdigest()


@pytest.mark.subprocesses
def test_the_list_is_the_one_that_sha256sum_writes(tmp_path):
    (tmp_path / "b c").write_bytes(b"")
    (tmp_path / "a").write_bytes(b"a")
    written = subprocess.run(
        ["sha256sum", "a", "b c"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    digests = parse_sums(written.stdout)
    assert set(digests) == {"a", "b c"}
    assert render_sums(digests) == written.stdout


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        (f"{DIGEST}  a", "cut off"),
        (f"{DIGEST}  a\n{DIGEST[:30]}", "cut off"),
        ("\n", "line 1"),
        (f"{DIGEST}  a\n\n", "line 2"),
        (f"{DIGEST[:-1]}g  a\n", "line 1"),
        (f"{DIGEST.upper()}  a\n", "line 1"),
        (f"{DIGEST} *a\n", "line 1"),
        (f"{DIGEST}  \n", "line 1"),
        (f"\\{DIGEST}  a\\nb\n", "line 1"),
        (f"{DIGEST}  a\\b\n", "line 1"),
        (f"{DIGEST}  a\rb\n", "line 1"),
        (f"{DIGEST}  /etc/passwd\n", "inside the bundle"),
        (f"{DIGEST}  ../a\n", "inside the bundle"),
        (f"{DIGEST}  a/../../b\n", "inside the bundle"),
        (f"{DIGEST}  ./a\n", "inside the bundle"),
        (f"{DIGEST}  a//b\n", "inside the bundle"),
        (f"{DIGEST}  a/\n", "inside the bundle"),
        (f"{DIGEST}  a\n{DIGEST}  a\n", "second time"),
        (f"{DIGEST}  SHA256SUMS\n", "vouch"),
        (f"{DIGEST}  SHA256SUMS.asc\n", "vouch"),
    ],
)
def test_anything_unexpected_is_an_error(text, word):
    with pytest.raises(BundleError, match=word) as caught:
        parse_sums(text)
    assert caught.value.code == "checksums-malformed"
    assert caught.value.details["path"] == "SHA256SUMS"


def test_missing_and_extra_files_are_both_named():
    errors = compare_names({"a": DIGEST, "b": DIGEST}, ["a", "c", "SHA256SUMS", "SHA256SUMS.asc"])
    assert [(error.code, error.details["path"]) for error in errors] == [
        ("file-missing", "b"),
        ("file-extra", "c"),
    ]


def test_only_real_signature_names_are_outside_the_list():
    assert is_signature("SHA256SUMS.asc")
    assert is_signature(f"SHA256SUMS.{'A' * 40}.asc")
    for name in (
        "SHA256SUMS",
        "SHA256SUMS.old.asc",
        f"SHA256SUMS.{'A' * 39}.asc",
        "x/SHA256SUMS.asc",
        "SHA256SUMS.sig",
    ):
        assert not is_signature(name)
    assert is_unlisted("SHA256SUMS")
    assert not is_unlisted("x/SHA256SUMS")
