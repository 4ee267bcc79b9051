"""Which bundle, site file and keyring a run works on, and how much of the bundle it reads."""

import hashlib
import json
from dataclasses import dataclass, field, replace

import pytest

from graphistry_airgap.bundle.manifest import Platform, Release
from graphistry_airgap.bundle.trust.verdict import Verdict
from graphistry_airgap.bundle.verify import ALL_BYTES, NAMES_AND_SIZES, VerifiedBundle
from graphistry_airgap.cli.progress import Silent
from graphistry_airgap.core.errors import BundleError, HostError, InputError
from graphistry_airgap.installation.fleet import found_host
from graphistry_airgap.installation.fleet.answers import Answers
from graphistry_airgap.installation.request import Request, Targets
from graphistry_airgap.installation.site_file import Site
from graphistry_airgap.target.finding import ERROR, WARNING, Finding

DOCUMENT = {"schema": 1, "purpose": "server"}


@dataclass
class World:
    """A bundle that opens, and a memory of how it was opened."""

    path: object
    receipt: dict | None = None
    platform: str = "debian-13"
    document: dict = field(default_factory=lambda: DOCUMENT)
    opened: list[dict] = field(default_factory=list)
    in_use: list = field(default_factory=list)
    required: int | None = None
    allowed_here: tuple = ()

    def load(self):
        return self.receipt

    def open_bundle(self, path, keyring, *, allow_unsigned, signers_needed, read_all, progress):
        self.opened.append({"path": path, "keyring": keyring, "read_all": read_all})
        self.signers_needed = signers_needed
        platform = Platform("debian-13", "amd64", (), {}, "runtime/debian-13")
        bundle = type(
            "Bundle",
            (),
            {
                "id": "b",
                "created": "2026-11-20T08:00:00Z",
                "release": Release("v1", "12", "release"),
                "platforms": {"debian-13": platform},
                "files": {},
            },
        )()
        mode = ALL_BYTES if read_all else NAMES_AND_SIZES
        return VerifiedBundle(path, bundle, Verdict(("F" * 40,), "gpgv"), mode, {}, sums_of(path), 1)

    def answers(self, site_path, inventory):
        self.inventory = inventory
        stated = self.document.get("signatures", {}).get("required")
        return [Answers(Site.from_document(self.document), str(site_path), signers=stated)]

    def ask(self, questions):
        """Of the one host; a receipt as it lies there."""
        ((host, question),) = questions
        assert question == {"ask": "read"}
        kind, _, version = self.platform.rpartition("-")
        receipt = None if self.receipt is None else json.dumps(self.receipt)
        said = {"os_release": f"ID={kind}\nVERSION_ID={version}\n", "receipt": receipt}
        return {host.name: {**said, "stages_begun": False, "sums_sha256": "", "dgx": ""}}

    def targets(self):
        return Targets(
            receipts=self,
            read_answers=self.answers,
            signers_required=lambda: self.required,
            allowed_here=lambda: self.allowed_here,
            open_bundle=self.open_bundle,
            bundle_digest=lambda path, name: hashlib.sha256((path / name).read_bytes()).hexdigest(),
            ask_hosts=self.ask,
            other_release=lambda root, bundle: self.in_use,
            progress=Silent(),
        )


def sums_of(path):
    return hashlib.sha256((path / "SHA256SUMS").read_bytes()).hexdigest()


@pytest.fixture
def world(tmp_path, monkeypatch):
    # these receipts hold only what is looked at
    monkeypatch.setattr(found_host, "parse_receipt", lambda text, _: json.loads(text))
    (tmp_path / "SHA256SUMS").write_text("x\n")
    return World(tmp_path)


def one(decided):
    (target,) = decided.targets
    assert decided.refused == {}
    return target


def receipt(world, **changes):
    site = Site.from_document(DOCUMENT).as_dict()
    bundle = {"sums_sha256": sums_of(world.path), "path": str(world.path)}
    return {"complete": True, "site": site, "bundle": bundle, "inputs": {}} | changes


