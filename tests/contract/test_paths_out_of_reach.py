"""Files and directories that the caller may not read or write: an input error that says so, never a bug.

Root may read and write everywhere, so the tool runs without that capability.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.kit.bundles.mini_bundle import MiniBundle

pytestmark = pytest.mark.subprocesses

AS_OTHERS = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    if os.geteuid() == 0
    else []
)
SPEC = f"""\
schema: 1
release: {{path: release, sha256: "{"0" * 64}"}}
platforms:
  debian-13:
    repositories:
      - {{name: debian, uri: "file:debian", suite: stable, components: [main], signed_by: key.gpg}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Bundles, files and directories, by what the caller may do with them."""
    root = tmp_path_factory.mktemp("out-of-reach")
    for name in ("unlisted", "closed", "kept", "unread"):
        MiniBundle(root / name).write()
    for name in ("read-only", "cache", "cache/blobs", "cache/notes", "cache/tmp"):
        (root / name).mkdir()
    for name in ("secret", "demo.bundle.yml"):
        (root / name).write_text(SPEC)
    modes = {"unlisted": 0o300, "closed": 0o600, "kept": 0o500, "read-only": 0o500, "cache/tmp": 0o500}
    for name, mode in {**modes, "secret": 0, "unread/release/VERSION": 0}.items():
        (root / name).chmod(mode)
    yield root
    for name in modes:
        (root / name).chmod(0o700)


def run(place, *words, **environment):
    done = subprocess.run(
        [*AS_OTHERS, sys.executable, "-m", "graphistry_airgap", "--json", *words],
        cwd=place,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    (error,) = json.loads(done.stdout)["errors"]
    return done.returncode, error


BUILD = ["bundle", "build", "demo.bundle.yml", "-o"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["bundle", "verify", "closed", "--allow-unsigned"], "bundle-unreadable"),
        (["bundle", "verify", "unlisted", "--allow-unsigned"], "bundle-unreadable"),
        (["bundle", "inspect", "closed"], "bundle-unreadable"),
        (["bundle", "build", "secret", "-o", "out"], "file-unreadable"),
        ([*BUILD, "read-only/out"], "output-unwritable"),
        ([*BUILD, "closed/none/out"], "output-unwritable"),
        ([*BUILD, "closed"], "output-exists"),
        ([*BUILD, "out", "--cache", "cache"], "cache-unusable"),
        (["host", "profile", "--script", "-o", "read-only/script"], "output-unwritable"),
        (["bundle", "verify", "kept", "--report", "read-only/x.json"], "report-unwritable"),
        (["gpu", "plan", "--capture", "secret"], "capture-unreadable"),
        (["env", "get", "X", "--file", "secret"], "env-file-unreadable"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else None,
)
def test_what_is_out_of_reach_is_named(place, words, code):
    status, error = run(place, *words)
    assert (status, error["code"]) == (2, code)
    assert error["hint"]
    assert "UTF-8" not in error["hint"]


def test_a_bundle_that_cannot_be_written_is_not_signed(place, keys):
    """Said before every byte is read; on a read-only medium it is the same."""
    status, error = run(
        place, "bundle", "sign", "kept", "--sign-key", keys.fingerprint("signer"), GNUPGHOME=str(keys.home)
    )
    assert (status, error["code"]) == (2, "output-unwritable")
    assert error["found"] == "Permission denied"
    assert error["needed"]
    assert "signed" in error["hint"]


def test_a_file_of_a_bundle_that_is_not_ours_to_read_is_no_damaged_medium(place):
    status, error = run(place, "bundle", "verify", "unread", "--allow-unsigned")
    assert (status, error["code"], error["path"]) == (4, "file-unreadable", "release/VERSION")
    assert "damaged" not in error["hint"]
