"""Which driver and which modules for release, flavour, GPU and platform, against tables written here by hand.

The tables follow the vendor's version matrix (575.51.03 for flavour 12, 590.44.01 for flavour 13, no 580 with
RAPIDS 25.02, compute capability 6.x only up to RAPIDS 23.12) and NVIDIA's list of generations (Maxwell,
Pascal and Volta: proprietary modules, branches up to 580; Blackwell: open ones, branches from 570).  The rows
go to build/matrix/driver.json.
"""

import json
from pathlib import Path

import pytest
import yaml

from graphistry_airgap.connected.packages.driver import driver_roots
from graphistry_airgap.connected.spec import DriverSpec
from graphistry_airgap.knowledge import platforms as known
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.driver import plan as driver_plan
from graphistry_airgap.target.gpu import knowledge as gpu_knowledge, smi as gpu_smi
from graphistry_airgap.target.preflight.judges import (
    driver as findings_driver,
    gpu as findings_gpu,
)
from tests.kit.fakes import driver_facts

MATRIX = Path(__file__).resolve().parents[2] / "build" / "matrix" / "driver.json"
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "build.md"
VERSIONS = {
    "535": "535.309.01",
    "550": "550.163.01",
    "575": "575.57.08",
    "580": "580.126.20",
    "590": "590.48.01",
    "595": "595.71.05",
}
# platform: {branch: kinds of modules that its packages offer}
BOTH = ("open", "proprietary")
PLATFORMS = {
    "debian-12": {"535": BOTH, "580": ("open",)},
    "debian-13": {"550": BOTH, "580": ("open",), "590": ("open",)},
    "rhel-8": {"575": BOTH, "580": BOTH, "590": ("open",)},
    "rhel-9": {"575": BOTH, "580": BOTH, "590": ("open",)},
    "rhel-10": {"580": BOTH, "595": ("open",)},
    "ubuntu-22.04": {"580": BOTH, "595": ("open",)},
    "ubuntu-24.04": {"580": BOTH, "595": ("open",)},
}
# o: open modules, p: proprietary, -: refused; columns are the branches 535 550 575 580 590 595
V2_50_CUDA_12 = """
Kepler       - - - - - -
Maxwell      - - - - - -
Pascal       - - - - - -
Volta        - - p p - -
Turing       - - o o o o
Ampere       - - o o o o
Hopper       - - o o o o
Ada Lovelace - - o o o o
Blackwell    - - o o o o
"""
V2_50_CUDA_13 = """
Kepler       - - - - - -
Maxwell      - - - - - -
Pascal       - - - - - -
Volta        - - - - - -
Turing       - - - - o o
Ampere       - - - - o o
Hopper       - - - - o o
Ada Lovelace - - - - o o
Blackwell    - - - - o o
"""
RAPIDS_25_02 = """
Kepler       - - - - - -
Maxwell      - - - - - -
Pascal       - - - - - -
Volta        p p p - - -
Turing       p o o - o o
Ampere       p o o - o o
Hopper       p o o - o o
Ada Lovelace p o o - o o
Blackwell    - - o - o o
"""
RAPIDS_24_06 = """
Kepler       - - - - - -
Maxwell      - - - - - -
Pascal       - - - - - -
Volta        p p p p - -
Turing       p o o o o o
Ampere       p o o o o o
Hopper       p o o o o o
Ada Lovelace p o o o o o
Blackwell    - - o o o o
"""
RAPIDS_23 = """
Kepler       - - - - - -
Maxwell      - - - - - -
Pascal       p p p p - -
Volta        p p p p - -
Turing       p o o o o o
Ampere       p o o o o o
Hopper       p o o o o o
Ada Lovelace p o o o o o
Blackwell    - - o o o o
"""
TABLES = {
    ("v2.50.1", "12"): V2_50_CUDA_12,
    ("v2.50.1", "13"): V2_50_CUDA_13,
    ("v2.45.7", "12.8"): RAPIDS_25_02,
    ("v2.45.7", "11.8"): RAPIDS_25_02,
    ("v2.43.0", "12.4"): RAPIDS_24_06,
    ("v2.43.0", "11.8"): RAPIDS_24_06,
    ("v2.40.3", "11.8"): RAPIDS_23,
    ("v2.38.5", "11.8"): RAPIDS_23,
}
MODULES = {"o": "open", "p": "proprietary"}
REFUSED = {"branch": None, "modules": None, "verdict": "refused"}

