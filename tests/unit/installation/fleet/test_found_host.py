"""A host as it was found: its platform, and whether it sees the bundle that was verified."""

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from graphistry_airgap.bundle.manifest import Platform
from graphistry_airgap.core.errors import HostError, InputError
from graphistry_airgap.installation.fleet.answers import Answers
from graphistry_airgap.installation.fleet.found_host import FoundHost, platform_name, require_own_reboot
from graphistry_airgap.installation.fleet.inventory import THIS_MACHINE, InventoryHost
from graphistry_airgap.installation.site_file import Site


@dataclass(frozen=True)
class SimpleBundle:
    platforms: dict


OPENED = SimpleNamespace(path=Path("/media/b"), sums_sha256="5" * 64, bundle=SimpleNamespace(id="id"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('ID=debian\nVERSION_ID="13"\n', "debian-13"),
        ("ID='debian'\r\nVERSION_ID='13'\r\nNAME=\ufffd\n# a=b\n", "debian-13"),
        ('ID="rhel"\nVERSION_ID="9.4"\n', "rhel-9"),
        ('ID="rocky"\nVERSION_ID="9.6"\n', "rhel-9"),
        ('ID="almalinux"\nVERSION_ID="9"\n', "rhel-9"),
        ('ID="ol"\nVERSION_ID="9.5"\n', "rhel-9"),
        ('ID="rocky"\nVERSION_ID="7.9"\n', "rocky-7.9"),
        ("ID=debian\n", "debian-unknown"),
        ("", "unknown-unknown"),
    ],
)
def test_the_platform_s_name(text, name):
    assert platform_name(text) == name


def test_a_damaged_receipt_is_that_host_s_error():
    said = {"os_release": "", "receipt": "{", "stages_begun": False, "sums_sha256": "", "dgx": ""}
    with pytest.raises(InputError) as caught:
        FoundHost.read(said)
    assert caught.value.code == "receipt-unreadable"


@pytest.mark.parametrize(("sums", "found"), [("", "no bundle at"), ("6" * 64, "another bundle at")])
def test_a_host_must_see_what_was_verified(sums, found):
    host = FoundHost("debian-13", None, False, sums)
    with pytest.raises(HostError, match=found) as caught:
        host.require_medium(OPENED)
    assert "/media/b there" in caught.value.hint
    FoundHost("debian-13", None, False, OPENED.sums_sha256).require_medium(OPENED)


def test_on_dgx_os_neither_docker_nor_the_toolkit_is_the_bundle_s():
    groups = {"python": (), "docker": (), "docker-6.8.0-45-generic": (), "toolkit": (), "driver": ()}
    one = Platform("ubuntu-24.04", "amd64", (), groups, "runtime")
    other = replace(one, name="debian-13")
    held = SimpleBundle({one.name: one, other.name: other})
    assert FoundHost(one.name, None, False, "").part_of(held) is held
    mine = FoundHost(one.name, None, False, "", dgx="7.2.0").part_of(held)
    # what becomes of the driver is decided there, and said
    assert [*mine.platforms[one.name].packages] == ["python", "driver"]
    assert mine.platforms[other.name] is other


def test_only_the_tool_s_own_machine_can_go_on_by_itself_after_a_restart():
    site = Site.from_document({"schema": 1, "purpose": "server", "reboot": "automatic"})
    there = InventoryHost("b", {"ansible_connection": "ssh"})
    require_own_reboot(Answers(site, "site.yml", THIS_MACHINE))
    with pytest.raises(InputError, match="host b"):
        require_own_reboot(Answers(site, "site.yml", there))
