"""A vGPU guest from its bare virtual device to a licence, and a template that carries nothing of one.

There is no GPU and no licence server: the device on the PCI bus, the guest driver, nvidia-smi and the servers
are the lab's stand-ins.  What they do not show: that NVIDIA's own driver builds, that a real server agrees.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.hosts.prepared_host import MEDIUM, RECEIPT, SITE_FILE, site_file
from lab.stand_ins import guest_driver, nvidia_smi
from tests.kit.bundles.bundle_variants import variants_of
from tests.kit.bundles.openpgp_keys import Keys
from tests.kit.fakes import smi_answers, vgpu_guest
from tests.kit.faults.host_faults import site
from tests.kit.hosts.demo_hosts import asked_alone, demo_host, install, snapshot, tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost
    from tests.kit.bundles.bundle_variants import Variants

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

DEMO_SIGNER = "graphistry-airgap demo <demo@example.invalid>"
PLATFORM = "debian-13"
SOURCE = "/etc/graphistry-airgap/client.tok"
CONF = "/etc/nvidia/gridd.conf"
TOKEN = "/etc/nvidia/ClientConfigToken/client_configuration_token.tok"
SERVER = "dls.example"
VGPU = f"{site_file()}gpu: auto\nvgpu: {{token_file: {SOURCE}, licence_timeout: 10}}\n"
GOOD = vgpu_guest.token(SERVER)
CARRIED = vgpu_guest.token("carried.example")
# where a token may be: the operator's own file, the medium, and its place
KNOWN = {SOURCE, TOKEN}


@pytest.fixture(scope="module")
def bundles(bundle: Path, keyring: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Variants]:
    """`deb` brings the guest driver as a package; `run` as NVIDIA's installer, and a token."""
    drivers = tmp_path_factory.mktemp("guest-driver")
    guest_driver.make_drivers(drivers)
    with variants_of(bundle, bundle.parents[1] / "tests" / "vgpu") as made:
        for name, file, token in (("deb", guest_driver.DEB, b""), ("run", guest_driver.RUN, CARRIED)):
            variant, folder = made.add(name), f"vgpu/{PLATFORM}"
            (variant.path / folder).mkdir(parents=True)
            variant.write(f"{folder}/{file}", (drivers / file).read_bytes())
            driver = {"path": f"{folder}/{file}", "kind": name, "version": guest_driver.VERSION}
            manifest = json.loads(variant.read("bundle.json"))
            manifest["platforms"][PLATFORM]["vgpu"] = {"driver": driver}
            if token:
                path = f"{folder}/client_configuration_token.tok"
                variant.write(path, token)
                manifest["platforms"][PLATFORM]["vgpu"]["token"] = {"path": path}
            variant.write("bundle.json", json.dumps(manifest).encode())
            variant.relist(*(f"{folder}/{one.name}" for one in (variant.path / folder).iterdir()))
            variant.sign(Keys(keyring.parent / "gnupg"), DEMO_SIGNER)
        yield made


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The PCI bus that the host sees; what is written into it is there at once."""
    return tmp_path_factory.mktemp("pci")


@pytest.fixture(scope="module")
def host(bundles: Variants, keyring: Path, device: Path) -> Iterator[SealedHost]:
    """A guest whose driver, once it is installed, will answer as an unlicensed vGPU."""
    mounts = [vgpu_guest.make_device(device)]
    with demo_host("vgpu", bundle=bundles.root / "deb", keyring=keyring, site=VGPU, mounts=mounts) as made:
        guest_driver.put_headers(made)
        capture = smi_answers.answer(
            smi_answers.vgpu(licence="Unlicensed (Unrestricted)"), driver=guest_driver.VERSION
        )
        made.put(capture, f"{nvidia_smi.FOLDER}/capture.xml")
        made.put(GOOD, SOURCE, mode=0o600)
        yield made


@pytest.fixture(scope="module")
def refused(host: SealedHost) -> tuple[int, dict[str, Any], dict[str, list[str]], dict[str, list[str]]]:
    """The first installation, with a token that has expired."""
    host.put(vgpu_guest.token(SERVER, days=-1), SOURCE, mode=0o600)
    before = snapshot(host)
    rc, envelope = install(host)
    host.put(GOOD, SOURCE, mode=0o600)
    return rc, envelope, before, snapshot(host)


@pytest.fixture(scope="module")
def unreachable(host: SealedHost, refused: object) -> tuple[int, dict[str, Any]]:
    return install(host)


@pytest.fixture(scope="module")
def installed(host: SealedHost, unreachable: object) -> dict[str, Any]:
    """The same again once the server answers, with a line of the operator's in gridd.conf."""
    host.put(host.read(CONF) + b"EnableUI=TRUE\r\n", CONF)
    guest_driver.put_servers(host, [SERVER], seconds=2)
    host.put(VGPU.replace("licence_timeout: 10", "licence_timeout: 120").encode(), SITE_FILE)
    rc, envelope = install(host)
    assert rc == 0, json.dumps(envelope, indent=1)
    return envelope


