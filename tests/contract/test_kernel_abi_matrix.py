"""Ubuntu 24.04: which modules of NVIDIA's driver a host gets, and from which packages.

The tables are typed by hand from Ubuntu's package pages and NVIDIA's GPU Operator documentation. Modules
exist for exactly one kernel, of the flavours generic (also the kernels of generic-hwe-24.04), lowlatency,
aws, azure, gcp, oracle, ibm, nvidia and oem, never of fips; they are linked from linux-objects-nvidia and
signed by linux-signatures-nvidia with Canonical's key, which the kernel trusts, so that Secure Boot changes
nothing. What DKMS builds needs a key enrolled at the console. Volta has proprietary modules up to 580,
Blackwell open ones; 595 is open only.

Bundles are made by real apt from an archive of Ubuntu's names (a stand-in), hosts are facts. The rows go to
build/matrix/kernel-abi.json.

Mutants, each tried once: `prebuilt.served` always empty turns the rows of `ready` and of the next kernel red;
`obstacles` that ask for headers and signing whatever is ready-made, those of `ready`; `prebuilt.notes`
silent, those of `unlisted`, `fips` and `unknown`.
"""

import time
from types import SimpleNamespace

import pytest

from graphistry_airgap.bundle.manifest import parse_bundle
from graphistry_airgap.installation.variables import desired_driver
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.preflight.judges import driver as findings_driver, kernel as findings_kernel
from lab.repositories import ubuntu_driver
from tests.kit import matrix
from tests.kit.bundles.ubuntu_site import BOTH, FIPS, UbuntuSite
from tests.kit.fakes import driver_facts
from tests.kit.sample import commit

pytestmark = [pytest.mark.subprocesses, pytest.mark.lengthy]

MATRIX = "kernel-abi"
GENERIC = "6.8.0-45-generic"
# what `uname -r` says, and the version of that kernel's packages
READY = {
    GENERIC: "6.8.0-45.45",
    "6.17.0-8-generic": "6.17.0-8.8~24.04.1",
    "6.8.0-47-lowlatency": "6.8.0-47.47.1",
    "6.8.0-1017-aws": "6.8.0-1017.18",
    "6.8.0-1016-azure": "6.8.0-1016.18",
    "6.8.0-1015-gcp": "6.8.0-1015.17",
    "6.8.0-1013-oracle": "6.8.0-1013.13",
    "6.8.0-1012-ibm": "6.8.0-1012.12",
    "6.8.0-1014-nvidia": "6.8.0-1014.15",
    "6.8.0-1011-oem": "6.8.0-1011.11",
}
# kernels that the bundle brings nothing for: gone from the archive, and of nobody's flavour
UNLISTED, UNKNOWN = "6.8.0-31-generic", "6.8.0-45-acme"

