"""One truth about networks: whose pools count, what is left of them, and what lies beside them."""

import ipaddress

import pytest

from graphistry_airgap.target.docker import pools as network_pools
from tests.kit.fakes.network_profiles import bridge, findings, profile, route

ONE = [{"base": "172.30.0.0/24", "size": 24}]
ROOMY = [{"base": "10.200.0.0/16", "size": 24}]
OTHER = [{"base": "10.210.0.0/16", "size": 24}]
VPN = ("0.0.0.0/1", "128.0.0.0/1")


def codes(given, severity=None, **requirements):
    found = findings(given, **requirements)
    return [item.code for item in found if severity in (None, item.severity)]


def test_a_host_in_order_has_no_findings():
    assert findings(profile()) == []


# whose pools


def test_a_site_file_and_a_daemon_json_that_mean_the_same_agree():
    assert codes(profile(pools=ROOMY), address_pools=ROOMY) == []


def test_pools_of_the_site_in_daemon_json_are_not_overruled_by_its_site_file():
    (found,) = findings(profile(pools=ROOMY), address_pools=OTHER)
    assert (found.severity, found.code) == ("error", "address-pools-contradict")
    assert "/etc/docker/daemon.json" in found.message
    assert "10.200.0.0/16" in found.message
    assert "10.210.0.0/16" in found.message


@pytest.mark.parametrize("wanted", [OTHER, []], ids=["corrected", "taken out"])
def test_pools_that_an_earlier_run_wrote_follow_the_site_file(wanted):
    assert codes(profile(pools=ONE, written_pools=[ROOMY, ONE]), address_pools=wanted) == []


@pytest.mark.parametrize(
    ("pools", "words"),
    [
        ([{"base": "172.30.0.0/33", "size": 24}], "base '172.30.0.0/33' is not a network"),
        ([{"base": "172.30.0.0/16", "size": 12}], "size 12 does not lie between"),
        ([{"base": "172.30.0.0/16", "size": "24"}], "size '24' is not a number"),
        ([{"base": "172.30.0.0/16"}], "size None is not a number"),
        (["172.30.0.0/16"], "not an object"),
        ("172.30.0.0/16", "not an object"),
    ],
)
def test_pools_in_daemon_json_with_which_docker_does_not_start(pools, words):
    (found,) = findings(profile(pools=pools))
    assert (found.severity, found.code) == ("error", "address-pools-invalid")
    assert found.path == "/etc/docker/daemon.json"
    assert "default-address-pools[0]" in found.message
    assert words in found.message


# what is left of them


def test_one_network_is_too_few_for_bridge_and_product():
    (found,) = findings(profile(pools=ONE))
    assert found.code == "address-pools-exhausted"
    assert "1 of the 2 networks" in found.message
    assert (found.found, found.needed) == ("1 free", "2 free: bridge, grph_net")


def test_a_bridge_that_is_there_has_used_up_the_one():
    engine = {"networks": ["172.30.0.0/24"], "bridges": [bridge("bridge", "172.30.0.0/24")]}
    (found,) = findings(profile(pools=ONE, engine=engine))
    assert found.found == "0 free"
    assert "in use: 172.30.0.0/24" in found.message


def test_pools_of_the_running_docker_count_where_no_file_sets_any():
    """Docker's flags set them."""
    engine = {"networks": ["172.30.0.0/24"], "bridges": [bridge("bridge", "172.30.0.0/24")]}
    (found,) = findings(profile(engine={**engine, "address_pools": ONE}))
    assert "running Docker" in found.message


def test_a_bridge_with_its_own_address_needs_none_of_the_pool():
    assert codes(profile(pools=ONE, network={"bip": "10.9.0.1/24"})) == []


def test_a_product_that_runs_needs_no_further_network():
    bridges = [bridge("graphistry_grph_net", "172.30.0.0/24", "graphistry", "grph_net")]
    bridges.append(bridge("bridge", "172.30.1.0/24"))
    engine = {"networks": ["172.30.0.0/24", "172.30.1.0/24"], "bridges": bridges}
    pools = [{"base": "172.30.0.0/23", "size": 24}]
    assert codes(profile(pools=pools, engine=engine)) == []


def test_a_bridge_from_outside_the_pools_takes_one_of_their_networks_at_the_next_boot():
    engine = {"networks": ["172.17.0.0/16"], "bridges": [bridge("bridge", "172.17.0.0/16")]}
    (found,) = findings(profile(pools=ONE, engine=engine))
    assert found.needed == "2 free: bridge, grph_net"


def test_a_template_makes_no_network_of_the_product():
    assert codes(profile(pools=ONE), purpose="template") == []


def test_a_name_server_in_a_pool_takes_its_network_away():
    pools = [{"base": "10.200.0.0/23", "size": 24}]
    assert codes(profile(pools=pools, name_servers=["10.200.1.53"])) == ["address-pools-exhausted"]


def test_networks_too_small_for_the_release():
    (found,) = findings(profile(pools=[{"base": "10.200.0.0/24", "size": 29}]))
    assert found.code == "address-pools-too-small"
    assert "room for 5 containers, the release has 15 services" in found.message


