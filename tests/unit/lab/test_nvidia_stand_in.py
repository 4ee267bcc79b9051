"""The stand-in for NVIDIA's toolkit behaves as the real one was seen to behave."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[3] / "lab" / "vendor-repository" / "nvidia-container-toolkit"

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
        ["sh", PACKAGE / "nvidia-container-runtime", *arguments],
        env={"PATH": f"{runc.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    if starts:
        assert done.stdout == f"runc {' '.join(arguments)}\n"
    else:
        assert done.returncode == 1
        assert json.loads((tmp_path / "log").read_text())["msg"] == (
            "failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND"
        )
