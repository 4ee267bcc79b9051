"""NVIDIA's driver for Ubuntu in a bundle: ready-made modules, names that lead elsewhere, two vendors."""

import json

import pytest

from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.inspection import inspect_bundle
from graphistry_airgap.bundle.manifest import parse_bundle
from graphistry_airgap.bundle.trust.adapters.check import check_signature
from lab.repositories import ubuntu_driver
from tests.kit.bundles.build_site import refused
from tests.kit.bundles.ubuntu_site import BUILD, FIPS, KERNEL, NVIDIA, UbuntuSite
from tests.kit.fakes.host_profiles import document, write
from tests.kit.strict_schemas import strict

pytestmark = [pytest.mark.subprocesses, pytest.mark.lengthy]

V580, V595 = "580.126.20", "595.71.05"


def driver(branch, kernels=(KERNEL,), **more):
    given = {"branch": branch, "kernels": list(kernels), **more}
    return f"    driver: {json.dumps(given)}\n"


@pytest.fixture
def site(tmp_path, keys):
    made = UbuntuSite(tmp_path / "site", keys)
    made.add_server_driver(V580)
    made.publish()
    return made


def names(platform, group):
    return {package["name"] for package in platform["packages"][group]}


def test_a_kernel_with_ready_made_modules_needs_neither_headers_nor_a_compiler(site):
    site.want(driver("580"))
    result = site.build()
    platform = site.platform()
    assert platform["driver"] == {
        "branch": "580",
        "version": V580,
        "modules": ["open", "proprietary"],
        "kernels": [],
        "kernel_images": {KERNEL: BUILD},
        "prebuilt": {"open": [KERNEL], "proprietary": [KERNEL]},
        "origin": "Ubuntu",
    }
    assert names(platform, f"driver-open-{KERNEL}") == {
        "adduser",
        "libnvidia-compute-580-server",
        f"linux-modules-nvidia-580-server-open-{KERNEL}",
        f"linux-objects-nvidia-580-server-open-{KERNEL}",
        f"linux-signatures-nvidia-{KERNEL}",
        "nvidia-compute-utils-580-server",
        f"nvidia-firmware-580-server-{V580}",
        "nvidia-headless-no-dkms-580-server-open",
        "nvidia-kernel-common-580-server",
        "nvidia-kernel-source-580-server-open",
    }
    assert f"headers-{KERNEL}" not in platform["packages"]
    # for hosts whose kernel is another one, and has its headers
    assert {"nvidia-dkms-580-server-open", "dkms", "gcc"} < names(platform, "driver-open")
    document = (site.path / "out/bundle.json").read_bytes()
    strict("bundle-v1").validate(json.loads(document))
    assert parse_bundle(document).platforms["ubuntu-24.04"].driver.prebuilt["open"] == (KERNEL,)
    assert not [path for path in json.loads(document)["files"] if "linux-image" in path]
    assert not [message for message in result.messages if "DKMS" in message]
    shown = inspect_bundle(site.path / "out", open_directory=BundleDirectory, check_signature=check_signature)
    assert f"ubuntu-24.04: open modules of it ready-made for {KERNEL}" in shown.messages


def test_a_flavour_without_such_modules_is_built_for_and_told(site):
    site.want(driver("580", [KERNEL, FIPS]))
    told = "\n".join(site.build().messages)
    platform = site.platform()
    assert platform["driver"]["kernels"] == [FIPS]
    assert platform["driver"]["prebuilt"]["open"] == [KERNEL]
    assert f"Kernel {FIPS} of ubuntu-24.04: no ready-made open and no proprietary modules" in told
    assert "nobody makes such for the flavour fips" in told


def test_one_kind_alone_is_ready_made(tmp_path, keys):
    site = UbuntuSite(tmp_path / "site", keys)
    site.add_server_driver(V580, kernel="")
    site.add(ubuntu_driver.ready_made("580", V580, ["open"], KERNEL, BUILD))
    site.publish()
    site.want(driver("580"))
    told = "\n".join(site.build().messages)
    assert site.platform()["driver"]["kernels"] == [KERNEL]
    assert site.platform()["driver"]["prebuilt"] == {"open": [KERNEL]}
    assert "no ready-made proprietary modules" in told
    assert "though there are some for other kernels of the flavour generic" in told


def test_a_flavour_that_nobody_knows_is_told_where_headers_are_there(site):
    unknown = "6.8.0-45-acme"
    site.add(
        [
            {"name": f"linux-image-{unknown}", "version": BUILD},
            {"name": f"linux-headers-{unknown}", "version": BUILD},
        ]
    )
    site.publish()
    site.want(driver("580", [unknown]))
    assert any("acme is no flavour that is known here" in message for message in site.build().messages)


def test_a_flavour_that_nobody_knows_and_nobody_has_ends_the_build(site):
    site.want(driver("580", ["6.8.0-45-acme"]))
    error = refused(site)
    assert (error.exit_code, error.code) == (2, "kernel-unavailable")
    assert "linux-image-6.8.0-45-acme" in error.message