# release, flavour, driver of the bundle, GPU: what must be refused, and by which word
KNOWN_BAD = {
    ("v2.50.1", "13", "580.126.20", "Hopper"): "driver-bundle-out-of-range",
    ("v2.50.1", "13", "590.43.99", "Hopper"): "driver-bundle-out-of-range",
    ("v2.50.1", "12", "575.51.02", "Turing"): "driver-bundle-out-of-range",
    ("v2.50.1", "12", "550.163.01", "Turing"): "driver-bundle-out-of-range",
    ("v2.45.7", "12.8", "580.65.06", "Turing"): "driver-bundle-out-of-range",
    ("v2.45.7", "11.8", "580.126.20", "Ampere"): "driver-bundle-out-of-range",
    ("v2.45.7", "12.8", "515.105.01", "Turing"): "driver-bundle-out-of-range",
    ("v2.50.1", "12", "590.48.01", "Volta"): "driver-gpu-left-behind",
    ("v2.50.1", "13", "590.48.01", "Volta"): "gpu-too-old",
    ("v2.50.1", "12", "580.126.20", "Pascal"): "gpu-too-old",
    ("v2.43.0", "12.4", "550.163.01", "Blackwell"): "driver-gpu-too-new",
}
# exactly at the edge of what the vendor names
EDGES = {
    ("v2.50.1", "12", "575.51.03", "Turing"): ("open", []),
    ("v2.50.1", "13", "590.44.01", "Turing"): ("open", []),
    ("v2.45.7", "12.8", "520.61.05", "Turing"): ("proprietary", []),
    # the vendor: works only through forward compatibility
    ("v2.50.1", "12", "570.133.20", "Turing"): ("open", ["gpu-driver-forward-compatible-only"]),
}
# what the host has already, with a bundle of 580 for flavour 12: its driver, site file, what happens
STANDING = {
    ("575.51.03", ""): ("leave", []),
    ("595.58.03", ""): ("leave", []),
    ("570.133.20", ""): ("leave", []),
    ("550.163.01", ""): ("none", ["driver-out-of-range"]),
    ("550.163.01", "replace"): ("install", []),
    ("550.163.01", "waive_range"): ("leave", []),
    ("580.126.20", ""): ("install", []),
}


def write(rows, kind):
    """Keep the other tests' rows, as each may run alone."""
    MATRIX.parent.mkdir(parents=True, exist_ok=True)
    before = json.loads(MATRIX.read_text(encoding="utf-8")) if MATRIX.exists() else []
    kept = [one for one in before if not one["case"].startswith(f"{kind} ")]
    MATRIX.write_text(json.dumps(kept + rows, indent=1) + "\n", encoding="utf-8")


def row(case, expected, got):
    return {"case": case, "expected": expected, "got": got, "ok": expected == got}


def judged(release, cuda, version, generation, *, platform="debian-13", modules=BOTH):
    """(plan, errors of preflight, its warnings) on a host with that GPU and no driver."""
    desired = driver_facts.desired(version, modules=modules, release=release, cuda=cuda, platform=platform)
    device = driver_facts.gpu(generation)
    gpus = {"indices": "", "workers": "", "allow_mig": False, "release": release, "cuda": cuda, "known": []}
    profile = {
        "driver": driver_facts.facts(device),
        "gpu": {"pci": [device], "answer": gpu_smi.Answer(gpu_smi.ABSENT, "not installed").as_dict()},
        "resources": {"cpus": 16, "memory": 64 * 10**9},
        "transaction": None,
    }
    requirements = {
        "gpu": {**gpus, "knowledge": desired["knowledge"]},
        "driver": desired,
        "purpose": "server",
    }
    found = [*findings_driver.driver(profile, requirements), *findings_gpu.gpus(profile, requirements)]
    by = {kind: [one.code for one in found if one.severity == kind] for kind in ("error", "warning")}
    return driver_plan.make(profile["driver"], desired), by["error"], by["warning"]


def table(text):
    """{(generation, branch): o, p or -}"""
    cells = {}
    for line in text.strip().splitlines():
        words = line.rsplit(maxsplit=len(VERSIONS))
        cells |= {(words[0], branch): mark for branch, mark in zip(VERSIONS, words[1:], strict=True)}
    return cells


def test_the_platforms_are_those_that_a_bundle_can_be_built_for():
    assert set(load_knowledge()["drivers"]["platforms"]) == set(known.PLATFORMS)


def test_the_platforms_are_those_of_the_knowledge():
    known = load_knowledge()["drivers"]["platforms"]
    assert {
        name: {one["branch"]: tuple(kind for kind in BOTH if one[kind]) for one in row["branches"]}
        for name, row in known.items()
    } == PLATFORMS


