"""A hardened host, with apt and with dnf: installed from a noexec share, rebooted; then fapolicyd enforcing.

The scanner and fapolicyd are on the host with apt alone. What of the hardening is real and what is a
stand-in says `lab/hosts/hardened_host.py`.
"""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab.hosts.hardened_host import OPERATOR
from lab.hosts.prepared_host import INSTALLED_TOOL, KEYRING, RECEIPT
from tests.kit.bundles.bundle_variants import Variant
from tests.kit.faults.host_faults import wait_until
from tests.kit.hosts.demo_hosts import asked_alone
from tests.kit.hosts.hardened_hosts import DEBIAN, HEALTHY, ROCKY, Hardened, hardened_host
from tests.kit.hosts.lynis_report import identifier, scan
from tests.kit.matrix import platform_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.bundles.openpgp_keys import Keys

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "hardened.md"
OURS = "/etc/sysctl.d/zz-graphistry-airgap.conf"
LATER = "/etc/sysctl.d/zz-hardening.conf"
TRUST = "/etc/fapolicyd/trust.d/graphistry-airgap"
ALLOWED = "/etc/graphistry-airgap/allow.fapolicyd-trust"
PROGRAM = "/opt/graphistry-airgap"
FORWARDING = "hardening: {allow: [ip-forward]}\n"
BOTH = "hardening: {allow: [ip-forward, fapolicyd-trust]}\n"
REFUSES = "! /root/unknown"
REQUIREMENTS = "runtime/debian-13/requirements.txt"
DNF_STATE = "/var/lib/graphistry-airgap/dnf"

with_apt = pytest.mark.parametrize("installed", [DEBIAN], indirect=True, ids=str)
with_dnf = pytest.mark.parametrize("installed", [ROCKY], indirect=True, ids=str)


@pytest.fixture(scope="module", params=[DEBIAN, pytest.param(ROCKY, marks=pytest.mark.long)], ids=str)
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hardened]:
    """Scanned where there is apt, refused without its exception, then installed with it."""
    system = request.param
    with hardened_host(system, tmp_path_factory.mktemp("share") / "bundle") as hardened:
        if system is DEBIAN:
            hardened.before = scan(hardened.host)
        rc, hardened.refused = hardened.install()
        assert rc == 3, json.dumps(hardened.refused, indent=1)
        hardened.say(FORWARDING)
        with platform_step(
            system.platform, "install", stand_in=system.stand_in, expected=HEALTHY, variant="hardened"
        ) as row:
            rc, hardened.envelope = hardened.install()
            assert rc == 0, json.dumps(hardened.envelope, indent=1)
            row.got = hardened.health()
        row.require()
        yield hardened


@pytest.fixture(scope="module")
def again(installed: Hardened) -> dict[str, Any]:
    system = installed.system
    with platform_step(
        system.platform, "second-run", stand_in=system.stand_in, expected=0, variant="hardened"
    ) as row:
        rc, envelope = installed.install()
        assert rc == 0, json.dumps(envelope, indent=1)
        row.got = envelope["data"]["changed"]
    return envelope


@pytest.fixture(scope="module")
def rebooted(installed: Hardened, again: dict[str, Any]) -> Hardened:
    system = installed.system
    expected = f"{HEALTHY}, forwarding 1"
    with platform_step(
        system.platform, "hardened-reboot", stand_in=system.stand_in, expected=expected
    ) as row:
        installed.host.restart()
        wait_until(installed.host, f"{INSTALLED_TOOL} verify --quiet", seconds=300)
        row.got = f"{installed.health()}, forwarding {installed.sh('sysctl -n net.ipv4.ip_forward')}"
    row.require()
    return installed


# ---- the hardening holds, or the rest would prove nothing --------------------------------------------------


def test_the_host_is_hardened(installed: Hardened) -> None:
    for place_ in ("/tmp", "/var/tmp", "/dev/shm", "/media/bundle"):
        options = installed.sh(f"findmnt -no OPTIONS {place_}").split(",")
        assert {"noexec", "nosuid", "nodev"} <= set(options), place_
    assert installed.rc("cp /usr/bin/true /tmp/t && /tmp/t") == 126
    assert installed.sh(f"su - {OPERATOR} -c umask") == "0077"
    assert installed.sh("find /media/bundle -type f -perm /111") == ""
    assert "No space left" in installed.host.exec(["unshare", "-U", "true"]).stderr
    assert "must have a tty" in installed.host.exec(["su", "-", OPERATOR, "-c", "sudo -n true"]).stderr


