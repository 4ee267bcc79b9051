"""Which services are made anew for which variables, when a service has more containers than one."""

import pytest

from graphistry_airgap.target.change import Mask
from graphistry_airgap.target.stack import changes
from graphistry_airgap.target.stack.recreate import Container, Readers, drift

FILES = {"nexus": {"environment": {"DB": "new", "OTHER": "new"}}}


def container(**environment):
    return Container("nexus", True, "hash", "image", {"DB": "new", "OTHER": "new", **environment}, {})


@pytest.mark.parametrize("order", [1, -1])
def test_containers_of_one_service_may_lag_in_different_variables(order):
    """One reads DB and not OTHER; a one-off container of another day lies beside it."""
    both = [container(DB="old"), container(OTHER="old")][::order]
    found = drift(both, FILES, readers=Readers({"DB": ["nexus"], "OTHER": ["viz"]}), protected=())
    assert found.anew == {"nexus": ["DB"]}
    (change,) = changes.of_services(["nexus"], [], found, reread={}, mask=Mask())
    assert set(change.after["variables"]) == {"DB"}
