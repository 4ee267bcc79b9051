"""Tampered bundles and hostile inputs: all refused by the command line, none by a crash, nothing changed.

The rows go to build/matrix/tamper.json.  `through` says which door a row has tried: `bundle verify` and
`install` are the command's own entry point in this process (of `install` everything up to the first playbook,
without the systemd scope, the lock and the state directory of a real host); `bundle build` likewise, with a
stand-in for the download of wheels.  Rows through `install.sh` come from a test on a bare host.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from graphistry_airgap.cli.main import main
from graphistry_airgap.connected.adapters import archive_guard
from graphistry_airgap.connected.release.source import release_digest
from graphistry_airgap.core import places
from graphistry_airgap.wiring import build, installation
from tests.kit.bundles.build_site import SPEC, BuildSite, OwnWheelOnly
from tests.kit.bundles.small_release import write_release
from tests.kit.faults.hostile_inputs import bombs, image_archives, releases
from tests.kit.faults.tampering import OLD, TAKEN_BACK, Original, tamperings
from tests.kit.matrix import merge_rows

pytestmark = [pytest.mark.subprocesses, pytest.mark.lengthy]
PLACES = (places.STATE, places.RUN, places.CONFIG, Path("/opt/graphistry-airgap"))
SITE = "schema: 1\npurpose: template\n"
REFUSED_BUNDLE, REFUSED_INPUT = 4, 2


def listing(root):
    """Every name below a directory with its inode and times."""
    if not os.path.lexists(root):
        return None
    found = []
    for folder, directories, files in os.walk(root):
        for name in [*directories, *files]:
            state = os.lstat(os.path.join(folder, name))  # noqa: PTH118 -- names may be no text
            found.append((folder, name, state.st_ino, state.st_size, state.st_mtime_ns))
    return sorted(found)


@pytest.fixture
def quiet_place(tmp_path, monkeypatch):
    """An empty directory for temporary files and one for HOME; both must be empty afterwards."""
    folder = tmp_path / "temporary"
    (folder / "home").mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("HOME", str(folder / "home"))
    return folder


@pytest.fixture
def command(capsys):
    def run(*arguments):
        status = main(["--json", *map(str, arguments)])
        answer = json.loads(capsys.readouterr().out)
        assert answer["exit_code"] == status
        return status, answer

    return run


@pytest.fixture
def original(tmp_path, keys):
    return Original(tmp_path / "originals", keys)


@pytest.fixture
def keyring(tmp_path, keys, original):
    path = tmp_path / "trusted.gpg"
    path.write_bytes(keys.public("signer", "expired", OLD, TAKEN_BACK))
    return path


@pytest.fixture
def opening(monkeypatch, tmp_path):
    """`install` up to its first playbook, which no row may reach."""

    @contextmanager
    def hold(**_):
        yield

    class NoReceipt:
        def load(self):
            return None

    class Fresh:
        def ask(self, questions):
            said = {"os_release": "ID=debian\nVERSION_ID=13\n", "receipt": None}
            said |= {"stages_begun": False, "sums_sha256": "", "dgx": ""}
            return {host.name: said for host, _ in questions}

    class Reached:
        def run(self, _):
            raise AssertionError("the installation went on")

    monkeypatch.setattr(installation.run_lock, "require_root", lambda: None)
    monkeypatch.setattr(installation.run_lock, "enter_scope", lambda _: None)
    monkeypatch.setattr(installation.run_lock, "hold", hold)
    monkeypatch.setattr(installation, "require_private", lambda path: path)
    monkeypatch.setattr(installation, "ReceiptFile", NoReceipt)
    monkeypatch.setattr(installation, "_hosts", lambda *_: Fresh())
    monkeypatch.setattr(installation, "_installer", lambda *_: Reached())
    site = tmp_path / "site.yml"
    site.write_text(SITE)
    return site


def row(through, case, *, expected, got, answer, **more):
    codes = sorted({error["code"] for error in answer["errors"]})
    ok = got == expected and more["unchanged"] and bool(codes)
    known = {"case": f"{through}: {case}", "through": through, "expected": expected, "got": got}
    return {**known, "codes": codes, "ok": ok, **more}


def record(rows):
    merge_rows("tamper", rows)
    assert [one for one in rows if not one["ok"]] == []


def test_every_tampered_bundle_is_refused(original, keyring, opening, quiet_place, command):
    copies = original.path.parent
    doors = {
        "bundle verify": lambda path: ("bundle", "verify", path, "--keyring", keyring),
        "install": lambda path: ("install", "--bundle", path, "--site", opening, "--keyring", keyring),
    }
    assert command(*doors["bundle verify"](original.path))[0] == 0
    places_before, calm = [listing(place) for place in PLACES], listing(quiet_place)
    rows = []
    for number, one in enumerate(tamperings(original)):
        copy = copies / f"copy-{number}"
        shutil.copytree(original.path, copy)
        one.apply(copy)
        before = listing(copy)
        for through, arguments in doors.items():
            status, answer = command(*arguments(copy))
            unchanged = (listing(copy), listing(quiet_place)) == (before, calm)
            more = {"class": one.file_class, "kind": one.kind, "unchanged": unchanged}
            rows.append(row(through, one.case, expected=REFUSED_BUNDLE, got=status, answer=answer, **more))
        shutil.rmtree(copy)
    assert [listing(place) for place in PLACES] == places_before
    assert len(rows) >= 2 * 300
    record(rows)


@pytest.fixture
def site(tmp_path, keys, monkeypatch):
    monkeypatch.setattr(build, "Runtime", lambda cache, **_: OwnWheelOnly(cache))
    return BuildSite(tmp_path / "connected", keys)


def test_every_hostile_input_of_a_build_is_refused(site, quiet_place, command, monkeypatch):
    out, archive, spec = site.path / "out", site.release / "containers.tar.gz", site.path / "demo.bundle.yml"
    monkeypatch.setattr(archive_guard, "ALWAYS_ALLOWED", 1 << 20)
    rows = []

    def build(case, file_class):
        status, answer = command("bundle", "build", spec, "-o", out, "--cache", site.path / "cache")
        strays = [*site.path.glob(".out*"), *site.path.rglob("escaped"), *(site.path / "cache/tmp").iterdir()]
        calm = not out.exists() and not strays and not list((quiet_place / "home").iterdir())
        more = {"class": file_class, "kind": "hostile archive", "unchanged": calm}
        rows.append(row("bundle build", case, expected=REFUSED_INPUT, got=status, answer=answer, **more))

    for case, data in {**image_archives(), **bombs(64 << 20)}.items():
        archive.write_bytes(gzip.compress(data, 1, mtime=0))
        site.pin()
        build(f"image archive with {case}", "image archive")
    shutil.rmtree(site.release)
    write_release(site.release)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        tar.add(site.release, "graphistry")
    tarball = site.path / "release.tar"
    for case, data in releases(plain.getvalue()).items():
        tarball.write_bytes(data)
        text = SPEC.format(digest=release_digest(tarball)).replace("path: release,", "path: release.tar,")
        spec.write_text(text, encoding="utf-8")
        build(f"release with {case}", "release")
    record(rows)
