"""What stands against the bundle's driver on a host: each cause once, and none on a host in order."""

import pytest

from graphistry_airgap.target.driver import plan as driver_plan
from tests.kit.fakes.driver_facts import KERNEL, bundle, desired, facts, gpu, kernel, package, signing

OTHER = "6.12.90+deb13-cloud-amd64"
OLD = [package("nvidia-kernel-dkms", "550.163.01"), package("libcuda1", "550.163.01")]
REFUSED = {
    "driver-headers-missing": ({"kernels": [kernel(headers="absent")]}, {"kernels": [OTHER]}),
    "driver-headers-broken": ({"kernels": [kernel(headers="broken")]}, {}),
    "driver-headers-of-another-build": (
        {"kernels": [kernel(headers="absent")], "images": {KERNEL: "6.12.117-2"}},
        {},
    ),
    "driver-runfile": ({"runfile": "/usr/bin/nvidia-uninstall"}, {}),
    "driver-second-source": ({"packages": [package("nvidia-driver-575-server", "575.57.08")]}, {}),
    "driver-kernel-realtime": ({"kernel": "6.12.1-rt3-amd64", "kernels": [kernel("6.12.1-rt3-amd64")]}, {}),
    "driver-signing-impossible": ({"signing": signing("Secure Boot", shim=False)}, {}),
}
WARNED = {
    "driver-signing-key": {"signing": signing("Secure Boot")},
    "driver-nouveau-loaded": {"nouveau": True},
}


def make(found=None, wanted=None, *gpus):
    return driver_plan.make(facts(*(gpus or (gpu(),)), **(found or {})), desired(**(wanted or {})))


def on_dnf():
    return desired() | {"package_system": "dnf"}


def codes(notes):
    return [note.code for note in notes if note.code != "driver-untried"]


def test_a_host_in_order_has_none():
    plan = make()
    assert (plan.action, codes(plan.refusals), codes(plan.warnings)) == ("install", [], [])


@pytest.mark.parametrize("code", REFUSED)
def test_each_obstacle_is_refused_alone(code):
    plan = make(*REFUSED[code])
    assert (plan.action, codes(plan.refusals)) == ("none", [code])
    note = plan.refusals[0]
    assert all((note.message, note.found, note.needed, note.hint))


@pytest.mark.parametrize("code", WARNED)
def test_each_remark_is_made_alone_and_stops_nothing(code):
    plan = make(WARNED[code])
    assert (plan.action, codes(plan.warnings)) == ("install", [code])


def test_missing_headers_name_the_kernel_what_the_bundle_has_and_the_way_out():
    there = kernel(OTHER, running=False)
    note = make({"kernels": [there, kernel(headers="absent")]}, {"kernels": [OTHER]}).refusals[0]
    assert KERNEL in note.message
    assert OTHER in note.found
    assert f"linux-headers-{KERNEL}" in note.needed
    assert f"boot {OTHER}" in note.hint
    assert f'kernels: ["{KERNEL}"]' in note.hint


def test_an_image_that_no_package_brought_is_believed():
    assert make({"kernels": [kernel(headers="absent")], "images": {}}).action == "install"


def test_the_host_s_own_headers_fit_whatever_the_bundle_has():
    assert make({"images": {KERNEL: "6.12.117-2"}}).action == "install"


def test_half_installed_headers_are_finished_from_the_bundle():
    half = {"name": f"linux-headers-{KERNEL}", "whole": False, "begun": True}
    plan = make({"kernels": [kernel(headers="broken")], "headers_package": half})
    assert (plan.action, plan.headers) == ("install", "bundle")


def test_headers_that_were_unpacked_and_not_configured_are_finished_from_the_bundle():
    half = {"name": f"linux-headers-{KERNEL}", "whole": False, "begun": True}
    plan = make({"headers_package": half})
    assert (plan.action, plan.headers) == ("install", "bundle")
    assert half["name"] in [item["name"] for item in plan.packages]
    assert make({"headers_package": half}, {"kernels": [OTHER]}).headers == "host"


