"""`gpu plan` for every capture and every preset, against numbers written here by hand.

The numbers come from the vendor's pages: 4, 4 and 1 workers for each GPU, one for every 4 GB of GPU memory,
and the presets' GPU counts.  The rows go to build/matrix/gpu-plan.json.
"""

import json
from pathlib import Path

import pytest

from graphistry_airgap.cli.main import main
from graphistry_airgap.knowledge.knowledge import load_knowledge

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = ROOT.parent / "shared" / "data" / "nvidia-smi"
MATRIX = ROOT / "build" / "matrix" / "gpu-plan.json"

PRESETS = """
dgx-a100=8 dgx-h100=8 dgx-station-a100=4 dgx-1=8 dgx-2=16 dgx-spark=1 dgx-b200=8
gh200=1 gh200-nvl=2 gb200-nvl2=2 gb200-nvl72=72 hgx-b200=8 hgx-b100=8
aws-p5.48xlarge=8 aws-p4d.24xlarge=8 aws-p4de.24xlarge=8 aws-p3.16xlarge=8 aws-p3.8xlarge=4 aws-p3.2xlarge=1
aws-g5.xlarge=1 aws-g5.12xlarge=4 aws-g5.48xlarge=8 aws-g4dn.xlarge=1 aws-g4dn.12xlarge=4 aws-g5g.xlarge=1
aws-g5g.16xlarge=2 aws-g5g.metal=2
azure-nd96asr-v4=8 azure-nd96amsr-a100-v4=8 azure-nd96isr-h100-v5=8 azure-nc24ads-a100-v4=1
azure-nc48ads-a100-v4=2 azure-nc96ads-a100-v4=4 azure-nc6s-v3=1 azure-nc12s-v3=2 azure-nc24s-v3=4
azure-nc4as-t4-v3=1 azure-nc64as-t4-v3=4 azure-nv6ads-a10-v5=1 azure-nv36ads-a10-v5=1 azure-nv72ads-a10-v5=2
azure-ncads-h100-v5=1
gcp-a2-highgpu-1g=1 gcp-a2-highgpu-2g=2 gcp-a2-highgpu-4g=4 gcp-a2-highgpu-8g=8 gcp-a2-megagpu-16g=16
gcp-a2-ultragpu-1g=1 gcp-a2-ultragpu-2g=2 gcp-a2-ultragpu-4g=4 gcp-a2-ultragpu-8g=8 gcp-a3-highgpu-8g=8
gcp-n1-t4-1=1 gcp-n1-t4-4=4 gcp-g2-standard-4-arm=1 gcp-g2-standard-16-arm=2
oci-bm-gpu-a100-4=4 oci-bm-gpu-h100-8=8 oci-bm-gpu-a10-4=4 oci-vm-gpu-a10-1=1 oci-vm-gpu-a10-2=2
oci-bm-gpu-a10-4-arm=4
lambda-1xa100=1 lambda-2xa100=2 lambda-4xa100=4 lambda-8xa100=8 lambda-1xh100=1 lambda-8xh100=8 lambda-1xa10=1
lambda-4xa6000=4 coreweave-1xa100=1 coreweave-1xa100-80=1 coreweave-8xa100=8 coreweave-1xh100=1
workstation-rtx4090=1 workstation-rtx4090-2=2 workstation-a6000=1 workstation-a6000-2=2 workstation-a6000-4=4
rtx5090=1 rtx5090-2=2 rtx4090=1 rtx4090-2=2 rtx4090-4=4 rtx3090=1 rtx3090-2=2 rtx3090-4=4 hobbyist-8gpu=8
hobbyist-10gpu=10
rack-24gpu=24 rack-32gpu=32 dev-single=1 dev-dual=2 dgx-basepod-h100=32 dgx-superpod-h100=256
dgx-superpod-b200=256 meta-rsc=16000 microsoft-eagle=14400 xai-colossus=100000
"""
COUNTS = {name: int(count) for name, count in (word.split("=") for word in PRESETS.split())}
PUBLISHED = 99
# the only one that is a slice of a GPU: 4 GB of an A10
SLICE = "azure-nv6ads-a10-v5"

WATCHER = {
    "FEP_GPU_WATCHER_ENABLED": "1",
    "FEP_GPU_WATCHER_WARN_THRESHOLD": "70%",
    "FEP_GPU_WATCHER_IDLE_THRESHOLD": "60%",
    "FEP_GPU_WATCHER_KILL_THRESHOLD": "90%",
    "FEP_GPU_WATCHER_EMERGENCY_THRESHOLD": "95%",
}
FOR_A_VGPU = {"RMM_ALLOCATOR": "default", "STREAMGL_CUDA_VISIBLE_DEVICES": "0", **WATCHER}


def settings(devices, forge, streamgl, dask, **more):
    workers = {"FORGE_NUM_WORKERS": forge, "STREAMGL_NUM_WORKERS": streamgl, "DASK_NUM_WORKERS": dask}
    return {"CUDA_VISIBLE_DEVICES": devices, **{key: str(value) for key, value in workers.items()}, **more}


def planned(env, *warnings):
    return {"exit": 0, "env": env, "refused": [], "warned": sorted(warnings)}


