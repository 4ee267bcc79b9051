"""`install`: in which order things happen."""

import pytest

from graphistry_airgap.core.errors import BundleError
from graphistry_airgap.core.result import Result
from graphistry_airgap.installation.command import InstallCommand
from graphistry_airgap.installation.request import Decided


class World:
    """Bundle, tool and installation; each notes that it was its turn."""

    def __init__(self, refusal=None):
        self.refusal, self.order = refusal, []

    def decide(self, asked):
        if self.refusal:
            raise self.refusal
        self.order.append(f"decide {asked}")
        return Decided(["target"])

    def take_over(self):
        self.order.append("take over")

    def install(self, *given):
        decided, *resumed = given
        self.order.append(" ".join(["install", *decided.targets, *resumed]))
        return Result()

    def run(self, asked, decide, install):
        return install(decide(f"remembered {asked}"), "resumed")

    def command(self, *, resume):
        return InstallCommand(self, self.take_over, self, self.install).run("asked", resume=resume)


def test_the_tool_is_taken_over_between_decision_and_installation():
    world = World()
    world.command(resume=False)
    assert world.order == ["decide asked", "take over", "install target"]


def test_so_it_is_after_a_reboot():
    world = World()
    world.command(resume=True)
    assert world.order == ["decide remembered asked", "take over", "install target resumed"]


@pytest.mark.parametrize("resume", [False, True])
def test_a_refused_bundle_leaves_the_tool_of_the_host_as_it_is(resume):
    world = World(BundleError("a byte differs", code="file-changed", hint="copy it again"))
    with pytest.raises(BundleError):
        world.command(resume=resume)
    assert world.order == []