def codes(envelope: dict[str, Any]) -> list[str]:
    return [error["code"] for error in envelope["errors"]]


def holding(host: SealedHost, value: bytes) -> set[str]:
    """Every file of the host's own that holds this value, images and all."""
    command = [
        "grep",
        "-rlaF",
        "--exclude-dir=proc",
        "--exclude-dir=sys",
        "--exclude-dir=media",
        "-f",
        "-",
        "/",
    ]
    found = host.exec(command, stdin=value + b"\n", timeout=900)
    assert found.rc not in (124, 137), "the search was ended before its end"
    return set(found.stdout.split())


def test_an_expired_token_is_refused_with_its_date_before_any_change(refused):
    rc, envelope, before, after = refused
    assert (rc, codes(envelope)) == (3, ["vgpu-token-expired"])
    assert "expired on 20" in envelope["errors"][0]["message"]
    assert {key: after[key] for key in ("docker", "releases")} == {
        key: before[key] for key in ("docker", "releases")
    }
    assert not [line for line in after["etc"] if "/etc/nvidia" in line]


@pytest.mark.parametrize(
    ("token", "mode", "code"),
    [
        (GOOD, 0o644, "vgpu-token-exposed"),
        (GOOD, 0o640, "vgpu-token-exposed"),
        (vgpu_guest.token(SERVER, since=2), 0o600, "vgpu-token-not-yet-valid"),
        (b"<html>Sign in</html>", 0o600, "vgpu-token-unreadable"),
    ],
    # a token has the time in it, and a test has one name in all workers
    ids=["read-by-all", "read-by-its-group", "not-yet-valid", "no-token"],
)
def test_a_token_that_will_not_do_is_refused(host, refused, token, mode, code):
    before = snapshot(host)
    host.put(token, SOURCE, mode=mode)
    rc, envelope = tool(host, "preflight", "--bundle", MEDIUM)
    host.put(GOOD, SOURCE, mode=0o600)
    assert (rc, codes(envelope)) == (3, [code])
    assert envelope["errors"][0]["path"] == SOURCE
    assert GOOD.decode() not in json.dumps(envelope)
    assert snapshot(host) == before


def test_a_token_of_another_server_is_refused(host, refused):
    with site(host, VGPU.replace("{token", "{server: {address: other.example}, token")):
        rc, envelope = tool(host, "preflight", "--bundle", MEDIUM)
    assert (rc, codes(envelope)) == (3, ["vgpu-token-server"])
    assert SERVER in envelope["errors"][0]["message"]


def test_without_token_and_server_there_is_no_licence_to_be_had(host, refused):
    with site(host, f"{site_file()}gpu: auto\nvgpu: {{}}\n"):
        rc, envelope = tool(host, "preflight", "--bundle", MEDIUM)
    assert (rc, codes(envelope)) == (3, ["vgpu-no-licence-source"])


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"vgpu": False}, "vgpu-not-a-guest"),
        ({"version": "550.54.16"}, "vgpu-pair"),
    ],
)
def test_what_the_device_says_is_judged(host, refused, device, changed, code):
    vgpu_guest.make_device(device, **changed)
    rc, envelope = tool(host, "preflight", "--bundle", MEDIUM)
    vgpu_guest.make_device(device)
    assert (rc, codes(envelope)) == (3, [code])


def test_without_headers_of_the_running_kernel_nothing_is_begun(host, refused):
    host.require(["sh", "-c", "mv /lib/modules /lib/modules.away"])
    rc, envelope = tool(host, "preflight", "--bundle", MEDIUM)
    host.require(["sh", "-c", "mv /lib/modules.away /lib/modules"])
    assert (rc, codes(envelope)) == (3, ["vgpu-headers-missing"])


