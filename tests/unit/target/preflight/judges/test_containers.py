"""What preflight says about containers that ask for a GPU on a host where none of them can start."""

import pytest

from graphistry_airgap.target.preflight.judges import (
    containers as findings_containers,
    driver as findings_driver,
)

PCI = [{"address": "0000:01:00.0", "device": "0x1eb8"}]


def judge(*, gpus=(), loaded="", purpose="server", gpu=None, driver=True):
    facts = {"loaded": loaded} if driver else {}
    profile = {"gpus": list(gpus), "driver": facts}
    return list(findings_containers.gpu_containers(profile, {"gpu": gpu or {}, "purpose": purpose}))


@pytest.fixture(autouse=True)
def no_driver_comes(monkeypatch):
    monkeypatch.setattr(findings_driver, "is_coming", lambda profile, requirements: False)


@pytest.mark.parametrize(
    ("gpus", "purpose", "severity", "reason"),
    [
        ((), "server", "warning", "no NVIDIA GPU on the PCI bus"),
        ((), "template", "info", "no NVIDIA GPU on the PCI bus"),
        (PCI, "server", "warning", "no NVIDIA driver is loaded"),
    ],
)
def test_the_reason_is_said(gpus, purpose, severity, reason):
    (finding,) = judge(gpus=gpus, purpose=purpose)
    assert (finding.severity, finding.code) == (severity, "gpu-containers-cannot-start")
    assert reason in finding.message


def test_nothing_is_said_where_they_can_or_others_say_it(monkeypatch):
    assert judge(gpus=PCI, loaded="580.95.05") == []
    assert judge(gpu={"indices": ""}) == []
    assert judge(driver=False) == []
    monkeypatch.setattr(findings_driver, "is_coming", lambda profile, requirements: True)
    assert judge(gpus=PCI) == []


@pytest.mark.parametrize(
    ("version", "state", "installed", "warned"),
    [
        ("1.17.8-1", "absent", "", True),
        ("1.17.8-1", "older", "1.16.2-1", True),
        ("1.17.8-1", "newer", "1.18.0-1", False),
        ("1.18.0-1", "absent", "", False),
        ("2.0.1-1", "absent", "", False),
    ],
)
@pytest.mark.parametrize("gpus", [PCI, ()])
def test_a_toolkit_whose_containers_lose_gpus_is_named_where_there_are_any(
    gpus, version, state, installed, warned
):
    item = {"name": "nvidia-container-toolkit", "version": version}
    item |= {"state": state, "installed": installed}
    found = lost(gpus, item, "auto")
    assert [finding.code for finding in found] == ["toolkit-loses-gpus"] * bool(warned and gpus)


def lost(gpus, item, mode):
    profile = {"gpus": gpus, "packages": {"wanted": [item]}, "toolkit": {"mode": mode}}
    return list(findings_containers.toolkit(profile, {"gpu": {}}))


@pytest.mark.parametrize(
    ("version", "mode", "code"),
    [
        ("1.20.0-1", "legacy", "toolkit-loses-gpus"),
        ("1.17.9-1", "legacy", "toolkit-loses-gpus"),
        ("1.17.9-1", "cdi", ""),
        ("1.20.0-1", "cdi", ""),
        ("1.20.0-1", None, "toolkit-mode-unknown"),
    ],
)
@pytest.mark.parametrize("gpus", [PCI, ()])
def test_what_the_configuration_says_counts_before_the_version(gpus, version, mode, code):
    item = {"name": "nvidia-container-toolkit", "version": version, "state": "absent", "installed": ""}
    found = lost(gpus, item, mode)
    assert [finding.code for finding in found] == [code] * bool(code and gpus)
    assert all("/etc/nvidia-container-runtime/config.toml" in one.message for one in found)
    assert all(one.found and one.needed and one.hint for one in found)


@pytest.mark.parametrize(
    ("servers", "dns", "purpose", "waive", "said"),
    [
        ([], None, "server", (), ["error"]),
        ([], [], "server", (), ["error"]),
        ([], None, "server", ("public-resolvers",), ["warning"]),
        ([], ["127.0.0.1"], "server", (), []),
        (["127.0.0.53"], None, "server", (), []),
        # a clone has a network of its own
        ([], None, "template", (), []),
    ],
)
def test_a_host_that_names_nobody_has_containers_ask_public_resolvers(servers, dns, purpose, waive, said):
    profile = {"name_servers": servers, "docker": {"settings": {"network": {"dns": dns}}}}
    requirements = {"purpose": purpose, "waive": list(waive)}
    found = list(findings_containers.resolvers(profile, requirements))
    assert [one.severity for one in found] == said
    assert all("8.8.8.8" in one.message for one in found)
