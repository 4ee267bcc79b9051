"""What a play's first task runs on a host: the whole of it, on a small bundle that a key has signed."""

import hashlib
import json
import subprocess

import pytest

from graphistry_airgap.bootstrap.render import verify_sh
from tests.kit.bundles.openpgp_keys import make_keys

pytestmark = pytest.mark.subprocesses
FILES = {"bundle.json": b"{}", "release/VERSION": b"v1\n"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    found = make_keys(tmp_path_factory.mktemp("keys") / "gnupg")
    yield found
    found.stop()


@pytest.fixture
def judge(tmp_path, keys):
    """`judge(number)` is exit status, what it prints, and the codes in that; it works in a folder."""
    bundle = tmp_path / "bundle"
    for name, data in FILES.items():
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_bytes(data)
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in FILES.items()).encode()
    (bundle / "SHA256SUMS").write_bytes(sums)
    (bundle / "SHA256SUMS.asc").write_bytes(keys.sign(sums, "signer"))
    (tmp_path / "trusted.gpg").write_bytes(keys.public("signer", "second"))
    script = verify_sh().decode()
    for place in ("/run/graphistry-airgap", "/etc/graphistry-airgap"):
        assert place in script
        script = script.replace(place, str(tmp_path / place.strip("/").replace("/", "-")))
    (tmp_path / "verify.sh").write_text(script, encoding="utf-8")

    def run(*number):
        command = ["sh", tmp_path / "verify.sh", bundle, tmp_path / "trusted.gpg", *number]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = json.loads(done.stdout)
        return done.returncode, said, [one["code"] for one in said.get("errors", [])]

    run.bundle, run.folder, run.sums = bundle, tmp_path, hashlib.sha256(sums).hexdigest()
    return run


def test_a_good_bundle_is_told_by_its_list_and_its_signers(judge, keys):
    status, said, _ = judge("1")
    assert (status, said) == (0, {"sums": judge.sums, "signers": keys.fingerprint("signer")})
    assert list((judge.folder / "run-graphistry-airgap").iterdir()) == []


def test_a_changed_byte_that_the_names_do_not_show(judge):
    (judge.bundle / "release/VERSION").write_bytes(b"v2\n")
    assert judge()[::2] == (4, ["checksum-mismatch"])


def test_too_few_signers_for_whoever_asks_for_more(judge):
    status, said, codes = judge("2")
    assert (status, codes) == (4, ["signatures-too-few"])
    assert "the machine that the play runs from asks for 2" in said["errors"][0]["message"]
    place = judge.folder / "etc-graphistry-airgap"
    place.mkdir(mode=0o755)
    (place / "trusted.required").write_text("2\n", encoding="utf-8")
    if place.stat().st_uid == 0:
        status, said, codes = judge("1")
        assert (status, codes) == (4, ["signatures-too-few"])
        assert "this host asks for 2" in said["errors"][0]["message"]


def test_a_stranger_and_nobody(judge, keys):
    signature = judge.bundle / "SHA256SUMS.asc"
    signature.write_bytes(keys.sign((judge.bundle / "SHA256SUMS").read_bytes(), "stranger"))
    assert judge()[::2] == (4, ["signature-invalid"])
    signature.unlink()
    status, said, codes = judge()
    assert (status, codes) == (4, ["signature-missing"])
    assert "allow-unsigned" not in json.dumps(said), "a play cannot take it as it is"


def test_what_is_no_bundle(judge):
    (judge.bundle / "bundle.json").unlink()
    assert judge()[::2] == (4, ["not-a-bundle"])
