"""A dry run names the packages of a build, fetches none of them and makes nothing."""

import json

import pytest

from graphistry_airgap.cli.main import main
from graphistry_airgap.core.result import envelope
from tests.kit.bundles.build_site import BuildSite
from tests.kit.strict_schemas import strict

pytestmark = pytest.mark.subprocesses


@pytest.fixture
def site(tmp_path, keys):
    return BuildSite(tmp_path / "site", keys)


def test_it_names_what_the_build_then_locks(site):
    told = site.build(out=None)
    strict("envelope-v1").validate(envelope("bundle build", told))
    site.build()
    lock = json.loads((site.path / "out" / "lock.json").read_bytes())
    locked = [item for item in lock["items"] if item["kind"] == "package"]
    (closure,) = told.data["closures"].values()
    named = {(f"debian-13/{one['name']}:{one['architecture']}", one["sha256"]) for one in closure["packages"]}
    assert named == {(item["name"], item["sha256"]) for item in locked}
    assert len(closure["packages"]) == len(locked) > 0
    assert [one["name"] for one in closure["repositories"]] == ["debian"]


def test_each_package_is_a_line_with_its_group(site):
    told = site.build(out=None)
    (closure,) = told.data["closures"].values()
    for package in closure["packages"]:
        identity = f"  {package['name']} {package['version']} {package['architecture']}"
        assert f"{identity}  debian  {','.join(package['groups'])}" in told.messages
    assert told.messages[0].startswith(f"debian-13: {len(closure['packages'])} packages, ")


def test_it_fetches_no_package_and_leaves_nothing_but_the_cache(site):
    before = {*site.path.iterdir()}
    told = site.build(out=None)
    assert {*site.path.iterdir()} - before == {site.path / "cache"}
    (closure,) = told.data["closures"].values()
    held = {path.name for path in (site.path / "cache").rglob("*")}
    assert not {package["sha256"] for package in closure["packages"]} & held


def test_it_needs_no_network_where_the_cache_has_the_metadata(site):
    assert site.build(out=None).data == site.build(out=None, offline=True).data


@pytest.mark.parametrize("more", [[], ["--dry-run", "-o", "out"]])
def test_it_is_either_a_dry_run_or_a_bundle(more, capsys):
    assert main(["bundle", "build", "x.bundle.yml", *more]) == 2
    assert "--dry-run" in capsys.readouterr().err
