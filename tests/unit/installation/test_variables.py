"""What the target is told about the driver, and what every host gets without being asked."""

from graphistry_airgap.bundle.manifest import Bundle, Package, Platform, Release
from graphistry_airgap.installation.receipt import Provenance
from graphistry_airgap.installation.site_file import Site
from graphistry_airgap.installation.variables import check_facts, desired_driver, playbook_variables
from graphistry_airgap.knowledge.knowledge import load_knowledge

KERNEL = "6.12.117+deb13-amd64"
DRIVER = {"branch": "550", "version": "550.163.01", "modules": ["proprietary"], "kernels": [KERNEL]}
COMMON = {"python": ("python3",), "docker": ("docker.io",), "toolkit": ("nvidia-container-toolkit",)}
OF_THE_DRIVER = {
    "driver": ("nvidia-smi",),
    "driver-proprietary": ("nvidia-kernel-dkms",),
    "driver-vgpu": ("dkms",),
    f"headers-{KERNEL}": (f"linux-headers-{KERNEL}",),
}
PROVENANCE = Provenance("/media/bundle", "0", "", "", "", (), False, "", "debian-13", ())


def bundle(driver=None, groups=None):
    packages = {
        group: tuple(Package(name, "1", "amd64") for name in names)
        for group, names in {**COMMON, **(groups or {})}.items()
    }
    raw = {"repositories": [], **({"driver": driver} if driver else {})}
    return Bundle(
        id="0",
        created="2026-11-21T00:00:00Z",
        release=Release("v2.50.1", "13", "release"),
        platforms={"debian-13": Platform("debian-13", "amd64", (), packages, "runtime")},
        images=(),
        licences=(),
        files={},
        raw={"platforms": {"debian-13": raw}, "release": {}, "images": [], "files": {}},
    )


def site(**given):
    return Site.from_document({"schema": 1, "purpose": "server", **given})


def told(given, held):
    return desired_driver(given, held, held.platforms["debian-13"], load_knowledge())


def test_a_bundle_without_driver_is_told_as_such():
    desired = told(site(), bundle())
    assert desired["bundle"] == {}
    nothing = {"programs": [], "open": [], "proprietary": [], "headers": {}}
    assert desired["packages"] == {**nothing, "prebuilt": {"open": {}, "proprietary": {}}}


def test_ready_made_modules_arrive_by_kind_and_kernel_and_no_host_gets_them_unasked():
    ready = {
        "driver-open": ["nvidia-dkms-580-server-open"],
        "driver-open-6.8.0-45-generic": ["linux-modules-nvidia"],
    }
    held = bundle(DRIVER, {**OF_THE_DRIVER, **ready})
    prebuilt = told(site(), held)["packages"]["prebuilt"]
    (package,) = prebuilt["open"].pop("6.8.0-45-generic")
    assert (prebuilt, package["name"]) == ({"open": {}, "proprietary": {}}, "linux-modules-nvidia")
    variables = playbook_variables(site(), held, PROVENANCE)
    assert "linux-modules-nvidia" not in [item["name"] for item in variables["preflight_packages"]]


def test_the_site_s_answers_and_the_bundle_s_packages_arrive():
    answers = {"driver": {"install": "always", "replace": True}, "reboot": "automatic", "vgpu": {}}
    desired = told(site(**answers, waive=["driver-range"]), bundle(DRIVER, OF_THE_DRIVER))
    assert (desired["install"], desired["modules"], desired["replace"]) == ("always", "auto", True)
    assert (desired["reboot"], desired["vgpu"], desired["waive_range"]) == ("automatic", True, True)
    assert (desired["release"], desired["cuda"], desired["platform"]) == ("v2.50.1", "13", "debian-13")
    assert desired["bundle"] == DRIVER
    (modules,) = desired["packages"]["proprietary"]
    assert (modules["name"], modules["version"]) == ("nvidia-kernel-dkms", "1")
    assert list(desired["packages"]["headers"]) == [KERNEL]
    assert set(desired["knowledge"]) == {"releases", "architectures", "drivers"}


def test_what_docker_needs_of_a_kernel_is_for_hosts_that_run_it():
    extra = {f"docker-{KERNEL}": ("kernel-modules-extra",)}
    held = bundle(groups=extra)
    of_kernel = {"name": "kernel-modules-extra", "version": "1", "architecture": "amd64", "kernel": KERNEL}
    variables = playbook_variables(site(), held, PROVENANCE)
    assert variables["preflight_packages"][-1] == variables["docker_engine_packages"][-1] == of_kernel
    assert len(variables["docker_engine_packages"]) == 2
    # asked of every host afterwards
    assert of_kernel["name"] not in [one["name"] for one in check_facts(site(), held, PROVENANCE)["packages"]]


def test_what_only_some_hosts_get_is_asked_of_no_other():
    held = bundle(DRIVER, OF_THE_DRIVER)
    expected = ["docker.io", "nvidia-container-toolkit", "python3"]
    variables = playbook_variables(site(), held, PROVENANCE, driver={"install": "auto"})
    assert [item["name"] for item in variables["preflight_packages"]] == expected
    assert [item["name"] for item in check_facts(site(), held, PROVENANCE)["packages"]] == expected
    assert variables["preflight_driver"] == variables["nvidia_driver_desired"] == {"install": "auto"}
