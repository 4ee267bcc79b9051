"""Builds with host profiles: real repositories and apt, a small release, profiles as hosts make them."""

import json

import pytest

from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.inspection import inspect_bundle
from graphistry_airgap.bundle.manifest import parse_bundle
from graphistry_airgap.bundle.trust.adapters.check import check_signature
from graphistry_airgap.connected.release.source import release_digest
from graphistry_airgap.core.errors import BundleError, FindingsError, InputError
from tests.kit.bundles.apt_repository import KERNEL, add_driver, add_kernel
from tests.kit.bundles.build_site import BuildSite
from tests.kit.bundles.dnf_repository import KERNEL as EL_KERNEL, el9_like
from tests.kit.fakes.host_profiles import document, rocky, write
from tests.kit.strict_schemas import strict

pytestmark = pytest.mark.subprocesses

DRIVER = '    driver: {branch: "550", waive: [driver-range]}\n'
EL_SPEC = """\
schema: 1
release: {{path: release, sha256: {digest}}}
platforms:
  rhel-9:
    repositories: [{{name: appstream, uri: "file:appstream", gpg_keys: [appstream/key.asc]}}]
    modules: ["nvidia-driver:580-open"]
    driver: {{branch: "580", modules: [open], waive: [driver-range]}}
    profiles: [web1]
"""
OTHER_KERNEL = "6.12.90+deb13-amd64"


class ProfiledSite(BuildSite):
    def want(self, *names, more=""):
        self.pin()
        with (self.path / "demo.bundle.yml").open("a") as spec:
            spec.write(f"    profiles: [{', '.join(names)}]\n{more}")

    def profile(self, name, made):
        write(self.path / name, made)

    def pool(self, out="out"):
        return sorted(path.name.partition("_")[0] for path in (self.path / out).rglob("*.deb"))

    def manifest(self, out="out"):
        return json.loads((self.path / out / "bundle.json").read_bytes())

    def platform(self, out="out"):
        return self.manifest(out)["platforms"]["debian-13"]

    def refusal(self):
        with pytest.raises((InputError, FindingsError)) as caught:
            self.build()
        assert not (self.path / "out").exists()
        return caught.value


@pytest.fixture
def site(tmp_path, keys):
    return ProfiledSite(tmp_path / "site", keys)


def test_what_all_hosts_have_stays_behind_and_the_groups_stay_whole(site):
    site.build("without")
    site.profile("web1", document({"iptables": "1.8.11-2", "docker-cli": "27.0", "python3": "3.13.5-1"}))
    site.profile("web2", document({"iptables": "1.8.11-3", "docker-cli": "25.0", "docker-compose": "9"}))
    site.want("web1", "web2")
    result = site.build()
    strict("bundle-v1").validate(site.manifest())
    strict("lock-v1").validate(json.loads((site.path / "out/lock.json").read_bytes()))
    assert site.platform()["assumed"] == [{"name": "iptables", "version": "1.8.11-2"}]
    assert site.platform()["packages"] == site.platform("without")["packages"]
    assert set(site.pool("without")) - set(site.pool()) == {"iptables"}
    assert "assumed" not in site.platform("without")
    assert "1 packages for debian-13 stay behind: all 2 profiles have them" in "\n".join(result.messages)
    assert parse_bundle((site.path / "out/bundle.json").read_bytes()).platforms["debian-13"].assumed == (
        "iptables",
    )


def test_an_epoch_outweighs_every_number_after_it(site):
    site.profile("web1", document({"docker-compose": "9.0-1"}))
    site.want("web1")
    site.build()
    assert "assumed" not in site.platform()


def test_the_profiles_stand_in_the_lock_and_decide_the_id(site):
    site.profile("web1", document({"iptables": "1.8.11-2"}))
    site.want("web1")
    first = site.build().data["id"]
    item = next(
        item
        for item in json.loads((site.path / "out/lock.json").read_bytes())["items"]
        if item["kind"] == "profile"
    )
    assert (item["name"], item["origin"], item["size"]) == (
        "debian-13/web1",
        "web1",
        (site.path / "web1").stat().st_size,
    )
    assert site.build("again", offline=True).data["id"] == first
    assert site.sums("again") == site.sums()
    site.profile("web1", document({"iptables": "1.8.11-2"}, cpus=8))
    assert site.build("other", offline=True).data["id"] != first


def test_inspect_names_what_stayed_behind(site):
    site.profile("web1", document({"iptables": "1.8.11-2", "docker.io": "26.1.5"}))
    site.want("web1")
    site.build()
    shown = inspect_bundle(site.path / "out", open_directory=BundleDirectory, check_signature=check_signature)
    assert shown.data["platforms"]["debian-13"]["assumed"] == ["docker.io", "iptables"]
    assert "debian-13: 2 packages are not in it, its hosts have them: docker.io, iptables" in shown.messages


