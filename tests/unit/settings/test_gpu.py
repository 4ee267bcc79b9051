"""`gpu plan` with GPUs from this machine, a capture, a preset, a number."""

import json

import pytest

from graphistry_airgap.cli.main import main
from graphistry_airgap.core.errors import ExitCode, InputError
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.settings.gpu import GpuRequest, PlanGpus
from graphistry_airgap.target.gpu import smi as gpu_smi
from graphistry_airgap.target.gpu.discovery import Found
from tests.kit.fakes import smi_answers

ON_THE_BUS = ({"address": "0000:01:00.0", "device": "0x1eb8"},)
NOTHING = Found((), gpu_smi.Answer(gpu_smi.ABSENT, "nvidia-smi is not installed"))
ROOMY = {"cpus": 64, "memory": 512 * 10**9}


def plan(found=NOTHING, *, resources=None, installed=("", ""), **request):
    service = PlanGpus(load_knowledge(), lambda: (found, resources or ROOMY), lambda: installed)
    return service.run(GpuRequest(**request))


def here(*gpus, driver="595.58.03"):
    return Found(ON_THE_BUS, gpu_smi.parse(smi_answers.answer(*gpus, driver=driver)))


@pytest.fixture
def capture(tmp_path):
    def write(data):
        path = tmp_path / "capture.xml"
        path.write_bytes(data)
        return path

    return write


def test_this_machine_is_planned_by_its_own_cores_and_memory():
    result = plan(here(smi_answers.gpu()), resources={"cpus": 2, "memory": 8 * 10**9})
    assert result.data["env"]["FORGE_NUM_WORKERS"] == "2"
    assert "2 processor cores" in result.data["warnings"][0]


def test_a_capture_is_not_judged_by_this_machine(capture):
    small = {"cpus": 1, "memory": 10**9}
    result = plan(resources=small, capture=capture(smi_answers.answer(smi_answers.gpu())))
    assert result.data["env"]["FORGE_NUM_WORKERS"] == "4"
    assert result.data["warnings"] == []


def test_a_machine_without_gpu_is_refused():
    result = plan()
    assert result.exit_code is ExitCode.HOST
    assert [error.code for error in result.errors] == ["gpu-missing"]


def test_named_gpus_can_be_planned_on_a_machine_that_has_none():
    result = plan(indices="0,2,5-7", workers="2,2,1")
    assert result.data["env"] == {
        "CUDA_VISIBLE_DEVICES": "0,2,5,6,7",
        "FORGE_NUM_WORKERS": "10",
        "STREAMGL_NUM_WORKERS": "10",
        "DASK_NUM_WORKERS": "5",
    }
    assert "nothing is known" in result.data["warnings"][0]


def test_without_a_driver_the_plan_says_what_is_unknown():
    result = plan(Found(ON_THE_BUS, gpu_smi.Answer(gpu_smi.HANGS, "no answer within 20 seconds")))
    assert result.data["env"]["FORGE_NUM_WORKERS"] == "4"
    assert result.data["gpus"][0]["architecture"] == "Turing"
    assert "no answer within 20 seconds" in result.data["warnings"][0]


def test_a_count_is_all_that_is_needed():
    assert plan(count=3).data["env"]["CUDA_VISIBLE_DEVICES"] == "0,1,2"


@pytest.mark.parametrize(
    ("name", "nearest"), [("aws-p3-8xlarge", "aws-p3.8xlarge"), ("DGX-A100", "dgx-a100"), ("a10", None)]
)
def test_an_unknown_preset_names_the_nearest(name, nearest):
    with pytest.raises(InputError) as caught:
        plan(preset=name)
    assert caught.value.code == "preset-unknown"
    known = {row["name"] for row in load_knowledge()["presets"]["presets"]}
    assert caught.value.details["nearest"] in ({nearest} if nearest else known)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "capture-unreadable"),
        (smi_answers.answer(smi_answers.gpu())[:300], "capture-unreadable"),
        (b"not XML", "capture-unreadable"),
        (
            b"NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
            "capture-without-driver",
        ),
    ],
)
def test_a_capture_that_is_none_is_an_input_error(capture, data, code):
    with pytest.raises(InputError) as caught:
        plan(capture=capture(data))
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize("name", ["absent.xml", "."])
def test_a_capture_that_cannot_be_read_is_an_input_error(tmp_path, name):
    with pytest.raises(InputError):
        plan(capture=tmp_path / name)


def test_a_capture_without_gpus_is_about_the_machine(capture):
    assert plan(capture=capture(smi_answers.answer())).exit_code is ExitCode.HOST


def test_refusals_are_errors_and_the_data_stays(capture):
    bad = smi_answers.answer(smi_answers.vgpu(profile="T4-8B", licence="Unlicensed"))
    result = plan(capture=capture(bad))
    assert result.exit_code is ExitCode.HOST
    assert {error.code for error in result.errors} == {"vgpu-profile-without-cuda", "vgpu-unlicensed"}
    assert result.data["env"] == {}
    assert result.data["gpus"][0]["profile"] == "T4-8B"