def request(world, **changes):
    return Request(**{"bundle": world.path, "site": None, "keyring": None, "allow_unsigned": False} | changes)


def test_a_first_run_reads_every_byte(world):
    target = one(world.targets().decide(request(world)))
    assert world.opened[0]["read_all"] is True
    assert target.provenance.verified == ALL_BYTES


def test_a_run_whose_result_is_there_reads_names_and_sizes(world):
    world.receipt = receipt(world)
    assert one(world.targets().decide(request(world))).provenance.verified == NAMES_AND_SIZES


@pytest.mark.parametrize("change", [{"complete": False}, {"site": {}}, {"bundle": {"sums_sha256": "other"}}])
def test_an_unfinished_or_different_result_does_not_spare_the_reading(world, change):
    world.receipt = receipt(world, **change)
    assert one(world.targets().decide(request(world))).provenance.verified == ALL_BYTES


def test_what_install_sh_has_read_is_not_read_again_but_counts(world):
    target = one(world.targets().decide(request(world, bytes_checked=sums_of(world.path))))
    assert world.opened[0]["read_all"] is False
    assert target.provenance.verified == ALL_BYTES


def test_a_check_of_another_list_counts_for_nothing(world):
    world.targets().decide(request(world, bytes_checked="0" * 64))
    assert world.opened[0]["read_all"] is True


def test_a_list_that_changed_since_counts_for_what_was_read(world):
    """The medium may change between the two looks; the receipt must not say more than was done."""
    targets, checked = world.targets(), sums_of(world.path)
    opened = world.open_bundle

    def change_then_open(*arguments, **options):
        (world.path / "SHA256SUMS").write_text("y\n")
        return opened(*arguments, **options)

    changing = replace(targets, open_bundle=change_then_open)
    target = one(changing.decide(request(world, bytes_checked=checked)))
    assert target.provenance.verified == NAMES_AND_SIZES


def test_a_list_that_cannot_be_read_is_left_to_the_opening(world):
    world.receipt = receipt(world)

    def unreadable(*_):
        raise BundleError("SHA256SUMS cannot be read", code="file-unreadable", hint="copy it again")

    replace(world.targets(), bundle_digest=unreadable).decide(request(world))
    assert world.opened[0]["read_all"] is True


def test_the_last_receipt_remembers_the_bundle(world):
    world.receipt = receipt(world)
    assert one(world.targets().decide(request(world, bundle=None))).provenance.path == str(world.path)


def test_no_bundle_at_all_is_an_input_error(world):
    with pytest.raises(InputError, match="no bundle"):
        world.targets().decide(request(world, bundle=None))


def test_a_host_of_another_platform_is_refused(world):
    world.platform = "ubuntu-24.04"
    with pytest.raises(HostError) as caught:
        world.targets().decide(request(world))
    assert caught.value.details == {"found": "ubuntu-24.04", "needed": "debian-13"}


def installed(world, created, identity="a"):
    world.receipt = receipt(world)
    world.receipt["bundle"] |= {"id": identity, "created": created, "release": "v2"}


def test_a_bundle_older_than_the_installed_one_is_refused(world):
    installed(world, "2026-11-21T08:00:00Z")
    with pytest.raises(HostError) as caught:
        world.targets().decide(request(world))
    assert caught.value.code == "bundle-older"
    assert "--allow-older" in caught.value.hint


def test_an_older_bundle_can_be_taken_on_purpose_and_is_recorded(world):
    installed(world, "2026-11-21T08:00:00Z")
    target = one(world.targets().decide(request(world, allow_older=True)))
    assert target.provenance.older_than == "2026-11-21T08:00:00Z"


def test_the_record_of_an_older_bundle_outlives_an_interruption(world):
    """The run that goes on finds a receipt of this bundle, and needs no --allow-older again."""
    installed(world, "2026-11-20T08:00:00Z", "b")
    world.receipt["complete"] = False
    world.receipt["bundle"]["older_than"] = "2026-11-21T08:00:00Z"
    assert one(world.targets().decide(request(world))).provenance.older_than == "2026-11-21T08:00:00Z"


