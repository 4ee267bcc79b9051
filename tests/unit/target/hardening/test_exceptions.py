"""The exceptions to a host's hardening: what boots read, what is written, what is taken back."""

from __future__ import annotations

import pytest
import yaml

from graphistry_airgap.content import content_root
from graphistry_airgap.knowledge.formats import load_schema
from graphistry_airgap.target.hardening import exceptions, sysctl as sysctl_files
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.probes import hardening as probe_hardening
from tests.kit import role_texts

OFF = "net.ipv4.ip_forward = 0\n"
FORWARD = ["ip-forward"]
TEXT = role_texts.text("hardening_exceptions", "forwarding.conf").encode()
OURS = "etc/sysctl.d/zz-graphistry-airgap.conf"


@pytest.fixture
def host(tmp_path):
    (tmp_path / "proc/sys/net/ipv4").mkdir(parents=True)
    (tmp_path / "proc/sys/net/ipv4/ip_forward").write_text("0\n")
    return Host(run=lambda argv, environment: (0, "", ""), root=tmp_path)


def forwarding(host, allow):
    return exceptions.forwarding(host, allow, TEXT)


def settle(host, find, allow):
    """What differs, carried out."""
    changes = find(host, allow)
    exceptions.carry_out(host, changes, TEXT)
    return changes


def write(host, name, text):
    path = host.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("files", "off_by"),
    [
        ({}, []),
        ({"/etc/sysctl.d/60-stig.conf": OFF}, ["/etc/sysctl.d/60-stig.conf"]),
        ({"/etc/sysctl.d/60-stig.conf": "-net/ipv4/conf/all/forwarding=0\n"}, ["/etc/sysctl.d/60-stig.conf"]),
        ({"/etc/sysctl.d/60-stig.conf": f"# {OFF}; {OFF}#{OFF}"}, []),
        ({"/etc/sysctl.d/60-stig.txt": OFF}, []),
        # the last line counts, by the file's name and not by its directory
        ({"/etc/sysctl.d/60-a.conf": OFF, "/usr/lib/sysctl.d/70-b.conf": "net.ipv4.ip_forward=1\n"}, []),
        (
            {"/etc/sysctl.d/60-a.conf": "net.ipv4.ip_forward=1\n", "/usr/lib/sysctl.d/70-b.conf": OFF},
            ["/usr/lib/sysctl.d/70-b.conf"],
        ),
        # a file hides those of its name elsewhere
        ({"/usr/lib/sysctl.d/60-a.conf": OFF, "/etc/sysctl.d/60-a.conf": ""}, []),
    ],
)
def test_what_switches_forwarding_off_at_boot(host, files, off_by):
    for name, text in files.items():
        write(host, name, text)
    assert sysctl_files.forwarding_off(host) == off_by


def test_a_hosts_own_setting_is_seen_behind_ours(host):
    write(host, "/etc/sysctl.d/60-stig.conf", OFF)
    write(host, OURS, "net.ipv4.ip_forward = 1\n")
    write(host, "/etc/sysctl.conf", OFF)
    found = probe_hardening.hardening(host)
    assert found["forwarding_off"] == ["/etc/sysctl.d/60-stig.conf"]
    assert found["forwarding_off_late"] is True


@pytest.mark.parametrize(
    ("late", "text", "overridden"),
    [
        ("/etc/sysctl.d/zz-hardening.conf", OFF, True),
        ("/usr/lib/sysctl.d/zzz.conf", "net.ipv4.conf.all.forwarding=0\n", True),
        ("/etc/sysctl.d/zz-hardening.conf", "net.ipv4.ip_forward=1\n", False),
        ("/etc/sysctl.d/zz-a.conf", OFF, False),
        # of two files of one name a boot reads that of /etc alone
        ("/run/sysctl.d/zz-graphistry-airgap.conf", OFF, False),
    ],
)
@pytest.mark.parametrize("written", [True, False])
def test_a_file_that_a_boot_reads_after_ours_is_named(host, late, text, overridden, written):
    write(host, "/etc/sysctl.d/60-stig.conf", OFF)
    write(host, late, text)
    if written:
        settle(host, forwarding, FORWARD)
    found = probe_hardening.hardening(host)["forwarding_overridden"]
    assert found == ([late] if overridden else [])