# generation: modules of 580 for flavour 12, of 595 for flavour 13; -: refused
VARIANTS = """
Volta        proprietary -
Turing       open        open
Ampere       open        open
Hopper       open        open
Ada-Lovelace open        open
Blackwell    open        open
"""
# the host, its headers, Secure Boot: path, and what is told (beside driver-untried, which always is)
PATHS = """
ready    absent off       prebuilt
ready    absent on        prebuilt
ready    absent no-shim   prebuilt
ready    absent automatic prebuilt
ready    whole  on        prebuilt
fips     absent off       dkms     driver-not-ready-made
fips     absent on        dkms     driver-not-ready-made driver-signing-key
fips     absent no-shim   refused  driver-signing-impossible
fips     absent automatic refused  driver-signing-impossible
unlisted whole  off       dkms     driver-not-ready-made
unlisted whole  on        dkms     driver-not-ready-made driver-signing-key
unlisted whole  no-shim   refused  driver-signing-impossible
unlisted absent off       refused  driver-headers-missing
unlisted absent on        refused  driver-headers-missing
unknown  whole  off       dkms     driver-flavour-unknown
unknown  whole  on        dkms     driver-flavour-unknown driver-signing-key
unknown  absent off       refused  driver-headers-missing
"""
SECURE = {
    "off": {},
    "on": {"required": "Secure Boot"},
    "no-shim": {"required": "Secure Boot", "shim": False},
    "automatic": {"required": "Secure Boot"},
}
# {line} is 580-server-open for open modules and 580-server for proprietary ones
COMMON = """
libnvidia-compute-{branch}-server nvidia-compute-utils-{branch}-server nvidia-utils-{branch}-server
nvidia-kernel-common-{branch}-server nvidia-firmware-{branch}-server-{version} nvidia-kernel-source-{line}
"""
MODULES = {
    "prebuilt": """
        nvidia-headless-no-dkms-{line} linux-modules-nvidia-{line}-{kernel}
        linux-objects-nvidia-{line}-{kernel} linux-signatures-nvidia-{kernel}
    """,
    "dkms": "nvidia-dkms-{line} dkms gcc",
}
HEADERS = "linux-headers-6.8.0-45-fips linux-headers-6.8.0-45"
VERSIONS = {"580": ("580.126.20", "12", BOTH), "595": ("595.71.05", "13", ("open",))}
# the kernel that boots next: what of it is on the host, and what is told
NEXT = {
    ("6.8.0-1017-aws", "installed"): [],
    ("6.8.0-1017-aws", "no package"): ["next-kernel-without-driver"],
    (UNLISTED, "installed"): ["next-kernel-without-driver"],
    (FIPS, "installed"): ["next-kernel-without-driver"],
    (GENERIC, "running"): [],
}


def words(text):
    return [line.split() for line in text.strip().splitlines()]


@pytest.fixture(scope="module")
def bundles(keys, tmp_path_factory):
    """Branch to a bundle for every kernel that has ready-made modules, and the one of FIPS."""
    found = {}
    for branch, (version, _, kinds) in VERSIONS.items():
        site = UbuntuSite(tmp_path_factory.mktemp("ubuntu") / branch, keys)
        site.add_server_driver(version, kinds, kernel="")
        for kernel, build in READY.items():
            site.add(ubuntu_driver.kernel_packages(kernel, build) if kernel != GENERIC else [])
            site.add([ubuntu_driver.signatures(kernel, build)] if kernel != GENERIC else [])
            site.add(ubuntu_driver.ready_made(branch, version, kinds, kernel, build))
        site.publish()
        kernels = ", ".join(f'"{kernel}"' for kernel in [*READY, FIPS])
        site.want(
            f'    driver: {{branch: "{branch}", modules: [{", ".join(kinds)}], kernels: [{kernels}], '
            "waive: [driver-range]}\n"
        )
        site.build()
        found[branch] = parse_bundle((site.path / "out/bundle.json").read_bytes())
    return found


def desired(bundles, branch, secure):
    bundle = bundles[branch]
    site = SimpleNamespace(
        driver=SimpleNamespace(install="auto", modules="auto", replace=False),
        waive=[],
        purpose="server",
        reboot="automatic" if secure == "automatic" else "manual",
        vgpu=None,
    )
    made = desired_driver(site, bundle, bundle.platforms["ubuntu-24.04"], load_knowledge())
    return {**made, "release": "v2.50.1", "cuda": VERSIONS[branch][1]}


def facts(kernel, generation, *, headers, secure, others=(), images=None):
    kernels = [driver_facts.kernel(kernel, headers=headers)]
    kernels += [driver_facts.kernel(name, running=False, headers="absent") for name in others]
    signing = driver_facts.signing(**SECURE[secure]) | {"key": "/var/lib/shim-signed/mok/MOK.der"}
    return driver_facts.facts(
        driver_facts.gpu(generation.replace("-", " ")),
        kernel=kernel,
        kernels=kernels,
        signing=signing,
        headers_package={"name": f"linux-headers-{kernel}", "whole": headers == "whole", "begun": False},
        images={kernel: "6.8.0-45.45"} if images is None else images,
    )


