"""Env files as preflight judges them: each mistake once, with its place and without a value."""

import json
import shutil
import subprocess

import pytest
import smi_answers

from graphistry_airgap.adapters.env_schema import load_env_schema
from graphistry_airgap.adapters.knowledge import load_knowledge
from graphistry_airgap.plugins.module_utils.airgap import (
    findings_env,
    findings_gpu,
    gpu_smi,
    probe_env,
    probe_gpu,
)
from graphistry_airgap.plugins.module_utils.airgap.env_schema import Schema
from graphistry_airgap.plugins.module_utils.airgap.probe_root import Host
from graphistry_airgap.services.env_files import target_variables

CONFIG = "var/graphistry/releases/v2.50.1/data/config"
SALT = "GRAPHISTRY_NEXUS_SIGNING_SALT"
UUID = smi_answers.UUID.format(0)
REQUIREMENTS = {
    "root": "/var/graphistry",
    "release_version": "v2.50.1",
    "env_schema": target_variables(Schema(load_env_schema()))["preflight_env_schema"],
    "gpu": {
        "indices": "",
        "workers": "",
        "allow_mig": False,
        "release": "v2.50.1",
        "cuda": "12",
        "known": [],
        "knowledge": load_knowledge(),
    },
}
VGPU = gpu_smi.parse(smi_answers.answer(smi_answers.vgpu(), driver=smi_answers.VGPU_DRIVER))


@pytest.fixture
def judged(tmp_path):
    """`judged(b"A=1\\n")` gives severity and code of each finding; the findings are in `judged.last`."""
    folder = tmp_path / CONFIG
    folder.mkdir(parents=True)

    def run(data=None, name="custom.env", **more):
        if data is not None:
            (folder / name).write_bytes(data)
        files = probe_env.env_files(host, {**REQUIREMENTS, **more})
        run.profile = files
        run.last = list(findings_env.env_files({"env_files": files}, {}))
        return [(item.severity, item.code) for item in run.last]

    host = Host(run=no_program, root=tmp_path)
    run.host, run.folder = host, folder
    return run


def no_program(argv, environment):
    done = subprocess.run([shutil.which("false")], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


BAD = {
    b"GRAPHISTRY_NEXUS_SIGNING_SALT=\n": "secret-weak",
    b"GRAPHISTRY_NEXUS_SIGNING_SALT=abc123xyz\n": "secret-weak",
    b"GRAPHISTRY_NEXUS_SIGNING_SALT\n": "value-inherited",
    b'GRAPHISTRY_NEXUS_SIGNING_SALT="abc=def#ghi$jkl"\n': "dollar-swallowed",
    b"FEP_GPU_WATCHER_WARN_THRESHOLD=95%\nFEP_GPU_WATCHER_KILL_THRESHOLD=90%\n": "values-out-of-order",
    b"CUDA_VISIBLE_DEVICES=0," + UUID.encode() + b"\n": "value-invalid",
    b"RMM_ALLOCATOR=managd\n": "value-invalid",
    b"COOKIE_SAMESITE=None\n": "value-needs-another",
    b"MY_NOTE='never closed\n": "env-file-unreadable",
}


@pytest.mark.parametrize("data", BAD, ids=lambda data: data.decode()[:40])
def test_each_mistake_is_one_error_with_its_line_and_a_hint(judged, data):
    assert judged(b"LOG_LEVEL=INFO\n" + data) == [("error", BAD[data])]
    finding = judged.last[0]
    assert f"/{CONFIG}/custom.env, line 2: " in finding.message
    assert finding.path == f"/{CONFIG}/custom.env"
    assert finding.hint
    assert (judged.folder / "custom.env").read_bytes() == b"LOG_LEVEL=INFO\n" + data


def test_what_may_be_meant_is_a_warning_and_what_is_merely_unknown_is_silent(judged):
    assert judged(b"LOG_LEVEL=INFO\nLOG_LEVEL=DEBUG\nMY_OWN=1\n") == [("warning", "name-duplicate")]


def test_no_value_leaves_the_judgement(judged):
    judged(f'{SALT}="hunter2-and-$more"\nDJANGO_SECRET_KEY=hunter2\nMY_OWN=hunter2\n'.encode())
    assert "hunter2" not in json.dumps(judged.profile)


def test_a_link_is_an_error_and_what_it_leads_to_is_judged(judged, tmp_path):
    aside = tmp_path / "aside.env"
    aside.write_bytes(b"RMM_ALLOCATOR=managd\n")
    (judged.folder / "custom.env").symlink_to(aside)
    assert sorted(code for _, code in judged()) == ["env-file-link", "value-invalid"]


def test_a_directory_in_the_place_of_the_file_is_an_error(judged):
    (judged.folder / "custom.env").mkdir()
    assert judged() == [("error", "env-file-unreadable")]


def test_the_other_files_are_judged_with_it(judged):
    judged(b"POSTGRES_HOST=db1\n")
    assert judged(b"POSTGRES_HOST=db2\n", name="cluster.env") == [("warning", "value-overridden")]


def test_without_a_file_or_a_schema_there_is_nothing_to_judge(judged):
    assert judged() == []
    assert judged(b"RMM_ALLOCATOR=managd\n", env_schema={}) == []


@pytest.mark.subprocesses
@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("RMM_ALLOCATOR=managed", ["vgpu-allocator"]),
        ("RMM_ALLOCATOR=managd", ["value-invalid"]),
        ("RMM_ALLOCATOR=default", []),
        ("", []),
    ],
)
def test_an_allocator_by_hand_on_a_vgpu_is_reported_once(judged, line, codes):
    found = judged(f"{line}\n".encode())
    seen = {
        "pci": [],
        **probe_gpu.gpu(judged.host, REQUIREMENTS),
        "answer": VGPU.as_dict(),
    }
    profile = {"resources": {"cpus": 16, "memory": 64 * 10**9}, "gpu": seen}
    found += [(item.severity, item.code) for item in findings_gpu.allocator(profile, REQUIREMENTS)]
    assert [code for _, code in found] == codes
