"""The module decides as preflight does and says it in a form that role, receipt and error can use."""

import pytest

from tests.kit.fakes import driver_facts

PROBE = "ansible_collections.graphistry.airgap.plugins.module_utils.driver.facts.probe"


@pytest.fixture
def decide(call_module, monkeypatch):
    def run(*gpus, desired, **found):
        monkeypatch.setattr(PROBE, lambda host, given: driver_facts.facts(*gpus, **found))
        return call_module("driver_plan", desired=desired)

    return run


def test_the_role_gets_everything_that_it_needs(decide):
    said = decide(driver_facts.gpu(), desired=driver_facts.desired("550.163.01", waive_range=True))
    plan = said["driver_plan"]
    assert (said["changed"], plan["action"]) == (False, "install")
    assert (plan["dkms"], plan["module_files"]) == ("nvidia-current-open", "nvidia-current-open")
    assert (plan["version"], plan["kernel"]) == ("550.163.01", driver_facts.KERNEL)
    assert {"name": "nvidia-open-kernel-dkms", "version": "550.163.01-2"} in plan["packages"]


def test_nothing_to_do_is_no_failure(decide):
    said = decide(desired=driver_facts.desired())
    assert "failed" not in said
    assert (said["driver_plan"]["action"], said["driver_plan"]["packages"]) == ("none", [])


def test_a_refusal_is_about_the_host(decide):
    said = decide(
        driver_facts.gpu(), desired=driver_facts.desired(), kernels=[driver_facts.kernel(headers="broken")]
    )
    assert (said["failed"], said["code"]) == (True, "host-driver-headers-broken")
    assert said["hint"]
    assert all(said["details"][key] for key in ("found", "needed"))


def test_this_very_machine_can_be_asked(call_module):
    said = call_module("driver_plan", desired=driver_facts.desired(install="never"))
    assert said["driver_plan"]["reasons"] == ["the site file says `driver.install: never`"]