def judged(profile, wanted):
    requirements = {"driver": wanted, "gpu": {}}
    found = [*findings_driver.driver({**profile, "transaction": None}, requirements)]
    plan = findings_driver.plan(profile, requirements)
    errors = [one.code for one in found if one.severity == "error"]
    warned = [one.code for one in found if one.severity == "warning" and one.code != "driver-untried"]
    if errors:
        return {"path": "refused", "told": errors}
    if plan.action != "install":
        return {"path": "refused", "told": warned}
    return {
        "path": "prebuilt" if plan.prebuilt else "dkms",
        "modules": plan.variant,
        "packages": sorted(one["name"] for one in plan.packages if one["name"] not in ("libc6", "adduser")),
        "told": warned,
    }


def expectation(path, told, kernel, branch, variant, *, headers):
    if path == "refused":
        return {"path": path, "told": told}
    line = f"{branch}-server{'-open' if variant == 'open' else ''}"
    text = COMMON + MODULES[path] + (f" {HEADERS}" if path == "dkms" and headers == "absent" else "")
    names = text.format(line=line, kernel=kernel, branch=branch, version=VERSIONS[branch][0]).split()
    return {"path": path, "modules": variant, "packages": sorted(names), "told": told}


def row(case, expected, got, begun):
    return {
        "case": case,
        "expected": expected,
        "got": got,
        "ok": expected == got,
        "stand_in": True,
        "seconds": round(time.monotonic() - begun, 3),
        "commit": commit(),
    }


def kernels_of(host):
    return {"ready": list(READY), "fips": [FIPS], "unlisted": [UNLISTED], "unknown": [UNKNOWN]}[host]


def test_every_kernel_generation_and_firmware(bundles):
    rows = []
    for generation, *variants in words(VARIANTS):
        for branch, variant in zip(VERSIONS, variants, strict=True):
            for host, headers, secure, path, *told in words(PATHS):
                for kernel in kernels_of(host):
                    begun = time.monotonic()
                    profile = {"driver": facts(kernel, generation, headers=headers, secure=secure)}
                    got = judged(profile, desired(bundles, branch, secure))
                    expected = (
                        {"path": "refused", "told": ["gpu-too-old"]}
                        if variant == "-"
                        else expectation(path, told, kernel, branch, variant, headers=headers)
                    )
                    case = f"{kernel}, headers {headers}, Secure Boot {secure}, {generation}, {branch}"
                    rows.append(row(case, expected, got, begun))
    matrix.merge_rows(MATRIX, rows)
    assert [one for one in rows if not one["ok"]] == []
    assert {one["got"]["path"] for one in rows} == {"prebuilt", "dkms", "refused"}


def test_the_kernel_that_boots_next(bundles):
    rows = []
    for (name, state), told in NEXT.items():
        begun = time.monotonic()
        images = {GENERIC: READY[GENERIC]} | ({name: "1"} if state == "installed" else {})
        others = () if state == "running" else (name,)
        found = facts(GENERIC, "Turing", headers="absent", secure="on", others=others, images=images)
        boot = {"next": name, "kernels": found["kernels"]}
        profile, wanted = {"driver": found, "boot": boot}, desired(bundles, "580", "on")
        plan = findings_driver.plan(profile, {"driver": wanted})
        start = "linux-modules-nvidia-580-server-open-"
        names = [one["name"] for one in plan.packages if one["name"].startswith(start)]
        got = {
            "modules for": sorted(
                (name.removeprefix(start) for name in names), key=lambda one: one != GENERIC
            ),
            "told": [one.code for one in findings_kernel.next_boot(profile, {"driver": wanted})],
        }
        brought = [GENERIC, *([name] if state == "installed" and not told else [])]
        rows.append(row(f"next kernel {name}, {state}", {"modules for": brought, "told": told}, got, begun))
    matrix.merge_rows(MATRIX, rows)
    assert [one for one in rows if not one["ok"]] == []
