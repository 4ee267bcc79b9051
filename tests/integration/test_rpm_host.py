"""A sealed host that identifies as Rocky 9 (a stand-in): the demo's release from a bundle for rhel-9.

Real are dnf, rpm, their database, the repositories' signatures and all that is done with them; what runs
out of the packages are Debian's programs.  Refusals come first, on the host that is installed afterwards.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles.demo import DEMO, SIGNER
from lab.bundles.rpm import RPM
from lab.hosts.prepared_host import SITE_FILE, site_file
from lab.hosts.rpm_host import RPM_IMAGE, make_image
from tests.kit.bundles.bundle_variants import variants_of
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.bundles.openpgp_keys import Keys
from tests.kit.hosts.demo_hosts import asked_alone, demo_host, install, snapshot, tool
from tests.kit.hosts.platform_hosts import restart_as_row
from tests.kit.matrix import platform_step

if TYPE_CHECKING:
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

PLATFORM = "rhel-9"
BUNDLE = RPM / "bundle"
STATE = "/var/lib/graphistry-airgap"
WELL = {"exit": 0, "services": 15, "healthy": 15, "egress": 0}
PACKAGES = "rpm -qa --qf '%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}\\n' | LC_ALL=C sort"
DNF = "find /etc/yum.repos.d /etc/dnf /var/lib/dnf /var/cache/dnf -printf '%p %T@ %s\\n' | LC_ALL=C sort"
LOCK_LIST = "/etc/dnf/plugins/versionlock.list"
COMPOSE = "docker-compose-plugin"


@dataclass
class RpmHost:
    host: SealedHost
    before: dict[str, Any] = field(default_factory=dict)

    def sh(self, script: str) -> str:
        return self.host.require(["sh", "-c", script], timeout=120)

    def state(self) -> dict[str, Any]:
        """All that an installer could change, and what dnf's own places hold."""
        own = (
            "find /opt -mindepth 1 -maxdepth 3; ls /var/lib/graphistry-airgap 2>/dev/null | grep -vx log || :"
        )
        state = {"packages": self.sh(PACKAGES), "dnf": self.sh(DNF), "own": self.sh(own)}
        return snapshot(self.host) | state

    def install(self, bundle: str = "bundle", *, timeout: int = 600) -> tuple[int, dict[str, Any]]:
        return install(self.host, medium=f"/media/{bundle}", timeout=timeout)

    def refused(self, bundle: str = "bundle") -> tuple[int, list[str]]:
        """Exit status and codes of an installation that left the host as it was."""
        before = self.state()
        status, envelope = self.install(bundle)
        assert self.state() == before
        assert all(error["hint"] for error in envelope["errors"])
        return status, [error["code"] for error in envelope["errors"]]


def package(name: str) -> str:
    """Path in the bundle of the package whose file's name begins so."""
    found = BUNDLE.joinpath("packages", PLATFORM).rglob(f"{name}-[0-9]*.rpm")
    return next(found).relative_to(BUNDLE).as_posix()


@pytest.fixture(scope="module")
def media(keys):
    """The bundle, and spoiled copies that the demo's own key has signed: only dnf and rpm can notice."""
    made_bundle(RPM, "`python -m lab.bundles.rpm`")
    demo = Keys(DEMO / "gnupg")
    python, compose = package("python3.12"), package(COMPOSE)
    with variants_of(BUNDLE, DEMO.parent / "tests" / "rpm-host") as made:
        made.add("flipped").flip(python)
        for name, path in {"unsigned": python, "unsigned-later": compose}.items():
            variant = made.add(name)
            variant.write(path, variant.read(path))
            subprocess.run(["rpmsign", "--delsign", variant.path / path], check=True, capture_output=True)
            variant.relist(path)
            variant.sign(demo, SIGNER)
        for name, path in {"lacking": python, "lacking-later": compose}.items():
            variant = made.add(name)
            variant.remove(path)
            variant.relist(path)
            variant.sign(demo, SIGNER)
        stranger = made.add("stranger")
        paths = [path.relative_to(BUNDLE).as_posix() for path in BUNDLE.glob(f"packages/{PLATFORM}/keys/*")]
        for path in paths:
            stranger.write(path, keys.public("stranger", armored=True))
        stranger.relist(*paths)
        stranger.sign(demo, SIGNER)
        yield made.root


@pytest.fixture(scope="module")
def bare(media: Path):
    make_image()
    keyring = RPM / "trusted.gpg"
    with demo_host("rpm-host", bundle=media, keyring=keyring, medium="/media", image=RPM_IMAGE) as host:
        yield RpmHost(host)


