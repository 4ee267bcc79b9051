"""What an inventory may say of a host, and what the site file's values become by it."""

import pytest

from graphistry_airgap.core.errors import FindingsError, InputError
from graphistry_airgap.installation.adapters.role_specs import role_specs, typed
from graphistry_airgap.installation.fleet import overrides
from graphistry_airgap.installation.fleet.inventory import InventoryHost
from graphistry_airgap.installation.fleet.overrides import Override, overrides_of, with_overrides
from graphistry_airgap.installation.site_file import Site

SITE = {
    "schema": 1,
    "purpose": "server",
    "root": "/var/graphistry",
    "docker": {"data_root": "/var/lib/docker"},
}
PATH = "/etc/graphistry-airgap/inventory.yml"


def of(**variables):
    return overrides_of(InventoryHost("gpu-7", variables=variables), role_specs(), path=PATH)


def test_a_value_takes_its_place_in_the_site_file_and_the_rest_stays():
    found = of(docker_engine_data_root="/srv/docker", graphistry_tls_hostname="gpu-7.example.test")
    site = Site.from_document(with_overrides(SITE, found))
    assert (site.docker.data_root, site.tls.hostname) == ("/srv/docker", "gpu-7.example.test")
    assert site.root == "/var/graphistry"
    assert SITE["docker"]["data_root"] == "/var/lib/docker"


def test_what_is_told_names_both():
    (found,) = of(docker_engine_data_root="/srv/docker")
    assert found == Override("gpu-7", "docker_engine_data_root", "docker.data_root", "/srv/docker")
    assert "over docker.data_root of the site file" in found.told
    assert "/srv/docker" in found.told


def test_what_a_site_has_for_itself_is_not_ours():
    assert of(ntp_servers=["10.0.0.1"], graphistry=1, docker_version="26", site_timeout=3) == []


@pytest.mark.parametrize(
    "name",
    [
        *(
            "airgap_bundle",
            "preflight_bundle",
            "preflight_waive",
            "preflight_digests",
            "offline_repo_digests",
        ),
        *("offline_repo_repositories", "container_images_images", "container_images_layout"),
        *("graphistry_release_files", "graphistry_release_source", "hardening_exceptions_allow"),
        *("graphistry_services_waive_administrator", "docker_engine_state", "docker_engine_packages"),
    ],
)
def test_what_is_trusted_waived_or_signed_is_refused_by_name(name):
    with pytest.raises(InputError, match=name) as refused:
        of(**{name: []})
    assert refused.value.code in {"inventory-variable-refused", "inventory-variable-unknown"}
    assert int(refused.value.exit_code) == 2
    assert refused.value.details["path"] == PATH


def test_every_variable_of_every_role_is_allowed_by_name_or_refused():
    """A role's new variable is refused until somebody has thought about it."""
    allowed = {*overrides.SITE_KEYS}
    names = {name for variables in role_specs().values() for name in variables}
    assert allowed <= names
    for name in names - allowed:
        with pytest.raises(InputError, match="cannot be set"):
            of(**{name: "x"})


def test_a_slip_of_the_pen_is_told_with_the_nearest_name():
    with pytest.raises(InputError, match="docker_engine_dataroot") as refused:
        of(docker_engine_dataroot="/srv/docker")
    assert refused.value.hint.startswith("did you mean docker_engine_data_root?")


@pytest.mark.parametrize(
    "name", ["graphistry_root", "docker_data_root", "graphistry_service_timeout", "nvidia_driver_desire"]
)
def test_a_name_without_a_role_s_prefix_may_be_a_slip_of_the_pen_too(name):
    with pytest.raises(InputError, match=name) as refused:
        of(**{name: "x"})
    assert refused.value.code == "inventory-variable-unknown"


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(FindingsError) as refused:
        of(preflight_waive=["gpu"], docker_engine_dataroot="/x")
    assert len(refused.value.errors) == 2


@pytest.mark.parametrize(
    ("name", "given", "made"),
    [
        ("docker_engine_allow_restart", "true", True),
        ("graphistry_services_timeout", "120", 120),
        (
            "docker_engine_address_pools",
            [{"base": "10.9.0.0/16", "size": 24}],
            [{"base": "10.9.0.0/16", "size": 24}],
        ),
    ],
)
def test_a_text_of_an_ini_file_becomes_what_the_role_takes(name, given, made):
    spec = {key: value for variables in role_specs().values() for key, value in variables.items()}[name]
    assert typed(Override("gpu-7", name, "", given), spec) == made


def test_a_value_of_another_type_is_refused():
    spec = role_specs()["graphistry_services"]["graphistry_services_timeout"]
    with pytest.raises(InputError, match="graphistry_services_timeout") as refused:
        typed(Override("gpu-7", "graphistry_services_timeout", "", "soon"), spec)
    assert refused.value.code == "inventory-value"