def test_md5_is_out_of_reach_of_the_tool_and_of_modules(installed: Hardened) -> None:
    """OpenSSL's own FIPS provider is in force, for both Pythons alike."""
    own = f"$(dirname $(readlink -f {INSTALLED_TOOL}))/python"
    for python in (own, "/usr/bin/python3"):
        for name, rc in (("md5", 1), ("sha256", 0)):
            assert installed.rc(f"{python} -I -c 'import hashlib; hashlib.{name}()'") == rc, (python, name)
    assert installed.rc("openssl dgst -md5 /etc/fstab") == 1


# ---- the exception -----------------------------------------------------------------------------------------


def test_without_the_exception_preflight_names_it(installed: Hardened) -> None:
    (error,) = installed.refused["errors"]
    assert error["code"] == "ip-forward"
    assert error["stig"] == "RHEL-09-253075"
    assert error["path"] == "/etc/sysctl.d/60-hardening.conf"
    assert "hardening: {allow: [ip-forward]}" in error["hint"]
    assert error["stig"] in GUIDE.read_text(encoding="utf-8")


def test_the_receipt_lists_the_exception(installed: Hardened) -> None:
    (row,) = installed.receipt()["exceptions"]
    assert (row["name"], row["path"]) == ("ip-forward", OURS)
    assert installed.sh(f"sha256sum {OURS}").split()[0] == row["sha256"]


def test_a_file_that_a_boot_reads_after_the_exception_is_refused(installed: Hardened) -> None:
    """systemd itself shows that it would count; nothing is changed until it is out of the way."""
    load, ask = "systemctl restart systemd-sysctl", "sysctl -n net.ipv4.ip_forward"
    installed.host.put(b"net.ipv4.ip_forward = 0\n", LATER)
    before = installed.receipt()
    off = installed.sh(f"{load}; {ask}")
    rc, answer = installed.install()
    on = installed.sh(f"rm {LATER}; {load}; {ask}")
    (error,) = answer["errors"]
    assert (rc, error["code"], error["path"]) == (3, "ip-forward-overridden", LATER)
    assert f"mv {LATER} " in error["hint"]
    assert (off, on) == ("0", "1")
    assert installed.receipt() == before


def test_what_is_written_has_the_modes_it_needs_under_umask_077(installed: Hardened) -> None:
    assert installed.sh(f"find {PROGRAM} ! -type l ! -perm -444") == ""
    assert installed.sh(f"find {PROGRAM} -type d ! -perm -555") == ""
    assert installed.sh(f"find {PROGRAM} /etc/docker /etc/systemd/system ! -type l -perm /022") == ""
    for path, mode in {
        OURS: 0o644,
        "/etc/docker/daemon.json": 0o644,
        "/etc/systemd/system/graphistry.service": 0o644,
        "/var/lib/graphistry-airgap": 0o700,
        RECEIPT: 0o600,
        "/var/graphistry/releases/v2.50.1": 0o755,
        "/var/graphistry/releases/v2.50.1/data/config/custom.env": 0o600,
    }.items():
        assert stat.S_IMODE(int(installed.sh(f"stat -c %a {path}"), 8)) == mode, path


def test_the_second_run_changes_nothing(again: dict[str, Any]) -> None:
    assert again["data"]["changed"] == 0
    assert asked_alone(again)


def test_the_services_come_back_after_a_reboot(rebooted: Hardened) -> None:
    assert rebooted.health() == HEALTHY


def test_forwarding_outlives_whoever_loads_the_hosts_settings_again(rebooted: Hardened) -> None:
    load, ask = "systemctl restart systemd-sysctl", "sysctl -n net.ipv4.ip_forward"
    assert rebooted.sh(f"{load}; {ask}") == "1"
    assert rebooted.sh(f"mv {OURS} /root/ours; {load}; {ask}; mv /root/ours {OURS}; {load}; {ask}") == "0\n1"


