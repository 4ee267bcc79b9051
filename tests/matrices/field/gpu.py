"""`gpu plan` of the real command line for captures, and preflight on a host whose nvidia-smi replays them."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from graphistry_airgap.cli.main import main
from graphistry_airgap.installation.installed import Installed
from lab.hosts.prepared_host import site_file
from lab.stand_ins import nvidia_smi
from tests.kit.fakes import smi_answers
from tests.kit.faults.host_faults import content, living_state, site
from tests.kit.hosts.demo_hosts import tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lab.hosts.sealed_host import SealedHost

CAPTURES = Path(__file__).resolve().parents[4] / "shared" / "cases" / "nvidia-smi"
CUSTOM_ENV = "/var/graphistry/current/data/config/custom.env"
V100 = {"name": "Tesla V100-SXM2-16GB", "architecture": "Volta", "device": "1DB110DE", "memory": "16384 MiB"}
H100 = {"name": "NVIDIA H100 80GB HBM3", "architecture": "Hopper", "device": "233010DE"}
A5000 = {"name": "NVIDIA RTX A5000", "architecture": "Ampere", "device": "223110DE", "memory": "24564 MiB"}
MODELS: dict[str, dict[str, Any]] = {
    "t4": {},
    "v100": V100,
    "h100": {**H100, "memory": "81559 MiB"},
    "a5000": A5000,
    "k620": {"name": "Quadro K620", "architecture": "Maxwell", "device": "13BB10DE", "memory": "2000 MiB"},
    "rtx-5090": {"name": "NVIDIA GeForce RTX 5090", "architecture": "Blackwell", "device": "2B8510DE"},
    "gtx-1080": {"name": "NVIDIA GeForce GTX 1080", "architecture": "Pascal", "device": "1B8010DE"},
    "gb10": {"name": "NVIDIA GB10", "architecture": "Blackwell", "device": "2E1210DE", "memory": None},
    "thor": {"name": "NVIDIA Thor", "architecture": "Blackwell", "device": "2B0010DE", "memory": None},
    "orin": {"name": "Orin (nvgpu)", "architecture": None, "device": "N/A", "memory": None},
    "gb200": {"name": "NVIDIA GB200", "architecture": "Blackwell", "device": "294110DE"},
    "gb300": {"name": "NVIDIA GB300", "architecture": "Blackwell", "device": "31C210DE"},
    "vgpu": {"name": "GRID T4-8Q", "mode": "VGPU", "memory": "8192 MiB", "licence": "Licensed"},
    # named by an old driver that tells neither generation nor PCI device
    "nameless": {"architecture": None, "device": "N/A"},
}


def gpu_plan(
    options: Sequence[str] = (), installed: Sequence[str] = ("v2.50.1", "12"), **machine: Any
) -> dict[str, Any]:
    """`capture` is a file of the field; else `gpus` are models, each with what differs from a sound one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "machine.xml"
        path.write_bytes(_answer(**machine))
        command = ["gpu", "plan", "--capture", os.fspath(path), *options]
        with mock.patch.object(Installed, "release", return_value=tuple(installed)):
            _, text = _said(command)
            status, envelope = _said(["--json", *command])
    found = json.loads(envelope)
    return {"exit": status, "codes": _codes(found), "text": text, "data": found["data"]}


def _said(command: list[str]) -> tuple[int, str]:
    screen = StringIO()
    with redirect_stdout(screen), redirect_stderr(sys.stderr if "--json" in command else screen):
        status = main(command)
    return status, screen.getvalue()


def _codes(envelope: dict[str, Any]) -> list[str]:
    data = envelope["data"]
    noted = [*data.get("advice", []), *data.get("findings", [])]
    return [one["code"] for one in (*envelope["errors"], *noted)]


def _answer(
    capture: str = "",
    gpus: Sequence[Any] = (),
    edit: Sequence[Sequence[str]] = (),
    before: str = "",
    **answer: Any,
) -> bytes:
    if capture and not (CAPTURES / capture).is_file():
        pytest.skip(f"no captures at {CAPTURES}")
    data = (CAPTURES / capture).read_bytes() if capture else _written(gpus, **answer)
    for old, new in edit:
        assert old.encode() in data, old
        data = data.replace(old.encode(), new.encode("latin-1"))
    return before.encode() + data


def _written(gpus: Sequence[Any], **answer: Any) -> bytes:
    described = []
    for index, one in enumerate(gpus):
        model, fields = (one, {}) if isinstance(one, str) else next(iter(one.items()))
        described.append(smi_answers.gpu(index, **{**MODELS[model], **fields}))
    return smi_answers.answer(*described, **{"driver": "580.126.20", **answer})


def preflight(
    host: SealedHost, by_hand: str = "", wanted: str = "gpu: auto", **machine: Any
) -> dict[str, Any]:
    """What preflight of an installed host finds when its nvidia-smi gives this answer."""
    with _replayed(host, _answer(**machine)), site(host, f"{site_file()}{wanted}\n"), _lines(host, by_hand):
        before = living_state(host)
        status, envelope = tool(host, "preflight")
        changed = sorted(before ^ living_state(host))
    words = json.dumps([*envelope["errors"], *envelope["data"]["findings"]], ensure_ascii=False)
    return {
        "exit": status,
        "codes": _codes(envelope),
        "text": words,
        "data": envelope["data"],
        "unchanged": changed or True,
    }


@contextmanager
def _replayed(host: SealedHost, answer: bytes) -> Iterator[None]:
    nvidia_smi.place(host, capture=answer)
    try:
        yield
    finally:
        undo = f"rm -r {nvidia_smi.PLACE} {nvidia_smi.FOLDER}; rmdir --ignore-fail-on-non-empty"
        host.require(["sh", "-c", f"{undo} {nvidia_smi.FOLDER.rpartition('/')[0]}"])


@contextmanager
def _lines(host: SealedHost, lines: str) -> Iterator[None]:
    if not lines:
        yield
        return
    kept = host.read(CUSTOM_ENV)
    with content(host, CUSTOM_ENV, kept + lines.encode() + b"\n"):
        yield


RUNS: dict[str, Callable[..., dict[str, Any]]] = {"gpu_plan": gpu_plan, "preflight": preflight}
