"""`purpose: template` on a fresh host: everything in place, nothing started, no secret made."""

from __future__ import annotations

import json

import pytest

from lab.hosts.prepared_host import RECEIPT, site_file
from tests.kit.hosts.demo_hosts import asked_alone, install, snapshot, tool

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

CONFIG = "/var/graphistry/releases/v2.50.1/data/config"


@pytest.fixture(scope="module")
def template(sealed_host):
    host = sealed_host("template", site=site_file(purpose="template"), password=None)
    rc, envelope = install(host)
    assert rc == 0, json.dumps(envelope, indent=1)
    return host, envelope


def test_nothing_runs_and_nothing_will_at_boot(template):
    host, envelope = template
    assert envelope["data"]["changed"] > 0
    assert "services" not in {stage["stage"] for stage in envelope["data"]["stages"]}
    assert host.require(["docker", "ps", "-aq"]) == ""
    assert host.require(["docker", "volume", "ls", "-q"]) == ""
    assert host.exec(["systemctl", "is-enabled", "graphistry.service"]).rc != 0


def test_no_secret_was_made(template):
    host, _ = template
    lines = host.read(f"{CONFIG}/custom.env").decode().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert settings == {"AIR_GAPPED": "1"}
    assert host.require(["stat", "-c", "%a", f"{CONFIG}/custom.env"]).strip() == "600"


def test_every_image_is_there(template, bundle):
    host, _ = template
    names = sorted(image["name"] for image in json.loads((bundle / "bundle.json").read_bytes())["images"])
    listed = host.require(["docker", "image", "ls", "-a", "--format", "{{.Repository}}:{{.Tag}}"]).split()
    assert sorted(listed) == names


def test_the_receipt_says_what_first_boot_must_do(template):
    host, _ = template
    receipt = json.loads(host.read(RECEIPT))
    assert receipt["purpose"] == "template"
    assert receipt["complete"] is True
    assert receipt["left_for_first_boot"] == ["secrets", "services", "administrator"]


def test_a_plain_container_started_and_the_other_rungs_say_why_they_do_not_apply(template):
    host, envelope = template
    first, *others = envelope["data"]["gpu_rungs"]
    assert (first["rung"], first["outcome"]) == (1, "passed")
    assert {(row["outcome"], row["reason"]) for row in others} == {
        ("skipped", "there is no NVIDIA GPU on the PCI bus")
    }
    assert host.exec(["test", "-e", "/etc/cdi/nvidia.yaml"]).rc != 0


def test_again_changes_nothing(template):
    host, _ = template
    before, receipt = snapshot(host), host.read(RECEIPT)
    rc, envelope = install(host)
    assert (rc, envelope["data"]["changed"]) == (0, 0)
    assert asked_alone(envelope)
    assert snapshot(host) == before
    assert host.read(RECEIPT) == receipt


def test_status_and_verify_agree(template):
    host, _ = template
    rc, status = tool(host, "status")
    assert (rc, status["data"]["services"]) == (0, [])
    assert tool(host, "verify")[0] == 0


def test_nothing_tried_to_leave(template):
    host, _ = template
    assert host.egress().packets == ()
    controls = host.controls()
    assert all(controls.values()), controls