@pytest.fixture(scope="module")
def with_tool(bare):
    """The host once Python and the tool are on it: from here on the tool itself refuses."""
    bare.before = bare.state()
    bare.host.put(site_file().replace("purpose:", "porpose:").encode(), SITE_FILE)
    status, envelope = bare.install()
    bare.host.put(site_file().encode(), SITE_FILE)
    assert status == 2, json.dumps(envelope, indent=1)
    return bare


@pytest.fixture(scope="module")
def installed(with_tool):
    with platform_step(PLATFORM, "install", stand_in=True, expected=WELL) as row:
        status, envelope = with_tool.install(timeout=900)
        listed = with_tool.host.exec(
            ["sh", "-c", "docker ps -q | xargs docker inspect -f '{{.State.Health.Status}}'"]
        )
        states = listed.stdout.split()
        row.got = {
            "exit": status,
            "services": len(states),
            "healthy": states.count("healthy"),
            "egress": len(with_tool.host.egress().packets),
        }
    assert row.ok, json.dumps(envelope, indent=1)
    return with_tool


def test_the_host_is_what_it_stands_in_for(bare):
    assert 'ID="rocky"' in bare.sh("cat /etc/os-release")
    assert "docker" not in bare.sh(PACKAGES)
    assert bare.sh("command -v dpkg python3.12 docker || echo none") == "none\n"


@pytest.mark.parametrize(
    ("bundle", "code"),
    [
        ("flipped", "checksum-mismatch"),
        ("unsigned", "package-signature"),
        ("lacking", "bundle-inconsistent"),
        ("stranger", "packages-unreadable"),
    ],
)
def test_install_sh_refuses_packages_that_nobody_vouches_for(bare, bundle, code):
    assert bare.refused(bundle) == (4, [code])


@pytest.mark.parametrize(
    ("bundle", "answer"),
    [
        ("unsigned-later", (4, ["bundle-package-signature"])),
        ("lacking-later", (3, ["package-file-missing"])),
    ],
)
def test_preflight_refuses_them_before_any_change(with_tool, bundle, answer):
    assert with_tool.refused(bundle) == answer


def test_what_the_site_s_dnf_holds_back_is_a_finding(with_tool):
    with_tool.host.put(f"{COMPOSE}-0:1.0-1.el9.*\n".encode(), LOCK_LIST)
    assert with_tool.refused() == (3, ["package-held"])
    with_tool.sh(f"rm {LOCK_LIST}")


def test_the_release_runs_and_nothing_tried_to_leave(installed):
    assert installed.host.egress().packets == ()
    controls = installed.host.controls()
    assert set(controls) == {"address", "name", "container"}
    assert all(controls.values()), controls


def test_the_second_installation_changes_nothing(installed):
    before = installed.state()
    with platform_step(PLATFORM, "second-run", stand_in=True, expected={"exit": 0, "changed": 0}) as row:
        status, envelope = installed.install()
        row.got = {"exit": status, "changed": envelope["data"].get("changed")}
    row.require()
    assert asked_alone(envelope)
    assert installed.state() == before


def test_nothing_of_dnf_s_own_places_was_touched(installed):
    def without_times(listing: str) -> list[str]:
        # the test itself put a list of locks there and took it away
        return [line for line in listing.splitlines() if not line.startswith("/etc/dnf/plugins ")]

    assert without_times(installed.state()["dnf"]) == without_times(installed.before["dnf"])


def test_the_tool_runs_on_the_bundle_s_python(installed):
    assert installed.sh("ls /opt/graphistry-airgap/runtimes/*/lib").split() == ["python3.12"]


def test_the_bundle_s_keys_are_in_the_package_database_and_in_the_receipt(installed):
    present = installed.sh("rpm -q gpg-pubkey").split()
    receipt = json.loads(installed.host.read(f"{STATE}/receipt.json"))
    assert present
    assert sorted(key["name"] for key in receipt["added_keys"]) == sorted(present)
    assert all(key["owner"] for key in receipt["added_keys"])
    taken = {row["name"] for row in receipt["packages"]}
    assert {"python3.12", "docker-ce", "container-selinux", "nvidia-container-toolkit"} <= taken


def test_no_weak_dependency_was_brought(installed):
    assert "docker-buildx-plugin" not in installed.sh(PACKAGES)


def test_status_agrees(installed):
    status, envelope = tool(installed.host, "status")
    assert status == 0
    assert {row["health"] for row in envelope["data"]["services"]} == {"healthy"}


def test_a_package_that_is_gone_comes_back_and_nothing_else_changes(installed):
    installed.sh(f"rpm -e --justdb --nodeps {COMPOSE}")
    status, envelope = installed.install()
    assert status == 0, json.dumps(envelope, indent=1)
    assert envelope["data"]["changed"] == 1
    assert COMPOSE in installed.sh(PACKAGES)


@pytest.mark.long
def test_it_comes_back_after_a_restart(installed):
    restart_as_row(PLATFORM, installed.host)