def test_the_old_file_is_seen_where_a_link_puts_it(host):
    write(host, "/etc/sysctl.conf", OFF)
    write(host, "/etc/sysctl.d/60-stig.conf", OFF)
    host.path("/etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    host.path("/etc/sysctl.d/zz-sysctl.conf").symlink_to("../sysctl.conf")
    found = probe_hardening.hardening(host)
    assert found["forwarding_overridden"] == ["/etc/sysctl.d/zz-sysctl.conf"]


def test_an_allowed_exception_is_written_once_and_comes_last(host):
    write(host, "/etc/sysctl.d/60-stig.conf", OFF)
    assert forwarding(host, FORWARD)
    assert not host.path(OURS).exists()
    assert settle(host, forwarding, FORWARD)
    assert host.path(OURS).stat().st_mode & 0o777 == 0o644
    assert sysctl_files.forwarding_off(host) == []
    assert host.word("/proc/sys/net/ipv4/ip_forward") == "1"
    assert not settle(host, forwarding, FORWARD)
    (row,) = exceptions.made(host)
    assert (row["name"], row["stig"], row["path"]) == ("ip-forward", "RHEL-09-253075", f"/{OURS}")


def test_forwarding_that_somebody_switched_off_comes_back(host):
    write(host, "/etc/sysctl.d/60-stig.conf", OFF)
    settle(host, forwarding, FORWARD)
    write(host, "/proc/sys/net/ipv4/ip_forward", "0\n")
    assert settle(host, forwarding, FORWARD)
    assert host.word("/proc/sys/net/ipv4/ip_forward") == "1"


@pytest.mark.parametrize("allow", [[], FORWARD])
def test_nothing_is_written_where_it_is_not_allowed_or_not_needed(host, allow):
    if not allow:
        write(host, "/etc/sysctl.d/60-stig.conf", OFF)
    assert not settle(host, forwarding, allow)
    assert not host.path(OURS).exists()
    assert host.word("/proc/sys/net/ipv4/ip_forward") == "0"


def test_what_is_not_allowed_any_more_is_taken_back(tmp_path):
    told = []
    host = Host(run=lambda argv, environment: (told.append(argv), (0, "", ""))[1], root=tmp_path)
    write(host, OURS, "net.ipv4.ip_forward = 1\n")
    write(host, exceptions.TRUST_FILE, "/opt/graphistry-airgap/runtimes/x/bin/y 1 00\n# no entry\n")
    assert exceptions.trusted_files(host) == 1
    assert [row["name"] for row in exceptions.made(host)] == ["ip-forward", "fapolicyd-trust"]
    assert not settle(host, exceptions.trust, ["fapolicyd-trust"])
    assert settle(host, forwarding, [])
    assert settle(host, exceptions.trust, [])
    assert exceptions.made(host) == []
    assert told == [["fapolicyd-cli", "--update"]]
    assert not settle(host, exceptions.trust, [])


def test_what_differs_is_told_by_file_and_by_kernel(host):
    write(host, "/etc/sysctl.d/60-stig.conf", OFF)
    changes = forwarding(host, FORWARD)
    assert [(one.kind, one.what, one.before) for one in changes] == [
        ("file", f"/{OURS}", None),
        ("sysctl", "net.ipv4.ip_forward", "0"),
    ]
    shown = exceptions.diffs(host, changes, TEXT)
    assert shown[0]["after"].endswith("net.ipv4.ip_forward = 1\n")
    exceptions.carry_out(host, changes, TEXT)
    (back,) = forwarding(host, [])
    assert (back.before, back.after) == (changes[0].after, None)
    assert exceptions.diffs(host, [back], TEXT)[0]["before"] == shown[0]["after"]
    assert forwarding(host, FORWARD) == []


def test_a_file_whose_permissions_alone_are_others_stays(host):
    write(host, "/etc/sysctl.d/60-stig.conf", OFF)
    settle(host, forwarding, FORWARD)
    host.path(OURS).chmod(0o600)
    assert forwarding(host, FORWARD) == []


def test_site_file_and_role_know_the_same_exceptions():
    named = load_schema("site-v1")["properties"]["hardening"]["properties"]["allow"]["items"]["enum"]
    role = yaml.safe_load((content_root() / "roles/hardening_exceptions/meta/argument_specs.yml").read_text())
    options = role["argument_specs"]["main"]["options"]
    assert named == [*exceptions.STIG] == options["hardening_exceptions_allow"]["choices"]