def test_the_guide_s_example_can_be_built():
    """The branch and modules that an operator copies, for the newest release; and each row of the table."""
    guide = GUIDE.read_text(encoding="utf-8").partition("\n## NVIDIA's driver\n")[2]
    example = yaml.safe_load(guide.partition("```yaml\n")[2].partition("```")[0])
    ((platform, wanted),) = example["platforms"].items()
    given = wanted["driver"]
    roots = driver_roots(
        load_knowledge(), platform, DriverSpec(given["branch"], tuple(given["modules"]), (), ())
    )
    newest = gpu_knowledge.judged(load_knowledge(), "v2.50.1", "12")
    assert not gpu_knowledge.driver_notes(newest, VERSIONS[roots.branch])
    listed = {}
    for line in guide.partition("\n| platform | branch")[2].partition("\n\n")[0].splitlines()[2:]:
        name, branches, _, modules, *_ = (cell.strip(" `") for cell in line.strip("|").split("|"))
        for branch in branches.split(", "):
            listed.setdefault(name, {})[branch] = BOTH if modules == "both" else (modules,)
    assert listed == PLATFORMS


@pytest.mark.parametrize("modules", [BOTH, ("proprietary",), ("open",)])
def test_every_release_gpu_and_platform(modules):
    rows, kind = [], f"bundle-with-{'+'.join(modules)}"
    for (release, cuda), text in TABLES.items():
        for (generation, branch), mark in table(text).items():
            for platform, branches in PLATFORMS.items():
                offered = [one for one in branches.get(branch, ()) if one in modules]
                if not offered:
                    continue
                plan, errors, _ = judged(
                    release, cuda, VERSIONS[branch], generation, platform=platform, modules=offered
                )
                fine = not errors and plan.action == driver_plan.INSTALL
                got = {"branch": plan.branch, "modules": plan.variant, "verdict": "install"}
                case = f"{kind} Graphistry {release} CUDA {cuda}, {generation}, {platform} {branch}"
                expected = wanted(mark, generation, branch, offered)
                rows.append(row(case, expected, got if fine else REFUSED))
    write(rows, kind)
    assert [one for one in rows if not one["ok"]] == []
    assert any(one["got"] == REFUSED for one in rows)


def wanted(mark, generation, branch, offered):
    """The table's word; with one kind of modules only where that kind drives the GPU."""
    if mark == "-":
        return REFUSED
    fits = {"Pascal": "proprietary", "Volta": "proprietary", "Blackwell": "open"}.get(generation, offered[0])
    if len(offered) == 1 and fits not in offered:
        return REFUSED
    kind = MODULES[mark] if MODULES[mark] in offered else offered[0]
    return {"branch": branch, "modules": kind, "verdict": "install"}


def test_known_bad_pairs_are_refused_by_name():
    rows = []
    for (release, cuda, version, generation), code in KNOWN_BAD.items():
        plan, errors, _ = judged(release, cuda, version, generation)
        got = {"verdict": plan.action, "refused": code if code in errors else errors}
        case = f"bad Graphistry {release} CUDA {cuda}, {generation}, driver {version}"
        rows.append(row(case, {"verdict": "none", "refused": code}, got))
    write(rows, "bad")
    assert [one for one in rows if not one["ok"]] == []


def test_the_edges_of_the_ranges_are_inside():
    rows = []
    for (release, cuda, version, generation), (modules, warned) in EDGES.items():
        plan, errors, warnings = judged(release, cuda, version, generation)
        told = [code for code in warnings if code != "driver-untried"]
        case = f"edge Graphistry {release} CUDA {cuda}, {generation}, driver {version}"
        expected = {"modules": modules, "errors": [], "warned": warned}
        rows.append(row(case, expected, {"modules": plan.variant, "errors": errors, "warned": told}))
    write(rows, "edge")
    assert [one for one in rows if not one["ok"]] == []


def test_what_happens_to_a_driver_that_is_there():
    rows = []
    for (version, switch), (action, refused) in STANDING.items():
        facts = driver_facts.facts(
            driver_facts.gpu(),
            loaded=version,
            loaded_variant="proprietary",
            kernels=[driver_facts.kernel(modules=version, variant="proprietary")],
            packages=[driver_facts.package("nvidia-kernel-dkms", version)],
        )
        plan = driver_plan.make(facts, driver_facts.desired(**({switch: True} if switch else {})))
        got = {"action": plan.action, "refused": [note.code for note in plan.refusals]}
        case = f"installed driver {version}, site file: {switch or 'nothing'}"
        rows.append(row(case, {"action": action, "refused": refused}, got))
    write(rows, "standing")
    assert [one for one in rows if not one["ok"]] == []
