"""A site file and an inventory become what one host is to be, judged as a site file is."""

from pathlib import Path

import pytest

from graphistry_airgap.core.errors import InputError
from graphistry_airgap.installation.adapters.role_specs import role_specs, typed
from graphistry_airgap.installation.fleet.answers import ReadAnswers
from graphistry_airgap.installation.fleet.inventory import THIS_MACHINE, InventoryHost
from graphistry_airgap.knowledge.formats import require

SITE = {"schema": 1, "purpose": "server", "gpu": "none"}
HERE = Path("/etc/graphistry-airgap/site.yml")
INVENTORY = Path("/etc/graphistry-airgap/inventory")


def answers(*hosts, inventory=INVENTORY):
    return read(*hosts, inventory=inventory)[0]


def read(*hosts, inventory=INVENTORY):
    reader = ReadAnswers(
        load_site=lambda _: SITE,
        check_site=lambda document, file: require(document, "site-v1", file=file),
        read_inventory=lambda _: list(hosts),
        role_specs=role_specs,
        typed=typed,
    )
    return reader(HERE, inventory)


def host(**variables):
    return InventoryHost("gpu-7", variables=variables)


def test_without_an_inventory_it_is_the_site_file_s_for_this_machine():
    made = answers(inventory=None)
    assert (made.host, made.overrides, made.site.gpu.wanted) == (THIS_MACHINE, (), False)


@pytest.mark.parametrize(
    ("variables", "key", "value"),
    [
        ({"graphistry_config_gpu": "auto"}, "gpu", "auto"),
        ({"graphistry_config_gpu": {"indices": "0,2"}}, "gpu", None),
        ({"nvidia_driver_desired": {"install": "never"}}, "driver", None),
        ({"graphistry_services_timeout": "60"}, "services_timeout", 60),
        ({"docker_engine_allow_restart": "yes"}, "docker", None),
    ],
)
def test_the_host_s_value_is_the_site_s(variables, key, value):
    made = answers(host(**variables))
    plain = answers(inventory=None)
    assert made.site.as_dict()[key] != plain.site.as_dict()[key]
    assert value is None or made.site.as_dict()[key] == value


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"graphistry_tls_mode": "internal"}, "tls.hostname is missing"),
        ({"graphistry_config_gpu": "some"}, "gpu is 'some'"),
        ({"docker_engine_data_root": "relative"}, "docker.data_root"),
    ],
)
def test_what_a_site_file_may_not_say_an_inventory_may_not_either(variables, said):
    with pytest.raises(InputError, match=said) as refused:
        answers(host(**variables))
    assert refused.value.details["file"] == str(INVENTORY)


def test_a_value_is_said_to_be_of_the_file_that_has_it():
    made = answers(host(graphistry_release_root="/srv/product"))
    assert (made.said_in("root"), made.said_in("docker.data_root")) == (str(INVENTORY), str(HERE))


def test_each_host_has_its_own_answers():
    one, other = read(InventoryHost("a", variables={"graphistry_config_gpu": "auto"}), InventoryHost("b"))
    assert [(made.host.name, made.site.gpu.wanted) for made in (one, other)] == [("a", True), ("b", False)]
