"""The plan's rules, one by one: numbers from the vendor's pages, written here by hand."""

import json

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from graphistry_airgap.content import content_root
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.gpu import (
    knowledge as gpu_knowledge,
    options as gpu_options,
    plan as gpu_plan,
    smi as gpu_smi,
)
from graphistry_airgap.target.gpu.model import Gpu
from tests.kit.fakes import smi_answers

KNOWLEDGE = load_knowledge()
GB = 10**9
T4 = {"name": "Tesla T4", "architecture": "Turing", "memory_mib": 15360, "virtualization": "none"}


def plan(*gpus, release="v2.50.1", cuda="12", machine=None, **options):
    return gpu_plan.make(
        gpus,
        machine=machine or gpu_plan.Machine(),
        options=gpu_options.read(**options),
        knowledge=KNOWLEDGE,
        target=gpu_knowledge.judged(KNOWLEDGE, release, cuda),
    )


def t4s(count, **fields):
    return [Gpu(index, uuid=smi_answers.UUID.format(index), **{**T4, **fields}) for index in range(count)]


def vgpu(profile="T4-8Q", **fields):
    return gpu_smi.parse(smi_answers.answer(smi_answers.vgpu(profile=profile, **fields))).gpus[0]


def workers(made):
    return tuple(int(made.env[name]) for name in gpu_plan.WORKERS)


def codes(notes):
    return [note.code for note in notes]


# numbers


@pytest.mark.parametrize(
    ("count", "expected"), [(1, (4, 4, 1)), (2, (8, 8, 2)), (4, (16, 16, 4)), (8, (32, 32, 8))]
)
def test_workers_are_multiplied_by_gpus(count, expected):
    made = plan(*t4s(count))
    assert workers(made) == expected
    assert made.env["CUDA_VISIBLE_DEVICES"] == ",".join(map(str, range(count)))


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        (81920, (4, 4, 1)),
        (16384, (4, 4, 1)),
        (15360, (4, 4, 1)),
        (15109, (4, 4, 1)),
        (12288, (3, 3, 1)),
        (11264, (2, 2, 1)),
        (10240, (2, 2, 1)),
        (8192, (2, 2, 1)),
        (5912, (1, 1, 1)),
        (4096, (1, 1, 1)),
        (2048, (1, 1, 1)),
    ],
)
def test_one_worker_for_every_4_gb_of_gpu_memory(memory, expected):
    assert workers(plan(*t4s(1, memory_mib=memory))) == expected


@pytest.mark.parametrize(
    ("profile", "expected"),
    [("T4-16Q", (4, 4, 1)), ("A100-40C", (4, 4, 1)), ("T4-8Q", (2, 2, 1)), ("A10-4Q", (1, 1, 1))],
)
def test_a_profile_is_sized_by_its_memory(profile, expected):
    assert workers(plan(vgpu(profile))) == expected


def test_unknown_memory_limits_nothing_and_the_reason_says_so():
    made = plan(Gpu(0), Gpu(1))
    assert workers(made) == (8, 8, 2)
    assert "not known" in made.reasons["FORGE_NUM_WORKERS"]


def test_the_smallest_gpu_sets_the_pace():
    small = Gpu(1, **{**T4, "name": "Quadro", "memory_mib": 8192})
    made = plan(*t4s(1), small)
    assert workers(made) == (4, 4, 2)
    assert "gpus-differ" in codes(made.warnings)


@pytest.mark.parametrize(
    ("memory", "count", "expected"),
    [
        (16.7, 1, (4, 4, 1)),
        (8.3, 1, (2, 2, 1)),
        (3, 1, (1, 1, 1)),
        (64, 4, (16, 16, 4)),
        (16.7, 4, (4, 4, 4)),
        (8.3, 4, (2, 2, 2)),
    ],
)
def test_one_worker_of_each_kind_for_every_4_gb_of_main_memory(memory, count, expected):
    made = plan(*t4s(count), machine=gpu_plan.Machine(cores=64, memory=int(memory * GB)))
    assert workers(made) == expected
    cut = expected[0] < 4 * count
    assert ("main memory" in made.reasons["FORGE_NUM_WORKERS"]) is cut


def test_what_the_operator_asks_for_is_multiplied_and_obeyed_with_a_warning_where_memory_is_short():
    made = plan(*t4s(2), workers="2,3,1")
    assert workers(made) == (4, 6, 2)
    assert made.warnings == ()
    assert "as asked for" in made.reasons["STREAMGL_NUM_WORKERS"]
    greedy = plan(vgpu(), workers="16,2,1")
    assert workers(greedy) == (16, 2, 1)
    assert codes(greedy.warnings) == ["workers-above-memory"]


