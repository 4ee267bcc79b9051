"""Where users reach the product, from what Compose says is published."""

import pytest

from graphistry_airgap.checks import reach

OWN = ["192.0.2.1", "198.51.100.4"]


def caddy(*urls, published=80):
    ports = [{"URL": url, "TargetPort": 80, "PublishedPort": published, "Protocol": "tcp"} for url in urls]
    inner = [{"URL": "", "TargetPort": 2019, "PublishedPort": 0}]
    return [{"Service": "caddy", "Publishers": [*ports, *inner]}, {"Service": "nginx", "Publishers": None}]


def test_a_wildcard_is_every_address_of_the_host_but_loopback():
    bound = reach.bindings(caddy("0.0.0.0", "::"), reach.HTTP)  # noqa: S104 -- nothing is bound
    assert bound == [("0.0.0.0", 80), ("::", 80)]  # noqa: S104
    assert reach.for_users(bound, OWN) == [("192.0.2.1", 80), ("198.51.100.4", 80)]
    assert reach.for_users(bound, []) == []
    assert not reach.only_loopback(bound)


@pytest.mark.parametrize("urls", [["127.0.0.1"], ["127.0.0.1", "::1"]])
def test_loopback_alone_is_nobody_s(urls):
    bound = reach.bindings(caddy(*urls), reach.HTTP)
    assert reach.for_users(bound, OWN) == []
    assert reach.only_loopback(bound)


def test_one_address_alone_and_another_port():
    bound = reach.bindings(caddy("198.51.100.4", published=8080), reach.HTTP)
    assert reach.for_users(bound, OWN) == [("198.51.100.4", 8080)]
    assert reach.url(*bound[0], "/healthz") == "http://198.51.100.4:8080/healthz"


def test_urls_of_both_families():
    assert reach.url("192.0.2.1", 80, "/ht/") == "http://192.0.2.1/ht/"
    assert reach.url("2001:db8::1", 80, "/ht/") == "http://[2001:db8::1]/ht/"


def test_nothing_published_is_not_loopback_alone():
    assert reach.bindings([{"Service": "caddy", "Publishers": []}], reach.HTTP) == []
    assert not reach.only_loopback([])