# ---- dnf ---------------------------------------------------------------------------------------------------


@with_dnf
def test_the_host_s_own_settings_of_dnf_are_the_stig_s_and_stay(installed: Hardened) -> None:
    settings = installed.sh("cat /etc/dnf/dnf.conf").splitlines()
    assert {"gpgcheck=1", "localpkg_gpgcheck=1", "repo_gpgcheck=1"} <= set(settings)
    assert "clean_requirements_on_remove=True" in settings
    assert installed.sh("find /etc/dnf /etc/yum.repos.d -newer /etc/graphistry-airgap/trusted.gpg") == ""


@with_dnf
def test_what_rpm_holds_is_readable_and_what_dnf_holds_of_ours_is_not(installed: Hardened) -> None:
    installed.sh(f"su - {OPERATOR} -c 'rpm -q docker-ce python3.12'")
    keys = installed.sh(f"su - {OPERATOR} -c 'rpm -q gpg-pubkey'").split()
    assert sorted(key["name"] for key in installed.receipt()["added_keys"]) == sorted(keys)
    assert installed.sh(f"stat -c %a {DNF_STATE}") == "700"
    assert installed.sh("rpm -Va --nodeps") == ""


@with_dnf
def test_what_the_site_removes_takes_nothing_of_the_bundle_with_it(installed: Hardened) -> None:
    """`clean_requirements_on_remove` means what dnf itself brought as a dependency, and ours it did not."""
    said = installed.sh("unshare --net dnf --assumeno remove docker-ce 2>&1 || :")
    assert "Removing:\n docker-ce " in said
    assert "unused dependencies" not in said


# ---- the scanner -------------------------------------------------------------------------------------------


@with_apt
def test_the_scanner_finds_nothing_of_ours_that_the_guide_does_not_name(rebooted: Hardened) -> None:
    new = {identifier(finding) for finding in scan(rebooted.host) - rebooted.before}
    guide = GUIDE.read_text(encoding="utf-8")
    assert len(rebooted.before) > 20
    assert sorted(name for name in new if f"`{name}`" not in guide) == []


def test_nothing_tried_to_leave(rebooted: Hardened) -> None:
    """Neither installation nor scanner; over both boots."""
    assert rebooted.host.egress().packets == ()
    controls = rebooted.host.controls()
    assert all(controls.values()), controls


# ---- fapolicyd enforces ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def enforced(rebooted: Hardened) -> Iterator[Hardened]:
    """fapolicyd knows the packages' files and refuses every other program.

    It is told what the host's Python compiled: the stand-in for NVIDIA's runtime (which is no Python) starts
    with each health check, and this fapolicyd keeps each file open whose refusal it audits.
    """
    rebooted.sh("fapolicyd-cli --file add /usr/lib/python3.13/ --trust-file python")
    rebooted.sh("cp /usr/bin/true /root/unknown; systemctl enable --now fapolicyd")
    wait_until(rebooted.host, REFUSES, seconds=120)
    yield rebooted
    rebooted.sh("systemctl disable --now fapolicyd")


@pytest.mark.long
@with_apt
def test_fapolicyd_refuses_the_tool_until_the_host_allows_it(enforced: Hardened) -> None:
    assert enforced.rc(f"{INSTALLED_TOOL} status") == 126
    rc, refused = enforced.install()
    (error,) = refused["errors"]
    assert (rc, error["code"]) == (3, "fapolicyd-trust")
    assert "RHEL-09-433016" in error["message"]
    assert f"touch {ALLOWED}" in error["hint"]
    assert enforced.rc(f"test -e {TRUST}") == 1

    # as a host has it whose site file is older than that file
    enforced.say(BOTH)
    rc, refused = enforced.install()
    assert (rc, refused["errors"][0]["code"]) == (3, "fapolicyd-trust")
    enforced.sh(f"touch {ALLOWED}")
    rc, envelope = enforced.install()
    assert rc == 0, json.dumps(envelope, indent=1)
    assert enforced.health() == HEALTHY
    infos = {row["code"]: row for row in envelope["data"]["findings"] if row["severity"] == "info"}
    assert infos["fapolicyd-trust"]["stig"] == "RHEL-09-433016"