def refused(code, *warnings):
    return {"exit": 3, "env": {}, "refused": [code], "warned": sorted(warnings)}


OLD_DRIVER = "too old for Graphistry"
# capture, further options: what stands in the vendor's pages for such a GPU (16 GB: 4/4/1; 8 GB: 2/2/1; …)
EXPECTED_CAPTURES = {
    # 80 GB, cut by MIG: refused; 19968 MiB of the first instance are enough for 4/4/1 when it is allowed
    ("a100-sxm4-v12.xml",): refused("gpu-mig", OLD_DRIVER, "describes 1"),
    ("a100-sxm4-v12.xml", "--allow-mig"): planned(
        settings("0", 4, 4, 1), "first of 4 instances", OLD_DRIVER, "describes 1"
    ),
    ("tesla-t4.xml",): planned(settings("0", 4, 4, 1), OLD_DRIVER),  # 16 GB, pass-through, driver 515
    ("tesla-t4.xml", "--workers", "2,2,1"): planned(settings("0", 2, 2, 1), OLD_DRIVER),
    ("rtx-3060-v12.xml",): planned(settings("0", 3, 3, 1), "forward compatibility"),  # 12 GB, driver 570
    ("rtx-3080-v12.xml",): refused("gpu-windows", OLD_DRIVER),  # driver model WDDM, driver 536
    ("rtx-3080-v13.xml",): planned(settings("0", 2, 2, 1)),  # 10 GB, driver 595.58.03, verified
    ("gtx-1660-ti.xml",): planned(settings("0", 1, 1, 1), OLD_DRIVER),  # 6 GB, driver 418
    ("quadro-p2000-v12.xml",): refused("gpu-too-old", OLD_DRIVER),  # compute capability 6.1
    ("derived-t4-8q-licensed.xml",): planned(settings("0", 2, 2, 1, **FOR_A_VGPU), OLD_DRIVER),
    ("derived-t4-8q-unlicensed.xml",): refused("vgpu-unlicensed", OLD_DRIVER),
    ("derived-t4-8a.xml",): refused("vgpu-profile-without-cuda", OLD_DRIVER),
}


def got(capsys, *options):
    status = main(["--json", "gpu", "plan", *options])
    envelope = json.loads(capsys.readouterr().out)
    assert envelope["exit_code"] == status
    data = envelope["data"]
    assert data["reasons"].keys() == data["env"].keys()
    refusals = [error["code"] for error in envelope["errors"]]
    return {"exit": status, "env": data["env"], "refused": refusals, "warned": data["warnings"]}


def row(case, expected, found):
    """Warnings are compared by a part of their words, everything else exactly."""
    words = expected["warned"]
    warned = [word for word in words if any(word in text for text in found["warned"])]
    shown = {**found, "warned": sorted(warned) if len(words) == len(found["warned"]) else found["warned"]}
    return {"case": case, "expected": expected, "got": shown, "ok": shown == expected}


def write(rows, kind):
    """Keep the rows of the other kind."""
    MATRIX.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(MATRIX.read_text()) if MATRIX.exists() else []
    kept = [one for one in kept if not one["case"].startswith(kind)]
    MATRIX.write_text(json.dumps(sorted(kept + rows, key=lambda one: one["case"]), indent=1) + "\n")


def test_every_published_preset_is_known_with_its_count():
    known = {one["name"]: one["gpus"] for one in load_knowledge()["presets"]["presets"]}
    assert len(known) == PUBLISHED
    assert known == COUNTS


def test_every_preset_gives_the_plan_of_the_vendor_s_rules(capsys):
    rows = []
    for name, count in COUNTS.items():
        devices = ",".join(str(index) for index in range(count))
        expected = planned(settings(devices, 4 * count, 4 * count, count))
        if name == SLICE:
            expected = planned(settings("0", 1, 1, 1, **FOR_A_VGPU))
        found = got(capsys, "--preset", name)
        about_more = ("is an ARM machine", "no one server has them")
        found["warned"] = [text for text in found["warned"] if not any(word in text for word in about_more)]
        rows.append(row(f"preset {name}", expected, found))
    for one in rows:  # 100,000 numbers say no more than their count
        for side in ("expected", "got"):
            devices = one[side]["env"]["CUDA_VISIBLE_DEVICES"]
            if len(devices) > 1000:
                one[side]["env"]["CUDA_VISIBLE_DEVICES"] = f"0..{devices.rsplit(',', 1)[1]}"
    write(rows, "preset")
    assert [one for one in rows if not one["ok"]] == []
    assert len(rows) == PUBLISHED


@pytest.mark.skipif(not CAPTURES.is_dir(), reason=f"no captures at {CAPTURES}")
def test_every_capture_gives_the_expected_plan(capsys):
    assert {case[0] for case in EXPECTED_CAPTURES} == {path.name for path in CAPTURES.glob("*.xml")}
    rows = [
        row(
            f"capture {' '.join(case)}",
            expected,
            got(capsys, "--capture", str(CAPTURES / case[0]), *case[1:]),
        )
        for case, expected in EXPECTED_CAPTURES.items()
    ]
    write(rows, "capture")
    assert [one for one in rows if not one["ok"]] == []
