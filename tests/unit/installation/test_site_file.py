import json
from dataclasses import asdict
from pathlib import Path

import pytest

import graphistry_airgap
from graphistry_airgap.installation.site_file import Site, digest_of

DOCUMENT = {
    "schema": 1,
    "purpose": "server",
    "waive": ["administrator"],
    "docker": {"address_pools": [{"base": "172.30.0.0/16", "size": 24}]},
    "driver": {"install": "always", "modules": "open", "replace": True},
    "reboot": "automatic",
    "vgpu": {"feature_type": 4, "server": {"address": "dls.example.gov", "port": 443}, "licence_timeout": 60},
}


def test_a_site_equals_its_copy_in_a_receipt():
    given = Site.from_document(DOCUMENT).as_dict()
    assert json.loads(json.dumps(given)) == given


# as the tool of before `backup_port` remembered them over a reboot
FORMER_DIGESTS = (
    ({}, "60d12d410d72d4baf77a397feb4814ab9a6f7d0481295d95089540e6f9fab218"),
    (
        {
            "gpu": "auto",
            "waive": ["driver-range"],
            "reboot": "automatic",
            "docker": {"address_pools": [{"base": "10.200.0.0/16", "size": 24}]},
            "hardening": {"allow": ["ip-forward"]},
            "vgpu": {"server": {"address": "licences.example"}},
        },
        "858882640a71fbcd32c945d93ba68d35faeb538d31611a54a6252c18bf55201b",
    ),
)


@pytest.mark.parametrize(("answers", "digest"), FORMER_DIGESTS)
def test_answers_that_a_former_tool_remembered_are_no_others_today(answers, digest):
    assert digest_of(Site.from_document({"schema": 1, "purpose": "server", **answers})) == digest


def test_an_answer_that_it_did_not_know_counts_where_it_says_something():
    servers = [{"address": "a", "backup_address": "b", "backup_port": port} for port in (7070, 7072)]
    of = [Site.from_document({**DOCUMENT, "vgpu": {"server": server}}) for server in servers]
    assert digest_of(of[0]) != digest_of(of[1])


def test_absent_keys_take_the_defaults_of_the_schema():
    schema = json.loads(
        (Path(graphistry_airgap.__file__).parent / "knowledge/schemas/site-v1.json").read_text(
            encoding="utf-8"
        )
    )["properties"]
    site = Site.from_document({"schema": 1, "purpose": "server"})
    assert site.root == schema["root"]["default"]
    assert site.docker.image_store == schema["docker"]["properties"]["image_store"]["default"]
    assert site.docker.data_root == schema["docker"]["properties"]["data_root"]["default"]
    assert site.docker.allow_restart is schema["docker"]["properties"]["allow_restart"]["default"]
    assert site.tls.mode == schema["tls"]["properties"]["mode"]["default"]
    assert site.services_timeout == schema["services"]["properties"]["timeout"]["default"]
    assert site.gpu.as_document() == schema["gpu"]["default"]
    driver = schema["driver"]["properties"]
    assert asdict(site.driver) == {key: driver[key]["default"] for key in ("install", "modules", "replace")}
    assert site.reboot == schema["reboot"]["default"]
    vgpu = schema["vgpu"]["properties"]
    bare = Site.from_document({"schema": 1, "purpose": "server", "vgpu": {"server": {"address": "dls"}}}).vgpu
    assert bare.feature_type == vgpu["feature_type"]["default"]
    assert bare.licence_timeout == vgpu["licence_timeout"]["default"]
    assert bare.server.port == vgpu["server"]["properties"]["port"]["default"]
    assert (site.vgpu, bare.token_file, bare.server.backup_address) == (None, None, None)


@pytest.mark.parametrize(
    ("given", "wanted", "indices", "again"),
    [
        ("none", False, "", "none"),
        ("auto", True, "", "auto"),
        ({}, True, "", "auto"),
        ({"indices": 0}, True, "0", {"indices": "0", "workers": "", "allow_mig": False}),
        (
            {"indices": "0,2", "workers": "2,2,1", "allow_mig": True},
            True,
            "0,2",
            {"indices": "0,2", "workers": "2,2,1", "allow_mig": True},
        ),
    ],
)
def test_the_choice_of_gpus(given, wanted, indices, again):
    site = Site.from_document({"schema": 1, "purpose": "server", "gpu": given})
    assert (site.gpu.wanted, site.gpu.indices) == (wanted, indices)
    assert site.as_dict()["gpu"] == again


def test_a_root_with_a_slash_at_its_end_is_the_same_root():
    site = Site.from_document({"schema": 1, "purpose": "server", "root": "/var/graphistry/"})
    assert site.root == "/var/graphistry"
