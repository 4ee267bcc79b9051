"""A site file's address pools, as far as no host is needed to see that they will not do."""

import pytest

from graphistry_airgap.core.errors import FindingsError, InputError
from graphistry_airgap.installation.site_file import Site
from graphistry_airgap.installation.site_networks import require_pools


def site(*pools):
    listed = [{"base": base, "size": size} for base, size in pools]
    return Site.from_document({"schema": 1, "purpose": "server", "docker": {"address_pools": listed}})


@pytest.mark.parametrize(
    "pools",
    [
        pytest.param([], id="none"),
        pytest.param([("10.200.0.0/16", 24)], id="one"),
        pytest.param([("10.200.0.0/24", 24), ("10.201.0.0/24", 24)], id="two of one network each"),
        pytest.param([("10.200.0.0/23", 24)], id="exactly as many as needed"),
    ],
)
def test_usable_pools(pools):
    require_pools(site(*pools), "site.yml")


@pytest.mark.parametrize(
    ("pools", "words"),
    [
        ([("172.300.0.0/16", 24)], "'172.300.0.0/16' is not a network"),
        ([("10.200.0.0/33", 24)], "'10.200.0.0/33' is not a network"),
        ([("10.200.0.0/16", 12)], "size 12 does not lie between the prefix of 10.200.0.0/16 and 32"),
        (
            [("10.200.0.1/16", 24)],
            "10.200.0.1/16 has host bits; the network of that address is 10.200.0.0/16",
        ),
        ([("10.200.0.0/24", 24)], "1 network; Docker's own bridge and the product need 2"),
        ([("10.200.0.0/16", 24), ("10.200.4.0/22", 24)], "overlaps 10.200.0.0/16 of docker.address_pools[0]"),
    ],
)
def test_what_no_docker_could_use_as_meant_is_bad_input(pools, words):
    with pytest.raises(InputError) as caught:
        require_pools(site(*pools), "site.yml")
    assert words in caught.value.message
    assert "docker.address_pools" in caught.value.details["path"]
    assert caught.value.hint


def test_everything_at_once():
    with pytest.raises(FindingsError) as caught:
        require_pools(site(("x/1", 24), ("10.200.0.0/16", 8)), "site.yml")
    assert [item.details["path"] for item in caught.value.errors] == [
        "docker.address_pools[0]",
        "docker.address_pools[1]",
    ]
