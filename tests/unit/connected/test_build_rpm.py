"""A bundle for rhel-9 from small real repositories: whole, described, the same again, and verified."""

import json

import pytest

from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.checksums import parse_sums
from graphistry_airgap.bundle.inspection import inspect_bundle
from graphistry_airgap.bundle.manifest import parse_bundle
from graphistry_airgap.bundle.trust.adapters.check import check_signature
from graphistry_airgap.bundle.verify import verification_result, verify_bundle
from graphistry_airgap.connected.release.source import release_digest
from tests.kit.bundles.build_site import BuildSite, refused
from tests.kit.bundles.dnf_repository import KERNEL, el9_like
from tests.kit.strict_schemas import strict

pytestmark = pytest.mark.subprocesses

SPEC = """\
schema: 1
release: {{path: release, sha256: {digest}}}
platforms:
  rhel-9:
    repositories:
      - {{name: appstream, uri: "file:appstream", gpg_keys: [appstream/key.asc]}}
    modules: ["nvidia-driver:580-open"]
    driver:
      branch: "580"
      modules: [open]
      kernels: ["{kernel}"]
"""


@pytest.fixture(scope="module")
def published(keys, tmp_path_factory):
    return el9_like(tmp_path_factory.mktemp("el9") / "appstream", keys)


@pytest.fixture
def site(tmp_path, keys, published):
    made = BuildSite(tmp_path / "site", keys)
    published.copy(made.path / "appstream")
    text = SPEC.format(digest=release_digest(made.release), kernel=KERNEL)
    (made.path / "demo.bundle.yml").write_text(text)
    return made


def test_bundle_is_complete_and_described(site, keys):
    site.build()
    out = site.path / "out"
    document = json.loads((out / "bundle.json").read_bytes())
    strict("bundle-v1").validate(document)
    strict("lock-v1").validate(json.loads((out / "lock.json").read_bytes()))
    platform = parse_bundle((out / "bundle.json").read_bytes()).platforms["rhel-9"]
    assert (platform.package_system, platform.modules) == ("dnf", ("nvidia-driver:580-open",))
    (repository,) = document["platforms"]["rhel-9"]["repositories"]
    assert repository == {
        "name": "appstream",
        "path": "packages/rhel-9/appstream",
        "signed_by": "packages/rhel-9/keys/appstream.asc",
        "package_keys": ["packages/rhel-9/keys/appstream.asc"],
        "metadata_signed": True,
    }
    listed = [path for path in parse_sums(site.sums()) if path.startswith("packages/")]
    rpms = {path.rpartition("/")[2].partition("-")[0] for path in listed if path.endswith(".rpm")}
    assert {"docker", "kmod", "kernel", "python3.12"} <= rpms
    assert not [path for path in listed if "kernel-core" in path or "glibc" in path or "buildx" in path]
    assert [path for path in listed if path.endswith("modules.yaml.gz")]
    assert platform.driver.kernel_images == {KERNEL: "5.14.0-503.el9"}


def test_lock_and_provenance_say_who_signed_a_package_and_its_metadata(site, keys):
    site.build()
    lock = json.loads((site.path / "out/lock.json").read_bytes())
    (item,) = [one for one in lock["items"] if one["name"] == "rhel-9/docker-ce:x86_64"]
    signer = keys.fingerprint("signer")
    assert item["verdict"] == {"signed_by": [signer], "package_signed_by": [signer]}
    assert item["origin"] == "file:appstream/Packages/x86_64/docker-ce-26.1.5-1.el9.x86_64.rpm"


def test_the_bootstrap_file_is_one_for_dnf(site):
    site.build()
    lines = (site.path / "out/runtime/rhel-9/bootstrap").read_text().splitlines()
    assert "source baseurl=file://@BUNDLE@/packages/rhel-9/appstream" in lines
    assert "source gpgkey=file://@KEYS@/appstream.asc" in lines
    assert "source repo_gpgcheck=1" in lines
    assert "package python3.12-3.12.9-1.el9.x86_64" in lines


def test_same_lock_gives_the_same_checksums_from_any_cache_and_offline(site):
    site.build()
    first = site.sums()
    (site.path / "appstream/repodata").rename(site.path / "gone")
    site.build(offline=True)
    assert site.sums() == first
    (site.path / "gone").rename(site.path / "appstream/repodata")
    site.build("other", cache="cache2")
    assert site.sums("other") == first


def test_bundle_verifies_and_is_told_by_inspect(site, keys, monkeypatch):
    monkeypatch.setenv("GNUPGHOME", str(keys.home))
    site.build(sign_key=keys.fingerprint("signer"))
    (site.path / "ring.gpg").write_bytes(keys.public("signer"))
    given = {"open_directory": BundleDirectory, "check_signature": check_signature}
    verified = verify_bundle(site.path / "out", site.path / "ring.gpg", **given)
    assert not verification_result(verified).errors
    found = inspect_bundle(site.path / "out", None, **given).data["platforms"]["rhel-9"]
    assert found["packages"]["docker"]["count"] == 5
    assert found["packages"]["docker"]["size"] > 5000


def test_a_package_that_is_not_what_the_metadata_says(site):
    rpm = next((site.path / "appstream").rglob("docker-ce-26*.rpm"))
    rpm.write_bytes(rpm.read_bytes()[:-1])
    error = refused(site)
    assert error.code == "fetch-failed"
    assert rpm.name in error.message


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("name: keys", "value-invalid"),
        ("uri: ftp://mirror.invalid", "value-invalid"),
        ("gpg_keys: []", "value-invalid"),
        ("metadata_signed: maybe", "value-invalid"),
        ("suite: stable", "key-unknown"),
    ],
)
def test_a_spec_that_dnf_has_no_use_for(site, line, code):
    spec = site.path / "demo.bundle.yml"
    name, _, value = line.partition(": ")
    entry = {"name": "appstream", "uri": "file:appstream", "gpg_keys": ["appstream/key.asc"], name: value}
    if value in ("[]",):
        entry[name] = []
    head, _, tail = spec.read_text().partition("      - {name")
    rest = tail.partition("\n")[2]
    spec.write_text(f"{head}      - {json.dumps(entry)}\n{rest}")
    assert refused(site).code == code
