"""The stand-in for NVIDIA's toolkit behaves as the real one was seen to behave."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.kit.fakes import smi_answers

LAB = Path(__file__).resolve().parents[3] / "lab"
PACKAGE = LAB / "repositories" / "vendor" / "nvidia-container-toolkit-base"
SMI = LAB / "stand_ins" / "nvidia-smi" / "nvidia-smi"

pytestmark = pytest.mark.subprocesses


def configure(config: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, PACKAGE / "nvidia-ctk", "runtime", "configure", "--runtime=docker"]
    return subprocess.run(
        [*command, "--config", config, *options], capture_output=True, text=True, check=False
    )


def test_keeps_every_key_and_writes_sorted_without_final_newline(tmp_path):
    config = tmp_path / "daemon.json"
    config.write_text(
        '{"registry-mirrors": ["https://a.example"], "bip": "172.31.0.1/24", "data-root": "/data"}'
    )
    assert configure(config).returncode == 0
    assert config.read_text() == (
        '{\n    "bip": "172.31.0.1/24",\n    "data-root": "/data",\n    "registry-mirrors": [\n'
        '        "https://a.example"\n    ],\n    "runtimes": {\n        "nvidia": {\n'
        '            "args": [],\n            "path": "nvidia-container-runtime"\n        }\n    }\n}'
    )


def test_default_runtime_only_when_asked_and_the_same_bytes_again(tmp_path):
    config = tmp_path / "docker" / "daemon.json"
    configure(config)
    assert "default-runtime" not in json.loads(config.read_text())
    configure(config, "--set-as-default")
    first = config.read_bytes()
    assert json.loads(first)["default-runtime"] == "nvidia"
    configure(config, "--set-as-default")
    assert config.read_bytes() == first


def test_file_that_is_not_json_is_refused_and_left_alone(tmp_path):
    config = tmp_path / "daemon.json"
    config.write_text("{nope")
    assert configure(config).returncode == 1
    assert config.read_text() == "{nope"


@pytest.mark.parametrize(
    ("variable", "starts"),
    [(None, True), ("", True), ("void", True), ("none", True), ("all", False), ("0,1", False)],
)
def test_runtime_starts_without_driver_only_what_asks_for_no_gpu(tmp_path, variable, starts):
    runc = tmp_path / "bin" / "runc"
    runc.parent.mkdir()
    runc.write_text('#!/bin/sh\necho "runc $*"\n')
    runc.chmod(0o755)
    environment = [] if variable is None else [f"NVIDIA_VISIBLE_DEVICES={variable}"]
    (tmp_path / "config.json").write_text(json.dumps({"process": {"env": ["PATH=/bin", *environment]}}))
    arguments = ["--log", str(tmp_path / "log"), "create", "--bundle", str(tmp_path), "name"]
    done = subprocess.run(
        [sys.executable, PACKAGE / "nvidia-container-runtime", *arguments],
        env={"PATH": f"{runc.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    if starts:
        assert done.stdout == f"runc {' '.join(arguments)}\n"
    else:
        assert done.returncode == 1
        said = json.loads((tmp_path / "log").read_text())["msg"]
        assert said.endswith("failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND")


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A host whose (stand-in) nvidia-smi answers for two GPUs, and whose runc shows what it is given."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "nvidia-smi").symlink_to(SMI)
    (programs / "runc").write_text("#!/bin/sh\nexit 0\n")
    (programs / "runc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("NVIDIA_SMI_STAND_IN", str(tmp_path))
    capture = tmp_path / "capture.xml"
    capture.write_bytes(smi_answers.answer(smi_answers.gpu(0), smi_answers.gpu(1), driver="580.95.05"))
    return capture


def test_a_container_that_asks_for_gpus_is_given_nvidia_smi(tmp_path, driver):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"process": {"env": ["NVIDIA_VISIBLE_DEVICES=all"]}}))
    runtime = [sys.executable, PACKAGE / "nvidia-container-runtime", "create", f"--bundle={tmp_path}", "x"]
    assert subprocess.run(runtime, check=False).returncode == 0
    given = [mount["destination"] for mount in json.loads(config.read_text()).get("mounts", [])]
    assert [place for place in given if not Path(place).exists()] == []


def generate(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, PACKAGE / "nvidia-ctk", "cdi", "generate", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_specification_names_every_gpu_and_the_driver(tmp_path, driver):
    place = tmp_path / "cdi" / "nvidia.yaml"
    assert generate(f"--output={place}").returncode == 0
    written = yaml.safe_load(place.read_text())
    assert generate().stdout == place.read_text()
    assert written == json.loads(generate("--format=json").stdout)
    assert written["kind"] == "nvidia.com/gpu"
    names = [device["name"] for device in written["devices"]]
    assert names == ["0", "1", smi_answers.UUID.format(0), smi_answers.UUID.format(1), "all"]
    assert "580.95.05" in place.read_text()


def test_no_specification_without_a_driver(tmp_path, driver):
    driver.unlink()
    place = tmp_path / "nvidia.yaml"
    done = generate(f"--output={place}")
    assert (done.returncode, place.exists()) == (1, False)
    assert "failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND" in done.stderr


def test_nvidia_smi_lists_what_the_capture_holds(driver):
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True).stdout
    assert listed.splitlines() == [
        f"GPU {index}: Tesla T4 (UUID: {smi_answers.UUID.format(index)})" for index in range(2)
    ]


def test_the_configuration_is_completed_and_loses_comments(tmp_path):
    config = tmp_path / "nvidia-container-runtime" / "config.toml"
    command = [sys.executable, PACKAGE / "nvidia-ctk", "--quiet", "config", f"--config-file={config}"]
    subprocess.run([*command, "--in-place"], check=True)
    made = config.read_text()
    assert '\nmode = "auto"\n' in made
    config.write_text('# ours\n[nvidia-container-runtime]\nmode = "legacy"\n')
    subprocess.run([*command, "--in-place"], check=True)
    assert config.read_text() == made.replace('mode = "auto"', 'mode = "legacy"')
