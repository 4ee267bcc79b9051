"""The decision about the driver: what is left alone, what is installed, and with which modules."""

import pytest

from graphistry_airgap.target.driver import plan as driver_plan
from tests.kit.fakes import driver_facts
from tests.kit.fakes.driver_facts import KERNEL, desired, facts, gpu, kernel, package

T4 = gpu("Turing")
# no branch of this platform but Debian's own was ever tried
UNTRIED = "driver-untried"
IN_RANGE, TOO_OLD, KNOWN_BAD = "590.48.01", "550.163.01", "580.126.20"


def make(*gpus, wanted=None, **found):
    return driver_plan.make(facts(*gpus, **found), wanted or desired())


def codes(notes):
    return [note.code for note in notes]


def test_a_host_with_a_gpu_and_no_driver_gets_the_bundle_s():
    plan = make(T4)
    assert (plan.action, plan.version, plan.variant) == ("install", "580.126.20", "open")
    assert plan.refusals == ()
    assert [item["name"] for item in plan.packages] == ["libcuda1", "nvidia-open-kernel-dkms", "nvidia-smi"]
    assert plan.headers == "host"


def test_headers_come_from_the_bundle_where_the_host_has_none():
    plan = make(T4, kernels=[kernel(headers="absent")])
    assert plan.headers == "bundle"
    assert f"linux-headers-{KERNEL}" in [item["name"] for item in plan.packages]


def test_names_of_the_build_are_those_of_the_chosen_variant():
    for variant, name in (("open", "nvidia-current-open"), ("proprietary", "nvidia-current")):
        plan = make(T4, wanted=desired("550.163.01", modules=[variant], waive_range=True))
        assert (plan.variant, plan.dkms, plan.module_files) == (variant, name, name)


@pytest.mark.parametrize(
    ("found", "wanted", "action", "reason"),
    [
        ((), {}, "none", "no NVIDIA GPU"),
        ((T4,), {"install": "never"}, "none", "driver.install: never"),
        ((T4,), {"vgpu": True}, "none", "vGPU guest"),
        ((gpu(vgpu=True),), {}, "none", "vGPU guest"),
        ((gpu(vgpu=True),), {"install": "always"}, "none", "vGPU guest"),
        ((T4,), {"version": ""}, "none", "brings no driver"),
        ((), {"install": "always"}, "install", "no GPU to ask"),
        ((gpu("Maxwell"),), {}, "none", "can use no GPU"),
    ],
)
def test_who_gets_one(found, wanted, action, reason):
    plan = make(*found, wanted=desired(**wanted))
    assert plan.action == action
    assert reason in " ".join(plan.reasons)
    assert plan.refusals == ()


def test_always_without_a_driver_in_the_bundle_is_refused():
    plan = make(wanted=desired("", install="always"))
    assert codes(plan.refusals) == ["driver-not-in-bundle"]


@pytest.mark.parametrize(
    ("generations", "offered", "version", "variant", "refused"),
    [
        (["Volta"], ["open", "proprietary"], "580.126.20", "proprietary", []),
        (["Blackwell"], ["open", "proprietary"], "580.126.20", "open", []),
        (["Ampere"], ["open", "proprietary"], "580.126.20", "open", []),
        (["Ampere"], ["proprietary"], "580.126.20", "proprietary", []),
        (["Ampere", "Volta"], ["open", "proprietary"], "580.126.20", "proprietary", []),
        (["Ampere", "Blackwell"], ["open", "proprietary"], "580.126.20", "open", []),
        (["Volta", "Blackwell"], ["open", "proprietary"], "580.126.20", "", ["driver-gpus-mixed"]),
        (["Volta"], ["open"], "580.126.20", "", ["driver-modules-missing"]),
        (["Blackwell"], ["proprietary"], "580.126.20", "", ["driver-modules-missing"]),
        (["Volta"], ["open", "proprietary"], "590.48.01", "", ["driver-gpu-left-behind"]),
        # what was never made for every GPU is not preferred
        (["Ampere"], ["open", "proprietary"], "535.261.03", "proprietary", ["driver-bundle-out-of-range"]),
    ],
)
def test_modules_follow_the_generation(generations, offered, version, variant, refused):
    gpus = [gpu(name, number) for number, name in enumerate(generations)]
    plan = make(*gpus, wanted=desired(version, modules=offered))
    assert codes(plan.refusals) == refused
    if not refused:
        assert plan.variant == variant


def test_the_site_may_choose_among_what_fits():
    assert make(T4, wanted=desired() | {"modules": "proprietary"}).variant == "proprietary"
    refused = make(gpu("Volta"), wanted=desired() | {"modules": "open"})
    assert codes(refused.refusals) == ["driver-modules-unfit"]


def test_a_gpu_that_nobody_knows_gets_open_modules():
    unknown = {**gpu(), "device": "0x3fff"}
    assert make(unknown).variant == "open"
    assert "unknown GPU" in " ".join(make(unknown).reasons)


def test_a_gpu_that_the_product_cannot_use_decides_nothing():
    plan = make(gpu("Pascal"), gpu("Blackwell", 1))
    assert (plan.action, plan.variant, codes(plan.warnings)) == ("install", "open", ["gpu-too-old", UNTRIED])


def loaded(version, variant="proprietary"):
    return {
        "loaded": version,
        "loaded_variant": variant,
        "kernels": [kernel(modules=version, variant=variant)],
        "packages": [package("nvidia-kernel-dkms", version), package("nvidia-smi", version)],
    }


