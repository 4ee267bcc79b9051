"""A vGPU guest has its licence; a template has neither token nor server of one."""

from __future__ import annotations

from typing import Any

import pytest

from graphistry_airgap.target.gpu import smi as gpu_smi
from graphistry_airgap.target.preflight.probes import vgpu as probe_vgpu
from graphistry_airgap.target.vgpu import gridd as vgpu_gridd, gridd_conf


@pytest.fixture(autouse=True)
def vgpu_only(facts: dict[str, Any]) -> None:
    if not facts["vgpu"]:
        pytest.skip("the site file has no vgpu")


@pytest.mark.usefixtures("server_only")
def test_every_vgpu_is_licensed(host: Any) -> None:
    answer = gpu_smi.parse(host.run(f"timeout {gpu_smi.TIME_LIMIT} nvidia-smi -q -x").stdout)
    assert vgpu_gridd.is_licensed(answer), vgpu_gridd.unlicensed(answer)


@pytest.mark.usefixtures("server_only")
def test_the_licence_client_starts_at_boot(host: Any) -> None:
    assert host.service(vgpu_gridd.UNIT).is_enabled


@pytest.mark.usefixtures("template_only")
def test_nothing_of_a_licence_is_in_the_template(host: Any) -> None:
    folder = host.file(probe_vgpu.TOKENS)
    assert not (folder.is_directory and folder.listdir())
    conf = host.file(probe_vgpu.CONF)
    named = gridd_conf.values(conf.content) if conf.exists else {}
    assert gridd_conf.ADDRESS not in named