def test_half_installed_headers_that_the_bundle_lacks_are_refused():
    half = {"name": f"linux-headers-{KERNEL}", "whole": False, "begun": True}
    plan = make({"kernels": [kernel(headers="broken")], "headers_package": half}, {"kernels": [OTHER]})
    assert codes(plan.refusals) == ["driver-headers-broken"]


def test_headers_of_another_kernel_under_this_one_s_name_are_refused():
    plan = make({"kernels": [kernel(headers="other")]})
    assert codes(plan.refusals) == ["driver-headers-broken"]
    assert "dpkg --remove" in plan.refusals[0].hint


def test_headers_whose_files_are_gone_while_their_package_is_there_are_refused():
    """A transaction would leave such a package as it is."""
    whole = {"name": f"linux-headers-{KERNEL}", "whole": True, "begun": False}
    found = {"kernels": [kernel(headers="absent")], "headers_package": whole}
    assert codes(make(found).refusals) == ["driver-headers-broken"]


def test_who_has_dnf_is_told_what_dnf_and_rpm_are_told():
    broken = driver_plan.make(facts(gpu(), kernels=[kernel(headers="other")]), on_dnf()).refusals[0]
    foreign = package("nvidia-driver-cuda-libs", "575.57.08")
    second = driver_plan.make(facts(gpu(), packages=[foreign]), on_dnf()).refusals[0]
    assert "rpm -e --nodeps" in broken.hint
    assert "dnf remove" in second.hint


def test_older_packages_of_the_same_names_are_upgraded_and_newer_ones_stop():
    assert make({"packages": OLD}).action == "install"
    newer = [package("libcuda1", "595.58.03")]
    assert codes(make({"packages": newer}).refusals) == ["driver-second-source"]


def test_packages_of_the_bundle_s_version_are_no_second_source():
    entry, groups = bundle()
    own = [package(item["name"], entry["version"]) for item in (*groups["programs"], *groups["open"])]
    assert make({"packages": [*own, package("libnvidia-cfg1", entry["version"])]}).action == "install"


def test_the_other_variant_of_the_same_version_is_not_mixed_in():
    found = {
        "loaded": "580.126.20",
        "loaded_variant": "open",
        "packages": [package("nvidia-open-kernel-dkms", "580.126.20")],
    }
    plan = driver_plan.make(facts(gpu(), **found), desired() | {"modules": "proprietary"})
    assert codes(plan.refusals) == ["driver-variant-differs"]


def test_modules_of_the_run_file_that_lost_its_uninstaller_are_known_too():
    left = kernel(modules="595.58.03", variant="proprietary", by_runfile=True)
    assert make({"kernels": [left]}).action == "leave"
    assert codes(make({"kernels": [{**left, "modules": "515.48.07"}]}).refusals) == ["driver-out-of-range"]


def test_an_enrolled_key_needs_no_word():
    done = signing("Secure Boot", has_key=True, enrolled=True)
    assert codes(make({"signing": done}).warnings) == []


def test_nobody_is_at_the_console_of_an_automatic_reboot():
    found = {"signing": signing("Secure Boot", has_key=True)}
    assert codes(make(found, {"reboot": "automatic"}).refusals) == ["driver-signing-impossible"]
    template = make(found, {"reboot": "automatic", "purpose": "template"})
    assert codes(template.warnings) == ["driver-signing-key"]


def test_the_way_to_enrol_the_key_is_told():
    note = make({"signing": signing("Secure Boot", has_key=True)}).warnings[-2]
    assert note.code == "driver-signing-key"
    for word in ("mokutil --import /var/lib/dkms/mok.pub", "MokManager", "console", "10 seconds"):
        assert word in note.hint


def test_nouveau_in_an_initramfs_that_nobody_can_make_is_told():
    plan = make({"nouveau": True, "initramfs": ""})
    assert codes(plan.warnings) == ["driver-nouveau-loaded", "driver-initramfs-unknown"]


def test_what_was_tried_here_is_not_called_untried():
    found = make(None, {"version": "550.163.01", "modules": ["proprietary"], "waive_range": True})
    assert [note.code for note in found.warnings] == ["driver-bundle-out-of-range"]
    assert [note.code for note in make().warnings] == ["driver-untried"]
