"""The demo's own bundle, verified by the guide's commands on a bare Debian 13, with no code of ours.

What each kind of damage looks like by hand is in test_verify_by_hand.py.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from lab.hosts.sealed_host import IMAGE
from tests.kit.bundles.bundle_variants import variants_of

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "verify-by-hand.md"
BLOCKS = dict(re.findall(r"```sh (\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
MEDIUM, KEYRING = "/media/bundle", "/etc/graphistry-airgap/trusted.gpg"


def on_debian_13(script: str, bundle: Path, keyring: Path) -> subprocess.CompletedProcess[str]:
    command = ["docker", "run", "--rm", "--network", "none", "-v", f"{bundle}:{MEDIUM}:ro"]
    command += ["-v", f"{keyring}:{KEYRING}:ro", IMAGE, "sh", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def signer(keyring):
    shown = ["gpg", "--with-colons", "--show-keys", keyring]
    records = subprocess.run(shown, capture_output=True, text=True, check=True).stdout.splitlines()
    return next(record.split(":")[9] for record in records if record.startswith("fpr"))


def test_the_commands_need_nothing_of_ours(bundle, keyring):
    assert not [block for block in BLOCKS.values() if "graphistry-airgap " in block]
    assert on_debian_13("command -v gpgv python3 graphistry-airgap", bundle, keyring).stdout == ""


def test_the_bundle_is_good(bundle, keyring, signer):
    done = on_debian_13(BLOCKS["sqv"], bundle, keyring)
    assert (done.returncode, done.stdout.strip()) == (0, signer)
    done = on_debian_13(BLOCKS["self"], bundle, keyring)
    assert (done.returncode, done.stdout) == (0, "install.sh: OK\n")
    for block in ("bytes", "names"):
        done = on_debian_13(BLOCKS[block], bundle, keyring)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_bundle_is_good_for_gpgv(bundle, keyring, signer):
    """Here, because a bare Debian 13 has no gpgv."""
    script = BLOCKS["gpgv"].replace(MEDIUM, str(bundle)).replace(KEYRING, str(keyring))
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert re.search(rf"^\[GNUPG:\] VALIDSIG .*{signer}$", done.stdout, re.MULTILINE)
    assert not re.search("EXPKEYSIG|REVKEYSIG|EXPSIG|BADSIG", done.stdout)


def test_a_flipped_installer_is_found(bundle, keyring):
    with variants_of(bundle, bundle.parents[1] / "tests" / "by-hand") as variants:
        flipped = variants.add("flipped")
        flipped.flip("install.sh")
        assert on_debian_13(BLOCKS["sqv"], flipped.path, keyring).returncode == 0
        done = on_debian_13(BLOCKS["self"], flipped.path, keyring)
        assert (done.returncode, done.stdout) == (1, "install.sh: FAILED\n")
        assert on_debian_13(BLOCKS["bytes"], flipped.path, keyring).stdout == "install.sh: FAILED\n"