def test_an_assumed_package_of_no_group_is_a_damaged_manifest(site):
    site.profile("web1", document({"iptables": "1.8.11-2"}))
    site.want("web1")
    site.build()
    made = site.manifest()
    made["platforms"]["debian-13"]["assumed"][0]["version"] = "1"
    with pytest.raises(BundleError, match="iptables"):
        parse_bundle(json.dumps(made).encode())


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (rocky(), "rhel-9 x86_64 dnf"),
        (document(os={"id": "debian", "version_id": "12"}), "debian-12 amd64 apt"),
        (document(architecture="arm64"), "debian-13 arm64 apt"),
    ],
)
def test_a_profile_of_another_kind_of_host(site, made, found):
    site.profile("web1", made)
    site.want("web1")
    error = site.refusal()
    assert (error.code, int(error.exit_code)) == ("profile-unfit", 2)
    assert error.details == {
        "path": "platforms.debian-13.profiles[0]",
        "found": found,
        "needed": "debian-13 amd64 apt",
    }
    assert "web1" in error.message


def test_all_profiles_that_do_not_fit_are_named_at_once(site):
    for name in ("web1", "web2"):
        site.profile(name, rocky())
    site.want("web1", "web2")
    assert [error.code for error in site.refusal().errors] == ["profile-unfit"] * 2


def test_a_profile_that_is_not_there_or_is_named_twice(site):
    site.want("web1")
    assert site.refusal().code == "profile-unreadable"
    site.want("web1", "web1")
    assert site.refusal().details["path"] == "platforms.debian-13.profiles"


@pytest.fixture
def driver_site(site):
    add_driver(site.repository)
    add_kernel(site.repository)
    add_kernel(site.repository, OTHER_KERNEL, "6.12.90-1")
    site.repository.publish()
    return site


def test_headers_for_the_kernel_of_each_host(driver_site):
    for name, kernel in (("web1", KERNEL), ("web2", OTHER_KERNEL), ("web3", KERNEL)):
        driver_site.profile(name, document(kernel={"running": kernel, "headers": []}))
    driver_site.want("web1", "web2", "web3", more=DRIVER)
    driver_site.build()
    assert driver_site.platform()["driver"]["kernels"] == sorted([KERNEL, OTHER_KERNEL])
    assert {f"linux-headers-{KERNEL}", f"linux-headers-{OTHER_KERNEL}"} <= set(driver_site.pool())


def test_no_headers_where_the_host_has_them_or_nobody_asks_for_a_driver(driver_site):
    driver_site.profile("web1", document(kernel={"running": "6.1-old", "headers": ["6.1-old"]}))
    driver_site.profile("web2", document(kernel={"running": KERNEL, "headers": []}))
    driver_site.want("web1", more=DRIVER)
    driver_site.build("ready")
    assert driver_site.platform("ready")["driver"]["kernels"] == []
    driver_site.want("web2")
    driver_site.build("plain")
    assert not [name for name in driver_site.pool("plain") if "linux" in name]


def test_a_kernel_that_no_repository_holds_is_told_with_its_host(driver_site):
    driver_site.profile("web1", document())
    for name in ("web2", "web3"):
        driver_site.profile(name, document(kernel={"running": "6.12.5+deb13-cloud-amd64"}))
    driver_site.want("web1", "web2", "web3", more=DRIVER)
    error = driver_site.refusal()
    assert error.code == "kernel-unavailable"
    assert error.message.endswith(": it is for the running kernel of web2 and web3")
    assert error.details["profiles"] == ["web2", "web3"]
    assert f"linux-headers-{KERNEL}" in error.hint


def test_an_rpm_host_by_rpms_own_order(site, keys):
    el9_like(site.path / "appstream", keys)
    text = EL_SPEC.format(digest=release_digest(site.release))
    (site.path / "demo.bundle.yml").write_text(text)
    held = {"docker-ce": "3:28.3.2-1.el9", "docker-ce-cli": "28.3.2-1.el9", "containerd.io": "1.7.22-1.el9_4"}
    held |= {"kernel-devel": "5.14.0-999.el9", "gcc": "0:11.5.0-1.el9", "python3.12-libs": "3.12-1.el9"}
    site.profile("web1", rocky(held, kernel={"running": EL_KERNEL, "headers": []}))
    site.build()
    platform = site.manifest()["platforms"]["rhel-9"]
    assert [entry["name"] for entry in platform["assumed"]] == ["containerd.io", "docker-ce", "gcc"]
    assert platform["driver"]["kernels"] == [EL_KERNEL]
    rpms = {path.name.partition("-")[0] for path in (site.path / "out").rglob("*.rpm")}
    assert {"kernel", "python3.12"} <= rpms
    assert "gcc" not in rpms
