"""The guide's page on verifying by hand: its own commands, run as they stand there, with no code of ours."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from bundle_variants import variants_of

from sealed_host import IMAGE

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

GUIDE = Path(__file__).resolve().parents[2] / "docs/guide/verify-by-hand.md"
MEDIUM, KEYRING = "/media/bundle", "/etc/graphistry-airgap/trusted.gpg"


def commands(word: str) -> str:
    """The one code block of the guide that calls this program."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if re.search(rf"(^|\| ){re.escape(word)}", block, re.MULTILINE)]
    return found


SQV, GPGV, START, ALL = (
    commands(word) for word in ("sqv ", "gpgv ", "grep -E '^[0-9a-f]{64}  install", "find . ")
)


def on_debian_13(script: str, bundle: Path, keyring: Path) -> subprocess.CompletedProcess[str]:
    command = ["docker", "run", "--rm", "--network", "none", "-v", f"{bundle}:{MEDIUM}:ro"]
    command += ["-v", f"{keyring}:{KEYRING}:ro", IMAGE, "sh", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def here(script: str, bundle: Path, keyring: Path) -> subprocess.CompletedProcess[str]:
    script = script.replace(MEDIUM, str(bundle)).replace(KEYRING, str(keyring))
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def variants(bundle):
    with variants_of(bundle, bundle.parents[1] / "tests" / "by-hand") as variants:
        yield variants


@pytest.fixture(scope="module")
def signer(keyring):
    shown = ["gpg", "--with-colons", "--show-keys", keyring]
    records = subprocess.run(shown, capture_output=True, text=True, check=True).stdout.splitlines()
    return next(record.split(":")[9] for record in records if record.startswith("fpr"))


def test_the_page_runs_nothing_of_ours():
    text = GUIDE.read_text(encoding="utf-8")
    assert "graphistry-airgap " not in "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))


def test_a_good_bundle_with_sqv_on_debian_13(bundle, keyring, signer):
    assert on_debian_13("command -v gpgv python3", bundle, keyring).returncode != 0
    signature = on_debian_13(SQV, bundle, keyring)
    assert (signature.returncode, signature.stdout.strip()) == (0, signer)
    start = on_debian_13(START, bundle, keyring)
    assert (start.returncode, start.stdout) == (0, "install.sh: OK\n")
    everything = on_debian_13(ALL, bundle, keyring)
    assert (everything.returncode, everything.stdout, everything.stderr) == (0, "", "")


def test_a_good_bundle_with_gpgv(bundle, keyring, signer):
    said = here(GPGV, bundle, keyring).stdout
    assert f"VALIDSIG {signer}" in said
    assert not re.search("EXPKEYSIG|REVKEYSIG|EXPSIG|BADSIG", said)


def test_a_flipped_installer_is_found(variants, keyring):
    flipped = variants.add("flipped")
    flipped.flip("install.sh")
    assert on_debian_13(SQV, flipped.path, keyring).returncode == 0
    start = on_debian_13(START, flipped.path, keyring)
    assert start.returncode != 0
    assert start.stdout == "install.sh: FAILED\n"
    assert "install.sh: FAILED" in on_debian_13(ALL, flipped.path, keyring).stdout


def test_an_installer_that_is_not_listed_is_no_success(variants, keyring):
    unlisted = variants.add("unlisted")
    unlisted.write("SHA256SUMS", b"")
    assert on_debian_13(START, unlisted.path, keyring).returncode != 0


def test_a_changed_list_is_found(variants, keyring):
    changed = variants.add("changed")
    changed.flip("SHA256SUMS", 10)
    assert on_debian_13(SQV, changed.path, keyring).returncode != 0
    assert "BADSIG" in here(GPGV, changed.path, keyring).stdout


def test_a_strangers_signature_is_found(variants, keyring, keys):
    foreign = variants.add("foreign")
    foreign.sign(keys, "stranger")
    assert on_debian_13(SQV, foreign.path, keyring).returncode != 0
    assert "VALIDSIG" not in here(GPGV, foreign.path, keyring).stdout


def test_a_planted_and_a_missing_file_are_shown(variants, keyring):
    changed = variants.add("planted")
    changed.write("runtime/debian-13/pip-99-py3-none-any.whl", b"planted")
    changed.remove("release/VERSION")
    said = on_debian_13(ALL, changed.path, keyring).stdout.splitlines()
    assert "> runtime/debian-13/pip-99-py3-none-any.whl" in said
    assert "< release/VERSION" in said
