"""install.sh and the tool judge signatures by code of their own: the same verdict in the same words."""

import shutil
import subprocess
import time

import pytest

from graphistry_airgap.bootstrap.render import install_sh
from graphistry_airgap.bundle.trust.adapters.check import check_signature
from graphistry_airgap.bundle.trust.keyring import sift_keyring
from graphistry_airgap.bundle.trust.packets import dearmor_keyring
from graphistry_airgap.core.errors import AirgapError
from tests.kit.bundles.signature_cases import CASES, FILES, SUMS, make_corpus

pytestmark = pytest.mark.subprocesses
HARNESS = """
stage=$HERE/stage keyring=$HERE/trusted.gpg bundle=$HERE/bundle site=$HERE/none.yml REQUIRED=$HERE/none
[ "$WITH" = gpgv ] || verdict_of_gpgv() { verdict_of_sqv "$1"; }
fail() {
    printf '%s\\n' "$2" >"$HERE/code"
    exit "$1"
}
trap 'printf "%s\\n%s\\n" "$signers" "$ignored" >"$HERE/said"' EXIT
check_signature
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus") / "gnupg")


@pytest.fixture(params=["gpgv", "sqv"])
def program(request):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    return request.param


def plain(reason):
    """Without what the tool alone adds in brackets."""
    return reason.partition(" (")[0]


def said_by_the_tool(given, program, folder):
    signatures = dict(zip(FILES, given.signatures, strict=False))
    try:
        verdict = check_signature(
            SUMS, signatures, bundle=folder / "bundle", keyring=folder / "trusted.gpg", tools=(program,)
        )
    except AirgapError as error:
        rows = error.details.get("signatures", [])
        return error.exit_code, error.code, [], {row["path"]: plain(row["reason"]) for row in rows}
    ignored = {path: plain(reason) for path, reason in verdict.ignored}
    return 0, "", list(verdict.signers), ignored


def said_by_install_sh(program, folder):
    code = install_sh().decode().removesuffix('main "$@"\n')
    command = ["sh", "-c", f"{code}HERE='{folder}' WITH={program}\n{HARNESS}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (folder / "said").exists(), done.stderr
    signers, ignored = (folder / "said").read_text().splitlines()
    rows = [row.split(" does not count: ") for row in ignored.split("; SHA256SUMS") if row]
    reasons = {f"SHA256SUMS{name}": plain(reason) for name, reason in rows}
    error = (folder / "code").read_text().strip() if (folder / "code").exists() else ""
    return done.returncode, error, signers.split(", ") if signers and not error else [], reasons


def states_by_install_sh(folder):
    lines = (folder / "stage/keys").read_text().splitlines()
    return {print_.upper(): state for print_, state in (line.split(" ", 1) for line in lines)}


def usable_by_install_sh(folder):
    rings = {version: folder / f"stage/usable.{version}.gpg" for version in (4, 6)}
    return {version: path.read_bytes() if path.exists() else b"" for version, path in rings.items()}


def test_the_table_and_the_corpus_have_the_same_cases(corpus):
    assert corpus[0].keys() == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_both_judges_say_the_same(name, program, corpus, tmp_path):
    cases, fingerprints = corpus
    given, expected = cases[name], CASES[name]
    if isinstance(expected, dict):
        expected = expected[program]
    for folder in ("bundle", "stage"):
        (tmp_path / folder).mkdir()
    (tmp_path / "trusted.gpg").write_bytes(given.ring)
    (tmp_path / "bundle/SHA256SUMS").write_bytes(SUMS)
    for path, raw in zip(FILES, given.signatures, strict=False):
        (tmp_path / "bundle" / path).write_bytes(raw)
    tool = said_by_the_tool(given, program, tmp_path)
    script = said_by_install_sh(program, tmp_path)
    signers = [fingerprints[one] for one in expected.signers]
    if expected.code == "clock-before-signature":  # the tool tells the moment, and not of which file
        tool = (*tool[:3], script[3])
    assert tool == script
    assert (script[1], script[2], tuple(script[3].values())) == (expected.code, signers, expected.reasons)
    if not expected.code.startswith("keyring-"):
        ring = sift_keyring(dearmor_keyring(given.ring), now=int(time.time()))
        assert states_by_install_sh(tmp_path) == ring.states
        assert usable_by_install_sh(tmp_path) == ring.usable_by