@pytest.mark.long
@with_apt
def test_only_the_tools_own_directory_is_trusted(enforced: Hardened) -> None:
    entries = [line for line in enforced.sh(f"cat {TRUST}").splitlines() if line and not line.startswith("#")]
    assert entries
    assert [line for line in entries if not line.startswith(f"{PROGRAM}/runtimes/")] == []
    assert enforced.sh(f"stat -c %a {TRUST}") == "644"
    assert enforced.rc("/root/unknown") == 126
    names = [row["name"] for row in enforced.receipt()["exceptions"]]
    assert names == ["ip-forward", "fapolicyd-trust"]


@pytest.mark.long
@with_apt
def test_a_new_environment_is_trusted_beside_the_one_before_it(enforced: Hardened, keys: Keys) -> None:
    """Another bundle brings other wheels, and its environment is made while fapolicyd enforces."""
    update = Variant(enforced.share)
    update.write(REQUIREMENTS, update.read(REQUIREMENTS) + b"# as an update has them\n")
    update.relist(REQUIREMENTS)
    update.sign(keys, "signer")
    enforced.host.put(keys.public("signer"), KEYRING)
    before = enforced.sh(f"readlink -f {INSTALLED_TOOL}")
    rc, envelope = enforced.install()
    assert rc == 0, json.dumps(envelope, indent=1)
    after = enforced.sh(f"readlink -f {INSTALLED_TOOL}")
    assert before != after
    assert [enforced.rc(f"{tool} --help") for tool in (before, after)] == [0, 0]


@pytest.mark.long
@with_apt
def test_it_holds_across_a_reboot_and_a_second_run_changes_nothing(enforced: Hardened) -> None:
    with platform_step("debian-13", "second-run", stand_in=False, expected=0, variant="fapolicyd") as row:
        enforced.host.restart()
        wait_until(enforced.host, f"{INSTALLED_TOOL} verify --quiet", seconds=300)
        assert enforced.rc("/root/unknown") == 126
        assert enforced.health() == HEALTHY
        held = open_files(enforced)
        rc, envelope = enforced.install()
        assert rc == 0, json.dumps(envelope, indent=1)
        row.got = envelope["data"]["changed"]
    row.require()
    assert open_files(enforced) - held < 100, "each refusal stays open, and they add up"


@pytest.mark.long
@with_apt
def test_what_is_not_allowed_any_more_is_taken_back(enforced: Hardened) -> None:
    """Withdrawn in one place alone it is not: then the tool, which still runs, says what to write."""
    enforced.say(FORWARDING)
    rc, refused = enforced.install()
    (error,) = refused["errors"]
    assert (rc, error["code"]) == (2, "allow-differs")
    assert f"rm {ALLOWED}" in error["hint"]
    enforced.sh(f"rm {ALLOWED}")
    rc, refused = enforced.install()
    (error,) = refused["errors"]
    assert (rc, error["code"]) == (3, "fapolicyd-trust")
    assert f"{TRUST} was taken back" in error["message"]
    assert enforced.rc(f"test -e {TRUST}") == 1
    wait_until(enforced.host, f"! {INSTALLED_TOOL} --help")
    assert enforced.sh("docker ps -q --filter health=healthy | wc -l") == "15"


@pytest.mark.long
@with_apt
def test_entries_made_while_fapolicyd_is_stopped_count_once_it_starts(enforced: Hardened) -> None:
    """Stopped, as it has to be while packages are installed."""
    enforced.sh("systemctl stop fapolicyd")
    enforced.say(BOTH)
    rc, refused = enforced.install()
    (error,) = refused["errors"]
    assert (rc, error["code"], error["hint"]) == (2, "allow-missing", f"write the file: touch {ALLOWED}")
    enforced.sh(f"touch {ALLOWED}")
    rc, envelope = enforced.install()
    assert rc == 0, json.dumps(envelope, indent=1)
    enforced.sh("systemctl start fapolicyd")
    wait_until(enforced.host, REFUSES, seconds=120)
    assert enforced.rc(f"{INSTALLED_TOOL} --help") == 0


def open_files(enforced: Hardened) -> int:
    return int(enforced.sh("ls /proc/$(pidof fapolicyd)/fd | wc -l"))