# round robin


def test_workers_go_round():
    made = plan(*t4s(2), machine=gpu_plan.Machine(cores=64, memory=21 * GB))
    assert made.assignment["forge-etl-python"] == [
        {"gpu": 0, "workers": [0, 2, 4]},
        {"gpu": 1, "workers": [1, 3]},
    ]
    assert set(made.assignment) == {"forge-etl-python", "streamgl-gpu", "dask-cuda-worker"}


def test_idle_gpus_are_named():
    made = plan(*t4s(4), machine=gpu_plan.Machine(cores=64, memory=5 * GB))
    assert workers(made) == (1, 1, 1)
    assert codes(made.warnings) == ["gpus-idle"] * 3
    assert "GPU 1, 2, 3 idle" in made.warnings[0].message


def test_the_assignment_uses_the_chosen_ids():
    made = plan(*t4s(8), indices="0,2,5-7", workers="1,1,1")
    assert made.env["CUDA_VISIBLE_DEVICES"] == "0,2,5,6,7"
    assert [row["gpu"] for row in made.assignment["streamgl-gpu"]] == [0, 2, 5, 6, 7]


@settings(max_examples=200, deadline=None)
@given(
    memories=st.lists(st.none() | st.integers(2048, 200_000), min_size=1, max_size=12),
    memory=st.none() | st.integers(0, 1 << 40),
    wanted=st.sampled_from(["", "4,4,1", "1,2,3"]),
)
def test_every_worker_has_one_gpu_and_no_count_is_below_one(memories, memory, wanted):
    gpus = [Gpu(index, memory_mib=size) for index, size in enumerate(memories)]
    made = plan(*gpus, machine=gpu_plan.Machine(cores=64, memory=memory), workers=wanted)
    for name, service in gpu_plan.WORKERS.items():
        count = int(made.env[name])
        assert count >= 1
        rows = made.assignment[service]
        assert [row["gpu"] for row in rows] == list(range(len(gpus)))
        assert sorted(worker for row in rows for worker in row["workers"]) == list(range(count))
        if memory and not wanted:
            assert count == 1 or count * 4 * GB <= memory


# devices


def test_uuids_stay_uuids_and_streamgl_gets_indices():
    wanted = f"{smi_answers.UUID.format(2)},{smi_answers.UUID.format(0)}"
    made = plan(*t4s(3), indices=wanted)
    assert made.env["CUDA_VISIBLE_DEVICES"] == wanted
    assert made.env["STREAMGL_CUDA_VISIBLE_DEVICES"] == "2,0"
    assert workers(made) == (8, 8, 2)


@pytest.mark.parametrize("indices", ["3", "0,9", "GPU-ffff"])
def test_a_gpu_that_is_not_there_is_refused(indices):
    made = plan(*t4s(3), indices=indices)
    assert codes(made.refusals) == ["gpu-not-there"]
    assert made.env == {}


def test_no_gpu_is_refused():
    assert codes(plan().refusals) == ["gpu-missing"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ()),
        ("0", ("0",)),
        ("0,2,5-7", ("0", "2", "5", "6", "7")),
        (" 1 , 3 ", ("1", "3")),
        ("GPU-8e3b0f,GPU-41c0aa", ("GPU-8e3b0f", "GPU-41c0aa")),
    ],
)
def test_lists_of_gpus(text, ids):
    assert gpu_options.read_ids(text) == ids


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0,GPU-8e3b0f", "gpu-ids-mixed"),
        ("GPU-8e3b0f,1", "gpu-ids-mixed"),
        ("0,0", "gpu-ids-invalid"),
        ("0-2,1", "gpu-ids-invalid"),
        ("7-5", "gpu-ids-invalid"),
        ("0-99999", "gpu-ids-invalid"),
        ("-1", "gpu-ids-invalid"),
        ("0,,1", "gpu-ids-invalid"),
        ("all", "gpu-ids-invalid"),
        ("GPU-", "gpu-ids-invalid"),
        ("MIG-GPU-8e3b0f/3/0", "gpu-ids-invalid"),
        ("٣", "gpu-ids-invalid"),
    ],
)
def test_lists_that_are_none(text, code):
    with pytest.raises(gpu_options.OptionError) as caught:
        gpu_options.read_ids(text)
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize("text", ["4,4", "4,4,1,1", "0,4,1", "-1,4,1", "a,b,c", "4;4;1", "99999,1,1"])
def test_worker_numbers_that_are_none(text):
    with pytest.raises(gpu_options.OptionError) as caught:
        gpu_options.read_multipliers(text)
    assert caught.value.code == "gpu-workers-invalid"