# routes


@pytest.mark.parametrize("network", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", *VPN])
@pytest.mark.parametrize("pools", [[], ROOMY], ids=["Docker's pools", "the site's pools"])
def test_a_gateway_s_summary_never_stops_a_docker_that_passes_over_links_alone(network, pools):
    assert codes(profile(routes=[route(network)]), "error", address_pools=pools) == []


def test_a_summary_that_covers_a_pool_is_told():
    (found,) = findings(profile(routes=[route("10.0.0.0/8")]), address_pools=ROOMY)
    assert (found.severity, found.code) == ("warning", "address-pool-in-summary")
    assert "10.0.0.0/8 via tun0" in found.message


def test_a_summary_beside_what_docker_takes_is_nobody_s_business():
    assert codes(profile(routes=[route("192.168.0.0/16"), route("10.0.0.0/8")])) == []


def test_an_old_docker_gives_out_nothing_that_any_route_covers():
    given = profile(routes=[route(one) for one in VPN], version="20.10.24+dfsg1-1")
    errors = [item for item in findings(given) if item.severity == "error"]
    assert [item.code for item in errors] == ["address-pools-exhausted"]
    assert "128.0.0.0/1 via tun0" in errors[0].message


@pytest.mark.parametrize(
    "beside",
    [
        pytest.param(route("10.200.7.0/24"), id="more specific, by a gateway"),
        pytest.param(route("10.200.0.0/16"), id="the same, by a gateway"),
        pytest.param(route("10.200.7.0/24", gateway=False), id="more specific, on the link"),
        pytest.param(route("10.0.0.0/8", gateway=False), id="wider, on the link"),
    ],
)
def test_a_route_inside_a_chosen_pool_or_on_the_link_is_an_error(beside):
    given = profile(routes=[beside])
    (found,) = findings(given, address_pools=ROOMY)
    assert (found.severity, found.code) == ("error", "address-pool-collides")
    assert "waive: [address-pools]" in found.hint
    waived = findings(given, address_pools=ROOMY, waive=["address-pools"])
    collides = [item for item in waived if item.code == "address-pool-collides"]
    assert [item.severity for item in collides] == ["warning"]
    assert "the site file waives this" in collides[0].message


def test_docker_s_pools_count_as_far_as_it_takes_them():
    assert codes(profile(routes=[route("192.168.1.0/24", gateway=False)])) == []
    assert codes(profile(routes=[route("172.18.0.0/24", gateway=False)])) == ["address-pool-collides"]


def test_routes_of_the_other_family_do_not_collide():
    assert codes(profile(routes=[route("2001:db8::/64", gateway=False)]), address_pools=ROOMY) == []


def test_routes_of_ipv6_collide_with_pools_of_ipv6():
    pools = [*ROOMY, {"base": "fd00:7::/48", "size": 64}]
    given = profile(pools=pools, routes=[route("fd00:7:0:1::/64", gateway=False)])
    assert codes(given) == ["address-pool-collides"]


# Docker's own bridge


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"bip": "10.9.0.0/24"}, "bip is '10.9.0.0/24'"),
        ({"bip": "10.9.0.1"}, "bip is '10.9.0.1'"),
        ({"bip": "10.9.0.1/24", "fixed_cidr": "10.8.0.0/25"}, "fixed-cidr is '10.8.0.0/25'"),
    ],
)
def test_a_bridge_with_which_docker_does_not_start(setting, words):
    (found,) = findings(profile(network=setting))
    assert (found.severity, found.code) == ("error", "daemon-network-invalid")
    assert words in found.message


def test_a_bridge_on_a_link_of_the_host_collides():
    assert codes(profile(network={"bip": "192.0.2.129/25"})) == ["address-pool-collides"]


# where ports open


def test_ports_on_loopback_are_refused_and_can_be_waived():
    given = profile(network={"host_binding": "127.0.0.1"})
    (found,) = findings(given)
    assert (found.severity, found.code) == ("error", "ports-on-loopback")
    assert "127.0.0.1 alone" in found.message
    assert codes(given, "error", waive=["loopback-only"]) == []


@pytest.mark.parametrize("binding", ["0.0.0.0", "192.0.2.1", None])  # noqa: S104 -- nothing is bound
def test_ports_on_an_address_that_users_reach(binding):
    assert codes(profile(network={"host_binding": binding})) == []


def test_the_address_of_docker_s_default_bridge_is_not_the_product_s():
    assert codes(profile(network={"ip": "127.0.0.1"})) == []


# the pools themselves


def test_pools_are_cut_as_docker_cuts_them():
    taken = [ipaddress.ip_network("172.17.0.0/16")]
    assert [str(one) for one in network_pools.free(list(network_pools.BUILT_IN), taken, 2)] == [
        "172.18.0.0/16",
        "172.19.0.0/16",
    ]
    assert len(network_pools.free(list(network_pools.BUILT_IN), [], 99)) == 31


def test_a_pool_that_a_route_covers_is_not_looked_through():
    taken = [ipaddress.ip_network("0.0.0.0/1")]
    assert network_pools.free([{"base": "10.0.0.0/8", "size": 30}], taken, 1) == []