def test_a_guest_before_its_first_licence_is_not_refused(host, refused):
    rc, envelope = tool(host, "preflight", "--bundle", MEDIUM)
    assert rc == 0, json.dumps(envelope, indent=1)


def test_a_server_that_cannot_be_reached_ends_the_stage_with_its_name_and_the_client_s_words(
    host, unreachable
):
    rc, envelope = unreachable
    assert (rc, codes(envelope)) == (1, ["vgpu-unlicensed"])
    (error,) = envelope["errors"]
    assert error["stage"] == "driver"
    assert SERVER in error["message"]
    assert f"Failed to acquire license from {SERVER}" in error["log"]
    assert host.exec(["pgrep", "dockerd"]).rc != 0
    assert json.loads(host.read(RECEIPT))["vgpu"]["licence"] == "not acquired"


def test_the_licence_is_there(host, installed):
    assert b"<license_status>Licensed" in host.read(f"{nvidia_smi.FOLDER}/capture.xml")
    assert json.loads(host.read(RECEIPT))["vgpu"] == {
        "feature_type": "2",
        "token": "present",
        "licence": "acquired",
    }


def test_the_client_reads_class_and_token_and_the_operator_s_line_stays(host, installed):
    text = host.read(CONF)
    assert b"\nFeatureType=2\n" in text
    assert text.endswith(b"EnableUI=TRUE\r\n")
    assert b"\nServerAddress=\n" in text
    assert host.read(TOKEN) == GOOD
    assert host.require(["stat", "-c", "%a %U", TOKEN]).split() == ["744", "root"]


def test_the_client_starts_after_the_network(host, installed):
    shown = host.require(["systemctl", "show", "-p", "After,Wants,UnitFileState", "nvidia-gridd"])
    assert shown.count("network-online.target") == 2
    assert "UnitFileState=enabled" in shown


def test_the_token_is_nowhere_else(host, installed):
    assert holding(host, GOOD) == KNOWN


def test_a_second_installation_changes_nothing(host, installed):
    before, receipt = snapshot(host), host.read(RECEIPT)
    rc, envelope = install(host)
    assert (rc, envelope["data"]["changed"]) == (0, 0), json.dumps(envelope, indent=1)
    assert asked_alone(envelope)
    assert (snapshot(host), host.read(RECEIPT)) == (before, receipt)


def test_nothing_tried_to_leave(host, installed):
    assert host.egress().packets == ()


@pytest.fixture(scope="module")
def template(bundles: Variants, keyring: Path) -> Iterator[SealedHost]:
    text = site_file(purpose="template") + "vgpu: {}\n"
    with demo_host(
        "vgpu-template", bundle=bundles.root / "run", keyring=keyring, site=text, password=None
    ) as made:
        guest_driver.put_headers(made)
        made.require(["sh", "-c", "touch /usr/local/bin/gcc /usr/local/bin/make"])
        yield made


def test_a_template_with_a_token_in_it_is_refused(template):
    template.put(GOOD, TOKEN, mode=0o744)
    rc, envelope = install(template)
    template.require(["rm", "-r", "/etc/nvidia"])
    assert (rc, codes(envelope)) == (3, ["vgpu-token-in-template"])


def test_a_template_gets_the_driver_and_nothing_of_a_licence(template):
    rc, envelope = install(template)
    assert rc == 0, json.dumps(envelope, indent=1)
    assert (
        template.require(["readlink", "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1"])
        .strip()
        .endswith(guest_driver.VERSION)
    )
    assert holding(template, CARRIED) == set()
    assert holding(template, b"carried.example") == set()
    assert template.exec(["ls", CONF, "/etc/nvidia/ClientConfigToken"]).stdout == ""
    assert "licence" in json.loads(template.read(RECEIPT))["left_for_first_boot"]


def test_of_the_driver_s_installer_only_its_log_stays_in_the_template(template):
    assert b"now complete" in template.read("/var/log/nvidia-installer.log")
    assert template.exec(["ls", "-d", "/var/lib/graphistry-airgap/guest-driver"]).rc != 0


def test_again_changes_nothing_in_the_template(template):
    rc, envelope = install(template)
    assert (rc, envelope["data"]["changed"]) == (0, 0), json.dumps(envelope, indent=1)
    assert asked_alone(envelope)


def test_nothing_tried_to_leave_the_template(template):
    assert template.egress().packets == ()