# vGPU


def test_a_vgpu_gets_everything_that_it_needs():
    made = plan(vgpu())
    assert made.env == {
        "CUDA_VISIBLE_DEVICES": "0",
        "FORGE_NUM_WORKERS": "2",
        "STREAMGL_NUM_WORKERS": "2",
        "DASK_NUM_WORKERS": "1",
        "RMM_ALLOCATOR": "default",
        "STREAMGL_CUDA_VISIBLE_DEVICES": "0",
        "FEP_GPU_WATCHER_ENABLED": "1",
        "FEP_GPU_WATCHER_WARN_THRESHOLD": "70%",
        "FEP_GPU_WATCHER_IDLE_THRESHOLD": "60%",
        "FEP_GPU_WATCHER_KILL_THRESHOLD": "90%",
        "FEP_GPU_WATCHER_EMERGENCY_THRESHOLD": "95%",
    }
    assert made.refusals == ()


@pytest.mark.parametrize("mode", ["none", "pass-through", ""])
def test_bare_metal_and_pass_through_keep_the_shipped_allocator(mode):
    assert set(plan(*t4s(1, virtualization=mode)).env) == {"CUDA_VISIBLE_DEVICES", *gpu_plan.WORKERS}


def test_a_vgpu_s_devices_are_indices_also_when_uuids_are_asked_for():
    made = plan(vgpu(), indices=smi_answers.UUID.format(0))
    assert made.env["STREAMGL_CUDA_VISIBLE_DEVICES"] == "0"


@pytest.mark.parametrize("made", [plan(*t4s(2)), plan(vgpu()), plan(*t4s(1), workers="1,1,1")])
def test_every_value_has_its_reason(made):
    assert made.env.keys() == made.reasons.keys()
    assert all(made.reasons.values())
    assert set(made.env) <= set(gpu_plan.NAMES)
    assert json.loads(json.dumps(made.as_dict())) == made.as_dict()


def test_the_role_knows_every_name_that_a_plan_may_set():
    path = content_root() / "roles/graphistry_config/vars/main.yml"
    named = yaml.safe_load(path.read_text(encoding="utf-8"))["__graphistry_config_gpu_names"]
    assert set(named) == set(gpu_plan.NAMES)


@pytest.mark.parametrize(
    ("gpu", "code"),
    [
        (vgpu("T4-8A"), "vgpu-profile-without-cuda"),
        (vgpu("T4-8B"), "vgpu-profile-without-cuda"),
        (vgpu(licence="Unlicensed (Restricted)"), "vgpu-unlicensed"),
        (vgpu("A100-1-5C"), "vgpu-mig-backed"),
        (vgpu("T4-1Q"), "gpu-memory-too-small"),
        (Gpu(0, **{**T4, "memory_mib": 1024}), "gpu-memory-too-small"),
        (Gpu(0, mig=True, mig_memory_mib=(19968,), **T4), "gpu-mig"),
        (Gpu(0, architecture="Pascal"), "gpu-too-old"),
        (Gpu(0, pci_device="1b38"), "gpu-too-old"),
        (Gpu(0, architecture="Maxwell"), "gpu-too-old"),
    ],
)
def test_what_cannot_work_is_refused_with_a_hint_and_without_settings(gpu, code):
    made = plan(gpu)
    assert codes(made.refusals) == [code]
    assert made.refusals[0].hint
    assert made.env == {}


@pytest.mark.parametrize(
    ("gpu", "code"),
    [
        (vgpu("T4-2Q"), "gpu-memory-small"),
        (Gpu(0, **{**T4, "memory_mib": 2048}), "gpu-memory-small"),
        (vgpu(licence=None), "vgpu-licence-unknown"),
        (vgpu(name="NVIDIA Virtual", memory="8192 MiB"), "vgpu-profile-unknown"),
        (Gpu(0, **{**T4, "virtualization": "vgpu-host"}), "gpu-is-hypervisors"),
        (Gpu(0, compute_mode="Exclusive_Process", **T4), "gpu-compute-mode"),
    ],
)
def test_what_deserves_attention_is_a_warning(gpu, code):
    made = plan(gpu)
    assert codes(made.warnings) == [code]
    assert made.env