def test_the_installed_release_is_what_gpus_are_judged_for(capture):
    old = capture(smi_answers.answer(smi_answers.gpu(architecture="Pascal"), driver="525.60.13"))
    assert plan(capture=old).exit_code is ExitCode.HOST
    result = plan(capture=old, installed=("v2.41.8", "11.8"))
    assert result.exit_code is ExitCode.OK
    assert (result.data["release"], result.data["cuda"], result.data["warnings"]) == ("v2.41.8", "11.8", [])


def test_env_lines_are_nothing_but_lines_of_an_env_file(capture):
    path = capture(smi_answers.answer(smi_answers.vgpu(), driver="515.105.01"))
    lines = plan(capture=path, env_only=True).messages
    assert lines[0].startswith("# warning: driver 515.105.01")
    assert "RMM_ALLOCATOR=default" in lines
    assert all(line.startswith("#") or "=" in line for line in lines)


def test_a_person_reads_each_reason():
    result = plan(count=2)
    for name, value in result.data["env"].items():
        assert f"{name}={value}" in result.messages
        assert f"    {result.data['reasons'][name]}" in result.messages
    assert "workers of dask-cuda-worker: GPU 0: 0; GPU 1: 1" in result.messages


def test_a_warning_says_what_is_needed_and_what_comes_next(capture):
    result = plan(capture=capture(smi_answers.answer(smi_answers.gpu(), driver="515.105.01")))
    assert [note["code"] for note in result.data["advice"]] == ["gpu-driver-too-old"]
    warning, found, needed, following = result.messages[-4:]
    assert warning == f"warning: {result.data['warnings'][0]}"
    assert found == "  found: 515.105.01"
    assert needed.startswith("  needed: driver ")
    assert following.startswith("  next: install a newer driver")


def test_among_lines_for_an_env_file_each_line_of_a_warning_is_a_comment(capture):
    lines = plan(
        capture=capture(smi_answers.answer(smi_answers.gpu(), driver="515.105.01")), env_only=True
    ).messages
    told = [line for line in lines if not line.startswith("CUDA") and "_NUM_WORKERS=" not in line]
    assert [line.partition(":")[0] for line in told] == ["# warning", "#   found", "#   needed", "#   next"]


def test_what_a_driver_said_in_two_lines_stays_two_comments():
    said = "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 535.216"
    lines = plan(Found(ON_THE_BUS, gpu_smi.Answer(gpu_smi.NO_DRIVER, said)), env_only=True).messages
    assert any(line.startswith("# NVML library version: 535.216)") for line in lines)


def test_the_next_command_is_for_the_same_source(capture):
    old = smi_answers.gpu(architecture="Maxwell", name="Quadro K620")
    path = capture(smi_answers.answer(smi_answers.gpu(1), old))
    result = plan(capture=path)
    assert result.exit_code is ExitCode.HOST
    advice = result.data["advice"][0]
    assert advice["code"] == "gpu-too-old"
    assert advice["command"] == f"graphistry-airgap gpu plan --capture {path} --gpu-indices 0"
    assert "--gpu-indices 0" in advice["text"]


def test_a_refused_plan_says_its_warnings_as_well(capture):
    result = plan(capture=capture(smi_answers.answer(smi_answers.gpu(architecture="Maxwell", memory=None))))
    assert result.exit_code is ExitCode.HOST
    assert [line for line in result.messages if line.startswith("warning: the memory of GPU 0")]


def test_no_value_is_cut():
    value = ",".join(str(index) for index in range(40))
    assert f"CUDA_VISIBLE_DEVICES={value}" in plan(count=40).messages


def test_driver_and_cuda_are_what_nvidia_smi_printed():
    data = plan(here(smi_answers.gpu())).data
    assert (data["driver_version"], data["cuda_version"]) == ("595.58.03", "13.2")
    data = plan(count=1).data
    assert (data["driver_version"], data["cuda_version"]) == (None, None)


def test_one_gpu_is_one_and_unknown_is_said():
    messages = plan(count=1).messages
    assert messages[0].startswith("1 GPU, judged for")
    assert messages[1] == "  0: nothing more is known"
    assert "1 GPUs" not in " ".join(messages)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--gpu-indices", "0,GPU-ab"], "gpu-ids-mixed"),
        (["--workers", "4,4"], "gpu-workers-invalid"),
        (["--gpu-count", "0"], "usage"),
        (["--gpu-count", "many"], "usage"),
        (["--preset", "dgx-1", "--gpu-count", "2"], "usage"),
        (["--preset", "nope"], "preset-unknown"),
        (["--capture", "/does/not/exist"], "capture-unreadable"),
    ],
)
def test_wrong_options_are_exit_2(capsys, options, code):
    assert main(["--json", "gpu", "plan", *options]) == 2
    envelope = json.loads(capsys.readouterr().out)
    assert envelope["command"].startswith("gpu")
    assert envelope["errors"][0]["code"] == code
    assert envelope["errors"][0]["hint"]