@pytest.mark.parametrize(
    ("created", "identity"),
    [("2026-11-19T08:00:00Z", "a"), ("2026-11-20T08:00:00Z", "a"), ("2027-01-01", "b")],
)
def test_a_newer_an_equally_old_and_the_installed_bundle_are_taken(world, created, identity):
    installed(world, created, identity)
    assert one(world.targets().decide(request(world))).provenance.older_than == ""


@pytest.mark.parametrize("stated", [None, 2])
def test_a_host_can_ask_for_more_signers(world, stated):
    world.document = {**DOCUMENT, **({"signatures": {"required": stated}} if stated else {})}
    world.required = 2
    world.targets().decide(request(world))
    assert world.signers_needed == 2


@pytest.mark.parametrize(
    ("stated", "required", "code"),
    [
        (2, None, "trusted-required-missing"),
        (1, 2, "trusted-required-differs"),
        (3, 2, "trusted-required-differs"),
    ],
)
def test_the_site_file_and_the_host_must_ask_for_one_number(world, stated, required, code):
    world.document = {**DOCUMENT, "signatures": {"required": stated}}
    world.required = required
    with pytest.raises(InputError) as caught:
        world.targets().decide(request(world))
    assert (caught.value.code, caught.value.exit_code) == (code, 2)
    assert f"is {stated}" in caught.value.message
    assert str(required or "not exist") in caught.value.message
    assert "echo" in caught.value.hint
    assert world.opened == []


TRUST, FIPS = "fapolicyd-trust", "fips-interpreter"
NAMED = {"hardening": {"allow": ["ip-forward", TRUST]}}
BOTH = {"hardening": {"allow": [FIPS, TRUST]}}
FILE = "/etc/graphistry-airgap/allow.fapolicyd-trust"


@pytest.mark.parametrize(("more", "allowed"), [({}, ()), (NAMED, (TRUST,)), (BOTH, (TRUST, FIPS))])
def test_the_site_file_and_the_host_say_alike_what_install_sh_may_do(world, more, allowed):
    world.document, world.allowed_here = {**DOCUMENT, **more}, allowed
    world.targets().decide(request(world))
    assert world.opened


@pytest.mark.parametrize(
    ("more", "allowed", "code", "hint"),
    [
        (NAMED, (), "allow-missing", f"touch {FILE}"),
        ({}, (TRUST,), "allow-differs", f"rm {FILE}"),
        ({}, (TRUST,), "allow-differs", "hardening: {allow: [fapolicyd-trust]}"),
        (BOTH, (TRUST,), "allow-missing", "touch /etc/graphistry-airgap/allow.fips-interpreter"),
        (NAMED, (TRUST, FIPS), "allow-differs", "hardening: {allow: [fips-interpreter]}"),
    ],
)
def test_where_they_differ_the_line_to_write_is_told(world, more, allowed, code, hint):
    world.document, world.allowed_here = {**DOCUMENT, **more}, allowed
    with pytest.raises(InputError) as caught:
        world.targets().decide(request(world))
    assert (caught.value.code, caught.value.exit_code) == (code, 2)
    assert hint in caught.value.hint
    assert world.opened == []


def test_another_release_is_refused_before_its_age_is_looked_at(world):
    """`--allow-older` would be no way out."""
    world.receipt = receipt(world, created="2026-12-01T00:00:00Z")
    world.in_use = [
        Finding(WARNING, "release-replaced", "begun", "v0", "v1", "nothing"),
        Finding(ERROR, "host-other-release", "in use", "v0", "v0", "its own bundle", "/r"),
    ]
    with pytest.raises(HostError) as caught:
        world.targets().decide(request(world))
    assert (caught.value.code, caught.value.hint) == ("host-other-release", "its own bundle")
    assert caught.value.details == {"found": "v0", "needed": "v0", "path": "/r"}
