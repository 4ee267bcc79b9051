"""`install --resume`: what it starts from, and every reason why it does not start."""

from dataclasses import replace
from pathlib import Path

import pytest

from graphistry_airgap.core.errors import BundleError, InputError
from graphistry_airgap.core.result import Result
from graphistry_airgap.installation.fleet.inventory import InventoryHost
from graphistry_airgap.installation.reboot.resume import Resume
from graphistry_airgap.installation.request import Decided, Request
from tests.kit.fakes.resume_world import IDENTITY, SUMS, World, pending, target

OTHER = "6" * 64


@pytest.fixture
def world():
    return World(pending(), boot="boot-2", mounted={"/media/bundle": SUMS})


class Receipts:
    def load(self):
        return {"site": target().site.as_dict()}


def request(**changes):
    return Request(**{"bundle": None, "site": None, "keyring": None, "allow_unsigned": False} | changes)


def resume(world, given=None, *, opened=None):
    """Result, what was decided on, and what was handed to the installation."""
    seen = {}

    def decide(wanted):
        seen["request"] = wanted
        return Decided([opened or target()])

    def install(aim, resumed):
        seen["resumed"] = resumed
        return Result()

    result = Resume(world, world, Receipts(), lambda: world.boot).run(given or request(), decide, install)
    return result, seen


def test_it_starts_from_what_was_remembered(world):
    result, seen = resume(world)
    assert result.exit_code == 0
    assert seen["request"] == request(
        bundle=Path("/media/bundle"),
        site=Path("/etc/graphistry-airgap/site.yml"),
        keyring=Path("/etc/graphistry-airgap/trusted.gpg"),
    )
    assert seen["resumed"].warnings == []
    assert seen["resumed"].record["site_changed"] is False


def test_the_inventory_is_the_remembered_one_unless_another_is_named(world):
    world.state = pending(inventory="/etc/graphistry-airgap/inventory")
    assert resume(world)[1]["request"].inventory == Path("/etc/graphistry-airgap/inventory")
    named = request(inventory=Path("/root/other"))
    assert resume(world, named)[1]["request"].inventory == Path("/root/other")


def test_nothing_to_resume(world):
    world.state = None
    with pytest.raises(InputError) as caught:
        resume(world)
    assert caught.value.code == "nothing-to-resume"


def test_before_the_reboot_nothing_is_done(world):
    world.boot = "boot-1"
    result, seen = resume(world)
    assert (result.exit_code, result.data, seen) == (10, {"reboot": "manual"}, {})
    assert result.errors[0].code == "reboot-required"
    assert "restart this host" in result.errors[0].hint


def test_the_medium_may_come_back_elsewhere(world):
    world.mounted = {"/run/media/usb": SUMS}
    assert resume(world)[1]["request"].bundle == Path("/run/media/usb")


def test_no_medium_names_the_bundle_and_where_it_was_looked_for(world):
    world.mounted = {}
    with pytest.raises(InputError) as caught:
        resume(world)
    assert caught.value.code == "medium-missing"
    assert IDENTITY in caught.value.message
    assert "/media/bundle" in caught.value.details["found"]
    assert "/mnt" in caught.value.details["found"]


@pytest.mark.parametrize("given", [None, Path("/media/bundle")])
def test_another_bundle_in_its_place_is_refused(world, given):
    world.mounted = {"/media/bundle": OTHER}
    with pytest.raises(BundleError) as caught:
        resume(world, request(bundle=given))
    assert caught.value.code == "other-bundle"
    assert caught.value.details["found"] == f"bundle {'f' * 32}"
    assert caught.value.details["needed"] == f"bundle {IDENTITY}"


def test_another_bundle_in_its_place_does_not_hide_the_right_one(world):
    world.mounted = {"/media/bundle": OTHER, "/mnt": SUMS}
    assert resume(world)[1]["request"].bundle == Path("/mnt")


def test_a_named_place_without_a_bundle_is_for_the_opening_to_judge(world):
    assert resume(world, request(bundle=Path("/none")))[1]["request"].bundle == Path("/none")


def test_a_medium_that_was_changed_after_it_was_found(world):
    with pytest.raises(BundleError) as caught:
        resume(world, opened=target(sums=OTHER))
    assert caught.value.code == "other-bundle"


def test_a_site_file_that_was_edited_since_is_used_and_told(world):
    _, seen = resume(world, opened=target(docker={"image_store": "classic"}))
    assert "docker" in seen["resumed"].warnings[0]
    assert seen["resumed"].record["site_changed"] is True


def test_an_unsigned_bundle_that_was_allowed_stays_allowed(world):
    unsigned = pending().bundle.__class__("/media/bundle", IDENTITY, SUMS, signed=False)
    world.state = pending(bundle=unsigned, keyring=None)
    assert resume(world)[1]["request"].allow_unsigned is True


def test_what_waits_here_is_not_gone_on_with_elsewhere(world):
    there = replace(target(), host=InventoryHost("b", {"ansible_connection": "ssh"}))
    with pytest.raises(InputError) as caught:
        resume(world, opened=there)
    assert caught.value.code == "inventory-hosts"