@pytest.mark.parametrize(
    ("old", "new", "version"),
    [("535", "580", V580), ("565", "580", V580), ("570", "580", V580), ("590", "595", V595)],
)
def test_a_branch_that_is_a_name_only_is_followed_and_told(site, old, new, version):
    site.add([ubuntu_driver.transition(old, new, version)])
    if new == "595":
        site.add_server_driver(V595, ["open"])
    site.publish()
    site.want(driver(old, modules=["open"]))
    result = site.build()
    found = site.platform()["driver"]
    assert (found["branch"], found["version"], found["prebuilt"]) == (new, version, {"open": [KERNEL]})
    (told,) = [message for message in result.messages if "name only" in message]
    assert f"nvidia-utils-{old}-server is {version}" in told
    assert f'write `branch: "{new}"`' in told


def test_the_branch_that_comes_decides_and_not_the_one_that_came_once(site):
    """When this was written 570 led to 580."""
    site.add([ubuntu_driver.transition("570", "595", V595)])
    site.add_server_driver(V595, ["open"])
    site.publish()
    site.want(driver("570", modules=["open"]))
    site.build()
    assert site.platform()["driver"]["branch"] == "595"


def test_a_name_that_leads_to_a_branch_without_the_wanted_modules_ends_the_build(site):
    site.add([ubuntu_driver.transition("590", "595", V595)])
    site.add_server_driver(V595, ["open"])
    site.publish()
    site.want(driver("590", modules=["proprietary"]))
    error = refused(site)
    assert (error.exit_code, error.code) == (2, "driver-modules-unknown")


@pytest.mark.parametrize("branch", ["580", "595"])
def test_two_vendors_need_a_word_on_whose(site, branch):
    site.add_server_driver(V595, ["open"])
    site.publish()
    site.add_vendor("580.178.04", "595.80.01")
    site.want(NVIDIA + driver(branch, modules=["open"]))
    error = refused(site)
    assert (error.exit_code, error.code) == (2, "driver-origin-ambiguous")
    assert "`origin: NVIDIA` or `origin: Ubuntu`" in error.hint
    assert error.details["origins"] == ["NVIDIA", "Ubuntu"]


@pytest.mark.parametrize(
    ("origin", "branch", "version", "ready"),
    [
        ("Ubuntu", "580", V580, {"open": [KERNEL]}),
        ("NVIDIA", "580", "580.178.04", None),
        ("Ubuntu", "595", V595, {"open": [KERNEL]}),
        # a name of theirs has no branch here, and the repository holds a newer one
        ("NVIDIA", "595", "595.80.01", None),
    ],
)
def test_the_vendor_that_the_spec_names_is_taken(site, origin, branch, version, ready):
    site.add_server_driver(V595, ["open"])
    # Ubuntu's plain packages have the very names of NVIDIA's, and here a newer version
    plain = ("libnvidia-compute-580", "nvidia-utils-580", "nvidia-dkms-580-open", "nvidia-kernel-common-580")
    site.add({"name": name, "version": "580.200.01-0ubuntu0.24.04.1"} for name in plain)
    site.publish()
    site.add_vendor("580.178.04", "595.80.01", "615.71.09")
    site.want(NVIDIA + driver(branch, modules=["open"], origin=origin))
    site.build()
    found = site.platform()["driver"]
    assert (found["version"], found["origin"], found.get("prebuilt")) == (version, origin, ready)
    assert found["kernels"] == ([] if ready else [KERNEL])


def test_the_only_vendor_that_is_there_needs_no_word(site):
    site.want(driver("580", modules=["open"]))
    site.build()
    assert site.platform()["driver"]["origin"] == "Ubuntu"


def test_nvidia_s_repository_beside_an_archive_without_restricted_needs_no_word(tmp_path, keys):
    site = UbuntuSite(tmp_path / "site", keys)
    site.publish()
    site.add_vendor(V580)
    site.want(NVIDIA + driver("580", modules=["open"]))
    site.build()
    assert site.platform()["driver"]["origin"] == "NVIDIA"


def test_a_mirror_that_says_nothing_of_its_vendor_needs_a_word(site):
    site.publish(origin="Acme")
    site.want(driver("580"))
    error = refused(site)
    assert (error.exit_code, error.code) == (2, "driver-origin-unknown")
    assert "`origin: Ubuntu`" in error.hint
    site.want(driver("580", origin="Ubuntu"))
    site.build()
    assert site.platform()["driver"]["version"] == V580


def test_nvidia_s_repository_without_the_branch_is_no_other_branch(site):
    """From 590 on the names say nothing of it, and all that is there is newer."""
    site.add_vendor("615.71.09")
    site.want(NVIDIA + driver("595", modules=["open"], origin="NVIDIA"))
    error = refused(site)
    assert (error.exit_code, error.code) == (2, "driver-branch-changed")
    assert "615.71.09" in error.message


def test_a_vendor_that_nobody_knows_for_the_branch(site):
    site.want(driver("580", origin="Acme"))
    error = refused(site)
    assert (error.exit_code, error.code) == (2, "driver-branch-unknown")
    assert "580 from Acme" in error.message


def test_a_profile_s_kernel_gets_ready_made_modules_though_it_has_headers(site):
    noble = {"id": "ubuntu", "version_id": "24.04", "pretty_name": "Ubuntu 24.04.3 LTS"}
    kernel = {"running": KERNEL, "installed": [KERNEL], "headers": [KERNEL]}
    write(site.path / "web1.json", document(os=noble, kernel=kernel))
    site.want("    profiles: [web1.json]\n" + driver("580", [], modules=["open"]))
    site.build()
    assert site.platform()["driver"]["prebuilt"] == {"open": [KERNEL]}