@pytest.mark.parametrize("cores", [1, 7])
def test_fewer_than_4_cores_for_each_gpu_are_a_warning(cores):
    assert codes(plan(*t4s(2), machine=gpu_plan.Machine(cores=cores)).warnings) == ["cores-below-gpus"]
    assert plan(*t4s(2), machine=gpu_plan.Machine(cores=8)).warnings == ()


# MIG


def test_mig_is_planned_for_its_first_instance_when_allowed():
    cut = Gpu(0, mig=True, mig_memory_mib=(9728, 19968), **{**T4, "memory_mib": 81920})
    made = plan(cut, allow_mig=True)
    assert workers(made) == (2, 2, 1)
    assert codes(made.warnings) == ["gpu-mig-first-instance"]


def test_mig_without_an_instance_is_refused_even_when_allowed():
    assert codes(plan(Gpu(0, mig=True, **T4), allow_mig=True).refusals) == ["gpu-mig-empty"]


def test_mig_backed_vgpus_stay_refused():
    assert codes(plan(vgpu("A100-1-5C"), allow_mig=True).refusals) == ["vgpu-mig-backed"]


# releases and drivers


@pytest.mark.parametrize(
    ("release", "cuda", "driver", "expected"),
    [
        ("v2.50.1", "12", "575.51.03", []),
        ("2.50.0", "12", "595.58.03", []),
        ("2.51", "12.9", "580.126.20", []),
        ("2.50.1", "12", "575.51.02", ["gpu-driver-too-old"]),
        ("2.50.1", "12", "570.124.04", ["gpu-driver-forward-compatible-only"]),
        ("2.50.1", "12", "515.105.01", ["gpu-driver-too-old"]),
        ("2.50.1", "13", "590.44.01", []),
        ("2.50.1", "13", "590.43", ["gpu-driver-too-old"]),
        ("2.50.1", "13", "580.126.20", ["gpu-driver-too-old"]),
        ("2.45.7", "12.8", "580.65.06", ["gpu-driver-known-bad"]),
        ("2.45.7", "11.8", "575.57.08", []),
        ("2.45.7", "12.8", "515.105.01", ["gpu-driver-too-old"]),
        ("2.44.2", "12.4", "580.65.06", []),
        ("2.41.8", "11.8", "520.61.05", []),
        ("2.39.0", "11.8", "515.105.01", []),
        ("2.39.0", "11.8", "510.47.03", ["gpu-driver-too-old"]),
        ("2.10.0", "11.0", "418.43", []),
        ("2.50.1", "12", "", []),
    ],
)
def test_drivers_by_release_and_flavour(release, cuda, driver, expected):
    target = gpu_knowledge.judged(KNOWLEDGE, release, cuda)
    assert codes(gpu_knowledge.driver_notes(target, driver)) == expected


def test_an_unknown_release_has_no_row_and_none_named_means_the_newest():
    assert gpu_knowledge.judged(KNOWLEDGE, "2.10.0", "11.0").row is None
    assert gpu_knowledge.judged(KNOWLEDGE, "v2.50.1", "99").row is None
    newest = gpu_knowledge.judged(KNOWLEDGE, "", "")
    assert (newest.release, newest.cuda, newest.row["rapids"]) == ("2.50.0", "12", "26.02")


@pytest.mark.parametrize(
    ("architecture", "release", "cuda", "refused"),
    [
        ("Pascal", "2.50.1", "12", True),
        ("Pascal", "2.45.7", "12.8", True),
        ("Pascal", "2.41.8", "11.8", False),
        ("Volta", "2.50.1", "12", False),
        ("Volta", "2.50.1", "13", True),
        ("Turing", "2.50.1", "13", False),
        ("Blackwell", "2.50.1", "13", False),
        ("Maxwell", "2.41.8", "11.8", True),
    ],
)
def test_gpus_by_release_and_flavour(architecture, release, cuda, refused):
    made = plan(Gpu(0, architecture=architecture), release=release, cuda=cuda)
    assert bool(made.refusals) is refused


def test_an_answer_that_describes_fewer_gpus_than_it_counts_is_noticed():
    made = plan(*t4s(1), machine=gpu_plan.Machine(attached=4))
    assert codes(made.warnings) == ["gpus-not-described"]
