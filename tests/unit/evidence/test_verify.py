"""`bundle verify --report`: evidence of bundles that hold, that are refused, or that nobody could check."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.trust.adapters.check import check_signature, read_keyring
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.evidence.files import EvidenceFiles, circumstances
from graphistry_airgap.evidence.verify import VerifyWithReport
from graphistry_airgap.knowledge.formats import load_schema
from tests.kit.bundles.mini_bundle import MiniBundle, flip_byte

pytestmark = pytest.mark.subprocesses


class Page(HTMLParser):
    """The text of a page; a tag that is not closed again, or loads or runs something, is a fault."""

    EMPTY = ("meta", "br")

    def __init__(self, source):
        super().__init__()
        self.open, self.text = [], ""
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "img", "link", "iframe"), tag
        assert not [name for name, _ in attrs if name in ("src", "href") or name.startswith("on")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += f"{data} "


@pytest.fixture
def bundle(tmp_path, keys):
    made = MiniBundle(tmp_path / "bundle")
    made.write()
    made.sign(keys, "signer")
    (tmp_path / "trusted.gpg").write_bytes(keys.public("signer", "expired"))
    return made


@pytest.fixture
def report(bundle, tmp_path):
    """Verifies with a report and returns (result, document, text of the page)."""

    def run(name="evidence.json", *, path=bundle.path, keyring="trusted.gpg", **options):
        service = VerifyWithReport(
            BundleDirectory, check_signature, read_keyring, circumstances, EvidenceFiles()
        )
        result = service.run(path, tmp_path / keyring, tmp_path / name, **options)
        document = json.loads((tmp_path / name).read_bytes())
        Draft202012Validator(load_schema("evidence-v1")).validate(document)
        page = (tmp_path / name).with_suffix(".html").read_text(encoding="utf-8")
        return result, document, Page(page).text

    return run


def test_a_bundle_that_holds(report, bundle, keys, tmp_path):
    result, document, page = report()
    assert (result.exit_code, document["verdict"], document["exit_code"]) == (0, "holds", 0)
    assert result.data["report"] == [str(tmp_path / "evidence.json"), str(tmp_path / "evidence.html")]
    assert document["signatures"] == [
        {
            "path": "SHA256SUMS.asc",
            "sha256": document["signatures"][0]["sha256"],
            "good": True,
            "signer": keys.fingerprint("signer"),
            "reason": None,
        }
    ]
    states = {one["fingerprint"]: one["state"] for one in document["keyring"]["keys"]}
    assert states == {keys.fingerprint("signer"): "usable", keys.fingerprint("expired"): "expired"}
    files = [path for path in bundle.path.rglob("*") if path.is_file()]
    checked = document["checked"]
    assert checked["listed"] == len(files) - 2
    assert checked["files_read"] == checked["files"] == len(files)
    assert checked["bytes_read"] == checked["bytes"] == sum(path.stat().st_size for path in files)
    assert document["bundle"]["id"] == "0" * 32
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["finished"])
    assert document["started"] <= document["finished"]
    assert "The bundle holds" in page
    assert keys.fingerprint("signer") in page
    assert checked["sums_sha256"] in page


def test_every_bad_file_is_named_and_the_exit_code_stays(report, bundle):
    flip_byte(bundle.path / "install.sh")
    (bundle.path / "release/VERSION").unlink()
    (bundle.path / "planted<script>alert(1)").write_text("x")
    result, document, page = report()
    assert (result.exit_code, document["verdict"], document["exit_code"]) == (4, "refused", 4)
    assert sorted(one["code"] for one in document["problems"]) == [
        "checksum-mismatch",
        "file-extra",
        "file-missing",
    ]
    assert document["signatures"][0]["good"] is True
    assert (document["contents"], document["provenance"], document["bundle"]["id"]) == (None, None, None)
    assert "Do not install from it" in page
    assert "planted<script>alert(1)" in page  # as text: Page refuses the element
    assert [error.code for error in result.errors] == [one["code"] for one in document["problems"]]


def test_names_that_are_no_text(report, bundle):
    (bundle.path / "odd\x1b[31m\udcff").write_text("x")
    result, document, page = report()
    assert result.exit_code == 4
    assert document["problems"][0]["path"] == "odd\x1b[31m\udcff"
    assert "odd\\u001b[31m\\udcff" in page


def test_each_signature_has_its_own_verdict(report, bundle, keys, tmp_path):
    bundle.sign(keys, "signer", "stranger")
    _, document, page = report()
    verdicts = {one["path"]: (one["good"], one["reason"]) for one in document["signatures"]}
    further = f"SHA256SUMS.{keys.fingerprint('stranger')}.asc"
    assert verdicts["SHA256SUMS.asc"] == (True, None)
    assert verdicts[further][0] is False
    assert "not in the keyring" in verdicts[further][1]
    assert "does not count" in page


def test_no_good_signature(report, bundle, keys):
    bundle.sign(keys, "stranger")
    result, document, _ = report()
    assert (result.exit_code, document["verdict"]) == (4, "refused")
    (signature,) = document["signatures"]
    assert signature["good"] is False
    assert "not in the keyring" in signature["reason"]
    assert document["checked"]["files_read"] == 2
    assert document["keyring"]["keys"]


def test_an_unsigned_bundle_that_was_allowed(report, bundle):
    (bundle.path / "SHA256SUMS.asc").unlink()
    result, document, page = report(allow_unsigned=True)
    assert (result.exit_code, document["verdict"], document["signatures"]) == (0, "holds", [])
    assert "NOT SIGNED" in page
    assert "The bundle holds" not in page


@pytest.mark.parametrize(("options", "code"), [({"keyring": "none.gpg"}, 2), ({"path": "gone"}, 2)])
def test_what_could_not_be_checked_is_no_verdict(report, tmp_path, options, code):
    if "path" in options:
        options = {"path": tmp_path / options["path"]}
    result, document, page = report(**options)
    assert (result.exit_code, document["verdict"], document["exit_code"]) == (code, "not decided", code)
    assert document["problems"][0]["hint"]
    assert "Nothing was decided" in page


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("evidence.html", "report-name"),
        ("evidence", "report-name"),
        (".", "report-name"),
        ("bundle/evidence.json", "report-in-bundle"),
        ("missing/evidence.json", "report-unwritable"),
        ("there.json", "report-exists"),
        ("page.json", "report-exists"),
    ],
)
def test_a_bad_place_is_refused_before_the_bundle_is_read(report, tmp_path, monkeypatch, name, code):
    (tmp_path / "there.json").write_text("mine")
    (tmp_path / "page.html").write_text("mine")
    monkeypatch.setattr(BundleDirectory, "files", None)
    before = sorted(path for path in tmp_path.rglob("*") if "evidence" in path.name)
    with pytest.raises(InputError) as caught:
        report(name)
    assert caught.value.code == code
    assert caught.value.hint
    assert (tmp_path / "there.json").read_text() == "mine"
    assert sorted(path for path in tmp_path.rglob("*") if "evidence" in path.name) == before


@pytest.mark.parametrize("bad", [False, True])
def test_a_report_that_cannot_be_written_is_an_error_of_its_own(bundle, tmp_path, monkeypatch, bad):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    if bad:
        flip_byte(bundle.path / "install.sh")
    monkeypatch.setattr("graphistry_airgap.evidence.files.write_atomic", full)
    service = VerifyWithReport(BundleDirectory, check_signature, read_keyring, circumstances, EvidenceFiles())
    result = service.run(bundle.path, tmp_path / "trusted.gpg", tmp_path / "evidence.json")
    assert result.exit_code == (4 if bad else 2)
    assert result.errors[-1].code == "report-unwritable"
    assert not list(tmp_path.glob("*evidence*"))


def test_the_keyring_by_hand_is_the_one_that_was_asked(bundle, tmp_path, monkeypatch):
    """A relative name would be a place in the bundle, where the commands are to be run."""
    monkeypatch.chdir(tmp_path)
    service = VerifyWithReport(BundleDirectory, check_signature, read_keyring, circumstances, EvidenceFiles())
    service.run(bundle.path, Path("trusted.gpg"), Path("evidence.json"))
    page = Page((tmp_path / "evidence.html").read_text(encoding="utf-8")).text
    assert f"--keyring {tmp_path}/trusted.gpg SHA256SUMS.asc SHA256SUMS" in page


def test_no_report_goes_into_what_is_left_of_a_bundle(report, bundle):
    (bundle.path / "bundle.json").unlink()
    with pytest.raises(InputError) as caught:
        report("bundle/evidence.json")
    assert caught.value.code == "report-in-bundle"


def test_a_loop_of_links_is_no_bundle_and_has_its_evidence(report, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    result, document, _ = report(path=tmp_path / "loop")
    assert (result.exit_code, document["verdict"]) == (2, "not decided")


def test_every_signer_of_a_repository_stands_on_the_page(report, bundle, keys):
    signers = ["A" * 40, "B" * 40]
    del bundle.files["bundle.json"]
    bundle.files["provenance.json"] = json.dumps(
        {
            "predicate": {
                "buildDefinition": {
                    "externalParameters": {
                        "spec": {"name": "demo.bundle.yml", "digest": {"sha256": "0" * 64}},
                        "trustedOnFirstUse": ["release"],
                    },
                    "internalParameters": {
                        "repositories": [
                            {
                                "platform": "debian-13",
                                "name": "debian",
                                "uri": "http://deb.example/debian",
                                "signedBy": signers,
                                "date": "2026-11-20T08:00:00Z",
                                "expiredAllowed": True,
                            }
                        ]
                    },
                    "resolvedDependencies": [],
                },
                "runDetails": {"builder": {"version": {"apt": "2.6"}}},
            }
        }
    ).encode()
    bundle.write()
    bundle.sign(keys, "signer")
    _, _, page = report()
    for shown in (*signers, "http://deb.example/debian", "expired metadata", "without a pin: release"):
        assert shown in page
