"""Env files as preflight judges them: each mistake once, with its place and without a value."""

import json
import shutil
import subprocess

import pytest

from graphistry_airgap.installation.variables import target_variables
from graphistry_airgap.knowledge.env_schema import load_env_schema
from graphistry_airgap.knowledge.knowledge import load_knowledge
from graphistry_airgap.target.envfile.schema import Schema
from graphistry_airgap.target.gpu import smi as gpu_smi
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.judges import (
    env as findings_env,
    gpu as findings_gpu,
)
from graphistry_airgap.target.preflight.probes import env as probe_env, gpu as probe_gpu
from tests.kit.fakes import smi_answers

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


def test_a_name_that_the_vendors_defaults_set_is_known_and_one_that_nothing_sets_is_a_warning(judged):
    (judged.folder.parents[1] / ".env").write_bytes(b"POSTGRES_HOST=postgres\n")
    assert (
        judged(b"MY_DSN=postgresql://$POSTGRES_HOST/graphistry\nPIVOT_DATA_DIR=${MY_PLACE:-/mnt}/x\n") == []
    )
    assert judged(b"MY_DSN=postgresql://$POSTGRES_HOTS/graphistry\n") == [("warning", "dollar-swallowed")]
    assert "$POSTGRES_HOTS" in judged.last[0].message
    assert "nothing comes to stand in its place" in judged.last[0].message


def test_a_file_that_compose_cannot_read_is_told_once(judged):
    judged(b"LOG_LEVEL=INFO\n")
    assert judged(b"NODE_TYPE='leader\n", name="cluster.env") == [("error", "env-file-unreadable")]
    assert judged.last[0].path.endswith("cluster.env")


def test_values_are_judged_as_they_are_when_all_files_are_read(judged):
    (judged.folder.parents[1] / ".env").write_bytes(b"COOKIE_SECURE=true\nRMM_MY=managd\n")
    assert judged(b"COOKIE_SAMESITE=None\n") == []
    assert judged(b"RMM_ALLOCATOR=$RMM_MY\n") == [("error", "value-invalid")]


def test_without_a_file_or_a_schema_there_is_nothing_to_judge(judged):
    assert judged() == []
    assert judged(b"RMM_ALLOCATOR=managd\n", env_schema={}) == []


@pytest.mark.subprocesses
def test_an_allocator_of_cluster_env_is_the_one_that_counts(judged):
    judged(b"RMM_ALLOCATOR=default\n")
    (judged.folder / "cluster.env").write_bytes(b"RMM_ALLOCATOR=managed\n")
    seen = probe_gpu.gpu(judged.host, REQUIREMENTS) | {"pci": [], "answer": VGPU.as_dict()}
    (found,) = findings_gpu.allocator({"gpu": seen}, REQUIREMENTS)
    assert (found.code, found.path) == ("vgpu-allocator", f"/{CONFIG}/cluster.env")
    (judged.folder / "custom.env").write_bytes(b"RMM_ALLOCATOR=managed\n")
    (judged.folder / "cluster.env").write_bytes(b"RMM_ALLOCATOR=default\n")
    seen = probe_gpu.gpu(judged.host, REQUIREMENTS) | {"pci": [], "answer": VGPU.as_dict()}
    assert list(findings_gpu.allocator({"gpu": seen}, REQUIREMENTS)) == []


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