def test_a_good_enough_driver_is_left_alone():
    plan = make(T4, **loaded(IN_RANGE))
    assert (plan.action, plan.version, plan.packages) == ("leave", IN_RANGE, ())
    assert plan.refusals == plan.warnings == ()


def test_a_driver_above_the_last_branch_of_a_generation_is_out_of_range():
    plan = make(gpu("Volta"), **loaded(IN_RANGE))
    assert codes(plan.refusals) == ["driver-out-of-range"]
    assert "up to branch 580" in plan.refusals[0].needed


def test_modules_that_wait_for_a_reboot_count_as_a_driver():
    plan = make(T4, **{**loaded(IN_RANGE), "loaded": "", "loaded_variant": ""})
    assert (plan.action, plan.version) == ("leave", IN_RANGE)


def test_a_driver_out_of_range_is_refused_with_every_choice():
    plan = make(T4, **loaded(TOO_OLD))
    assert (plan.action, codes(plan.refusals)) == ("none", ["driver-out-of-range"])
    hint = plan.refusals[0].hint
    assert "replace: true" in hint
    assert "waive: [driver-range]" in hint


def test_the_range_can_be_waived_and_that_is_said():
    plan = make(T4, wanted=desired(waive_range=True), **loaded(TOO_OLD))
    assert (plan.action, codes(plan.warnings)) == ("leave", ["driver-out-of-range"])
    assert "waives" in plan.warnings[0].message


def test_replace_takes_the_bundle_s_instead():
    plan = make(T4, wanted=desired(replace=True), **loaded(TOO_OLD))
    assert (plan.action, plan.version) == ("install", "580.126.20")
    assert "driver-replaced" in codes(plan.warnings)


def test_replace_leaves_a_driver_in_range():
    assert make(T4, wanted=desired(replace=True), **loaded(IN_RANGE)).action == "leave"


def test_a_driver_that_only_forward_compatibility_carries_stays_with_a_warning():
    plan = make(T4, **loaded("570.124.04"))
    assert (plan.action, codes(plan.warnings)) == ("leave", ["gpu-driver-forward-compatible-only"])
    assert make(T4, wanted=desired(replace=True), **loaded("570.124.04")).action == "install"


def test_the_branch_that_the_release_s_rapids_cannot_use_is_out_of_range():
    for_old = desired("535.261.03", release="2.45.7", cuda="12.8")
    assert codes(make(T4, wanted=for_old, **loaded(KNOWN_BAD)).refusals) == ["driver-out-of-range"]
    bad = desired("580.126.20", release="2.45.7", cuda="12.8")
    assert codes(make(T4, wanted=bad).refusals) == ["driver-bundle-out-of-range"]


def test_a_bundle_s_driver_out_of_range_can_be_waived():
    old = {"version": TOO_OLD, "modules": ["proprietary"]}
    assert codes(make(T4, wanted=desired(**old)).refusals) == ["driver-bundle-out-of-range"]
    plan = make(T4, wanted=desired(**old, waive_range=True))
    assert (plan.action, codes(plan.warnings)) == ("install", ["driver-bundle-out-of-range"])


@pytest.mark.parametrize("ready", [True, False])
def test_the_bundle_s_own_driver_is_made_whole_again_and_keeps_its_modules(ready):
    found = loaded("580.126.20")
    if not ready:
        found |= {"loaded": "", "loaded_variant": "", "kernels": [kernel()]}
    plan = make(T4, **found)
    assert (plan.action, plan.refusals) == ("install", ())
    assert plan.variant == "proprietary"


def test_a_new_kernel_is_built_for_by_the_same_command():
    old = kernel("6.12.100+deb13-amd64", running=False, modules="580.126.20", variant="open")
    packages = [package("nvidia-open-kernel-dkms", "580.126.20")]
    plan = make(T4, kernels=[kernel(headers="absent"), old], packages=packages)
    assert (plan.action, plan.headers, plan.refusals) == ("install", "bundle", ())


def test_dgx_os_keeps_its_driver_and_is_judged():
    assert make(T4, dgx=True, **loaded(IN_RANGE)).action == "leave"
    refused = make(T4, wanted=desired(replace=True), dgx=True, **loaded(TOO_OLD))
    assert codes(refused.refusals) == ["driver-out-of-range"]
    assert "replace" not in refused.refusals[0].hint


def test_a_site_that_never_wants_one_is_not_judged_either():
    plan = make(T4, wanted=desired(install="never"), **loaded(TOO_OLD))
    assert (plan.action, plan.refusals, plan.warnings) == ("leave", (), ())


def test_a_refused_plan_names_nothing_to_install():
    plan = make(gpu("Volta"), wanted=desired(modules=["open"]))
    assert (plan.action, plan.packages, plan.dkms) == ("none", (), "")


def test_a_release_that_nobody_knows_refuses_no_driver():
    plan = make(T4, wanted=desired(release="v9.0.0", cuda="14"), **loaded(TOO_OLD))
    assert (plan.action, plan.refusals) == ("leave", ())


def test_the_receipt_s_form_holds_no_empty_words():
    assert make().as_dict() == {
        "action": "none",
        "kernel": KERNEL,
        "reasons": ["there is no NVIDIA GPU on the PCI bus"],
        "warnings": [],
        "packages": [],
    }
    assert driver_facts.KERNEL in str(make(T4).as_dict())
