"""Every finding of preflight is triggered once, and a host in order triggers none."""

import re

import pytest

from graphistry_airgap.content import content_root
from graphistry_airgap.target.preflight.verdict import judge
from tests.kit.fakes.good_host import DAEMON, GIB, PROFILE, REQUIREMENTS, RUNNING, changed, disk, mount
from tests.kit.fakes.place_profiles import BUNDLED_COMPOSE, MOUNTS, dormant, plugin, program


def layer(number, *, size=100, unpacked=1000):
    digest = f"sha256:{number:064x}"
    return {"digest": digest, "size": size, "diff_id": digest, "unpacked_size": unpacked}


def image(name, config, *layers):
    manifest = {"digest": f"sha256:{config + 1000:064x}", "size": 1, "media_type": "x"}
    return {"name": name, "manifest": manifest, "config": f"sha256:{config:064x}", "layers": list(layers)}


def container(name, *, directory="", service="", ports=()):
    return {
        "id": "0123456789ab",
        "name": name,
        "image": f"{name}:1",
        "project": "",
        "service": service,
        "directory": directory,
        "ports": list(ports),
    }


def project(*, product):
    found = {"project": "graphistry", "directory": "/srv/g", "containers": ["c"], "running": 1}
    return found | {"product": product, "ours": False}


def pinned(name, file="/etc/apt/preferences"):
    pins = [{"file": file, "pin": "version 1.*", "priority": 1001}]
    return {"name": name, "version": "2", "candidate": "", "pins": pins}


def package(name, state, *, installed="", version="2", held=False):
    return {"name": name, "version": version, "installed": installed, "held": held, "state": state}


def findings(profile=None, requirements=None):
    return judge(changed(PROFILE, profile or {}), {**REQUIREMENTS, **(requirements or {})})


def codes(profile=None, requirements=None, *, severity=None):
    return [item.code for item in findings(profile, requirements) if severity in (None, item.severity)]


SETTINGS = "docker.settings"
ENGINE = "docker.engine"
NO_TROUBLE = {
    "index_error": "",
    "conflict": "",
    "removed": [],
    "pinned": [],
    "missing_files": [],
    "refused_files": [],
    "without_sha256": [],
    "streams": [],
}
ALLOWED = {"hardening_allow": ["fapolicyd-trust", "ip-forward"]}
BUNDLE_S = {"name": "Python 3.12", "ends": "2028-10", "own": True}
SYSTEM_S = {"name": "Ubuntu 22.04", "ends": "2027-06", "own": False}
DOCKER_20 = package("docker.io", "equal", installed="20.10.24+dfsg1-1", version="20.10.24+dfsg1-1")
FORWARD_DROP = {"family": "inet", "table": "site", "name": "forward", "type": "filter"}
FORWARD_DROP |= {"hook": "forward", "prio": 0, "policy": "drop"}
OTHER_STREAM = {"module": "container-tools", "stream": "rhel8", "enabled": "4.0"}
OTHER_STREAM |= {"file": "/etc/dnf/modules.d/container-tools.module"}
DGX_S_OWN = {"docker.engine.running": True, "toolkit.there": True}
DGX_S_OWN |= {"engines.compose": {"stages": "/usr/libexec/docker/cli-plugins/docker-compose"}}
ON_EL_10 = {"system.platform": "rhel-10"}
CASES = {
    "platform-unsupported": ("error", {"system.platform": "debian-12"}, {}),
    "processor-too-old": (
        "error",
        {"resources.processor": ["fpu", "avx2"]} | ON_EL_10,
        {"platform": "rhel-10"},
    ),
    "processor-unknown": ("warning", {"resources.processor": []} | ON_EL_10, {"platform": "rhel-10"}),
    "docker-module-missing": ("error", {"system.modules": {"xt_addrtype": False}}, {}),
    "docker-module-unknown": ("warning", {"system.modules": {"xt_addrtype": None}}, {}),
    "platform-rebuild": ("warning", {"system.rebuild": "Some Linux"}, {}),
    "platform-untried": ("warning", {"system.warning": "ahead"}, {}),
    "dgx-left-alone": ("info", {"system.dgx": "7.2.0"} | DGX_S_OWN, {}),
    "dgx-incomplete": ("error", {"system.dgx": "7.2.0"} | DGX_S_OWN | {"toolkit.there": False}, {}),
    "host-image-based": ("error", {"system.image_based": True}, {}),
    "host-wsl": ("error", {"system.kernel": "6.6.87.2-microsoft-standard-WSL2"}, {}),
    "architecture-unsupported": ("error", {"system.architecture": "arm64"}, {}),
    "cpu-below-minimum": ("warning", {"resources.cpus": 2}, {}),
    "memory-below-minimum": ("warning", {"resources.memory": 8 * GIB}, {}),
    "clock-before-bundle": ("error", {"clock.now": "1999-12-31T23:59:59Z"}, {}),
    "clock-not-synchronized": ("info", {"clock.synchronized": False}, {}),
    "selinux-enforcing": ("warning", {"hardening.selinux": "enforcing"}, {}),
    "ip-forward": ("error", {"hardened.forwarding_off": ["/etc/sysctl.d/60-stig.conf"]}, {}),
    "ip-forward-overridden": (
        "error",
        {"hardened.forwarding_overridden": ["/etc/sysctl.d/zz-hardening.conf"]},
        {},
    ),
    "ip-forward-late": ("warning", {"hardened.forwarding_off_late": True}, {}),
    "fapolicyd-trust": ("error", {"hardening.fapolicyd": True}, {}),
    "user-namespaces-off": ("info", {"hardened.user_namespaces": False}, {}),
    "fips-enabled": ("info", {"hardening.fips": True}, {}),
    "interpreter-fips": ("error", {"hardening.fips": True}, {"pythons": [BUNDLE_S]}),
    "interpreter-ending": ("warning", {"clock.now": "2027-11-01T00:00:00Z"}, {"pythons": [BUNDLE_S]}),
    "interpreter-over": ("warning", {"clock.now": "2028-11-01T00:00:00Z"}, {"pythons": [BUNDLE_S]}),
    "gpu-present": ("info", {"gpus": [{"address": "0000:01:00.0", "device": "0x2335"}]}, {}),
    "disk-too-small": ("error", {"releases.installed": [], "disks": {"/var/graphistry": disk("8:2", 1)}}, {}),
    "inodes-too-few": (
        "error",
        {"releases.installed": [], MOUNTS: {"/var/graphistry": mount("/var/graphistry", inodes=12)}},
        {"release_files": {"VERSION": {}}},
    ),
    "path-read-only": ("error", {MOUNTS: {"/etc": mount("/etc", options=["ro", "relatime"])}}, {}),
    "path-no-directory": (
        "error",
        {MOUNTS: {"/var/graphistry": mount("/var/graphistry", obstacle="/var/graphistry")}},
        {},
    ),
    "path-noexec": (
        "error",
        {MOUNTS: {"/var/graphistry": mount("/var/graphistry", options=["rw", "noexec"])}},
        {},
    ),
    "path-on-medium": (
        "error",
        {MOUNTS: {"/var/graphistry": mount("/var/graphistry", resolved="/media/bundle/data")}},
        {},
    ),
    "path-file-system-unfit": (
        "error",
        {MOUNTS: {"/var/graphistry": mount("/var/graphistry", kind="exfat")}},
        {},
    ),
    "path-volatile": ("error", {MOUNTS: {"/var/graphistry": mount("/var/graphistry", kind="tmpfs")}}, {}),
    "storage-driver-vfs": ("warning", {ENGINE: RUNNING | {"driver": "vfs"}}, {}),
    "storage-driver-unknown": (
        "warning",
        {"docker.storage": {"d_type": None}, MOUNTS: {"/var/lib/docker": mount("/d", kind="xfs")}},
        {},
    ),
    "docker-foreign-engine": ("error", {"engines.programs": [program("dockerd", "20.10.24")]}, {}),
    "docker-foreign-program": ("warning", {"engines.programs": [program("runc", "1.2")]}, {}),
    "unit-masked": ("error", {"engines.masked": ["docker.service"]}, {}),
    "compose-plugin-shadowed": ("error", {"engines.compose": plugin("2.6.0")}, BUNDLED_COMPOSE),
    "port-taken-at-start": ("error", {"engines.dormant": [dormant("web", 80)]}, {}),
    "containers-start-with-docker": ("warning", {"engines.dormant": [dormant("db", 5432)]}, {}),
    "daemon-json-invalid": ("error", {SETTINGS: {"exists": True, "error": "line 1, column 2: x"}}, {}),
    "daemon-json-kept": ("info", {SETTINGS: {"exists": True, "keys": ["bip", "data-root"]}}, {}),
    "docker-silent": ("warning", {ENGINE: {"running": True, "error": "timed out"}}, {}),
    "data-root-differs": (
        "warning",
        {ENGINE: RUNNING | {"data_root": "/srv/docker"}},
        {"data_root": "/var/graphistry"},
    ),
    "docker-snap": ("error", {"docker.snap": True}, {}),
    "podman-docker": ("error", {"packages.rivals": {"podman-docker": "5.4"}}, {}),
    "docker-foreign-package": ("error", {"packages.rivals": {"docker-ce": "5:28.0"}}, {}),
    "image-store-unknown": ("error", {"packages.wanted": [DOCKER_20]}, {"image_store": "containerd"}),
    "foreign-containers-running": (
        "error",
        {
            ENGINE: RUNNING | {"containers": [container("billing")]},
            "docker.daemon": DAEMON | {"restart": ["default-address-pools"]},
        },
        {},
    ),
    "daemon-json-refused": ("error", {"docker.daemon": DAEMON | {"refusal": "unknown directive"}}, {}),
    "docker-flags-conflict": ("error", {"docker.daemon": DAEMON | {"conflicts": ["log-driver"]}}, {}),
    "daemon-json-would-be-refused": (
        "error",
        {"docker.daemon": DAEMON | {"refusal_then": "live-restore: both"}},
        {},
    ),
    "host-docker-flags": (
        "error",
        {
            "docker.daemon": DAEMON
            | {"problem": {"code": "host-docker-flags", "message": "a flag", "hint": "take it out"}}
        },
        {},
    ),
    "daemon-setting-fatal": (
        "error",
        {"docker.daemon": DAEMON | {"judged": [{"key": "userns-remap", "kind": "fatal", "why": "owners"}]}},
        {},
    ),
    "daemon-setting-risky": (
        "warning",
        {"docker.daemon": DAEMON | {"judged": [{"key": "icc", "kind": "risky", "why": "no bridge"}]}},
        {},
    ),
    "daemon-setting-unknown": (
        "warning",
        {"docker.daemon": DAEMON | {"judged": [{"key": "log-opt", "kind": "unknown", "why": "nobody"}]}},
        {},
    ),
    "daemon-json-twice": ("warning", {"docker.daemon": DAEMON | {"twice": ["log-opts"]}}, {}),
    "docker-log-rotation-left": (
        "info",
        {
            ENGINE: RUNNING | {"containers": [container("billing")]},
            "docker.daemon": DAEMON | {"optional": ["log-opts"]},
        },
        {},
    ),
    "address-pool-collides": (
        "error",
        {"routes": [{"network": "172.17.3.0/24", "device": "tun0", "docker": False}]},
        {},
    ),
    "address-pools-invalid": ("error", {SETTINGS: {"address_pools": [{"base": "x", "size": 24}]}}, {}),
    "address-pools-contradict": (
        "error",
        {SETTINGS: {"address_pools": [{"base": "172.30.0.0/16", "size": 24}]}},
        {"address_pools": [{"base": "172.31.0.0/16", "size": 24}]},
    ),
    "address-pools-exhausted": (
        "error",
        {SETTINGS: {"address_pools": [{"base": "172.30.0.0/24", "size": 24}]}},
        {},
    ),
    "address-pools-too-small": (
        "error",
        {SETTINGS: {"address_pools": [{"base": "172.30.0.0/24", "size": 29}]}},
        {},
    ),
    "address-pool-in-summary": (
        "warning",
        {"routes": [{"network": "172.16.0.0/12", "device": "eth0", "gateway": True, "docker": False}]},
        {},
    ),
    "daemon-network-invalid": ("error", {"docker.settings.network": {"bip": "10.9.0.1"}}, {}),
    "ports-on-loopback": ("error", {"docker.settings.network": {"host_binding": "127.0.0.1"}}, {}),
    "docker-asks-public-resolvers": ("error", {"name_servers": []}, {}),
    "firewall-drops": ("error", {"firewall.nft": {"entries": [{"chain": FORWARD_DROP}]}}, {}),
    "firewall-unclear": (
        "warning",
        {
            "firewall.nft": {
                "entries": [
                    {"chain": FORWARD_DROP},
                    {
                        "rule": {"family": "inet", "table": "site", "chain": "forward"}
                        | {"expr": [{"limit": {"rate": 9}}, {"accept": None}]}
                    },
                ]
            }
        },
        {},
    ),
    "firewall-unread": ("info", {"firewall.nft": {"error": "the program nft is not there"}}, {}),
    "firewall-passed-by": ("info", {"firewall.ufw": {"enabled": True}}, {}),
    "port-taken": (
        "error",
        {"listening": [{"port": 443, "address": "::", "pid": 7, "process": "apache2"}]},
        {},
    ),
    "package-lock-held": ("warning", {"packages.lock": {"path": "/l", "pid": 7, "process": "apt-get"}}, {}),
    "rpm-interrupted": ("error", {"packages.journal": 1}, {"package_system": "dnf"}),
    "bundle-package-signature": (
        "error",
        {
            "transaction": NO_TROUBLE
            | {"refused_files": [{"package": "p", "path": "/m/p.rpm", "reason": "digests OK"}]}
        },
        {},
    ),
    "dpkg-dependencies-broken": (
        "error",
        {"transaction": NO_TROUBLE | {"conflict": "E: Unmet dependencies. Try 'apt --fix-broken install'"}},
        {},
    ),
    "dpkg-interrupted": ("error", {"packages.unfinished": ["exim4"]}, {}),
    "package-held": ("error", {"packages.wanted": [package("runc", "older", installed="1", held=True)]}, {}),
    "package-assumed": ("error", {"packages.assumed": [package("runc", "older", installed="1")]}, {}),
    "package-upgrade": ("info", {"packages.wanted": [package("runc", "older", installed="1")]}, {}),
    "package-newer": ("info", {"packages.wanted": [package("runc", "newer", installed="3")]}, {}),
    "package-index-unusable": ("error", {"transaction": NO_TROUBLE | {"index_error": "E: not signed"}}, {}),
    "package-conflict": ("error", {"transaction": NO_TROUBLE | {"conflict": "E: broken packages"}}, {}),
    "module-stream-differs": ("error", {"transaction": NO_TROUBLE | {"streams": [OTHER_STREAM]}}, {}),
    "package-removal": ("error", {"transaction": NO_TROUBLE | {"removed": ["exim4"]}}, {}),
    "package-pinned": ("warning", {"transaction": NO_TROUBLE | {"pinned": [pinned("runc")]}}, {}),
    "package-file-missing": (
        "error",
        {
            "transaction": NO_TROUBLE
            | {"missing_files": [{"package": "runc", "path": "/b/r.deb", "reason": "gone"}]}
        },
        {},
    ),
    "purpose-unknown": ("error", {}, {"purpose": "demo"}),
    "administrator-missing": ("error", {"administrator.exists": False}, {}),
    "administrator-exposed": ("error", {"administrator.mode": "0644"}, {}),
    "administrator-unreadable": ("error", {"administrator.error": "line 2 is not of the form"}, {}),
    "administrator-incomplete": ("error", {"administrator.keys": ["username", "email"]}, {}),
    "administrator-password-weak": (
        "error",
        {"administrator.weaknesses": ["it is a value that everybody knows"]},
        {},
    ),
    "release-differs": ("warning", {"releases.differing": ["docker-compose.yml"]}, {}),
    "release-installed": ("info", {"releases.installed": ["v2.50.1", "v2.45.9"]}, {}),
    "host-other-release": (
        "error",
        {"installation.installed": "v2.49.0", "installation.volumes": ["v2.49.0_postgres_data"]}
        | {"installation.ours": ["v2.49.0"]},
        {},
    ),
    "release-replaced": ("warning", {"installation.installed": "v2.49.0"}, {}),
    "host-foreign-installation": ("error", {"installation.projects": [project(product=True)]}, {}),
    "host-project-taken": ("error", {"installation.projects": [project(product=False)]}, {}),
    "image-name-taken": (
        "warning",
        {"docker.engine.renamed": [{"name": "redis:6.2.7", "id": "sha256:1", "containers": ["shop"]}]},
        {},
    ),
    "volumes-left": ("warning", {"installation.volumes": ["v2.45.9_postgres_data"]}, {}),
    "containers-unread": ("warning", {"installation.unread": ["0123456789ab"]}, {}),
    "custom-env-exposed": ("warning", {"releases.environment": {"mode": "0644"}}, {}),
}


def test_a_host_in_order_has_no_findings():
    assert findings() == []


@pytest.mark.parametrize("code", CASES)
def test_each_cause_gives_its_finding_alone(code):
    severity, profile, requirements = CASES[code]
    found = findings(profile, requirements)
    assert [(item.severity, item.code) for item in found] == [(severity, code)]
    assert found[0].message
    assert found[0].found
    assert found[0].needed
    assert severity != "error" or found[0].hint


HARDENED = {"hardened.forwarding_off": ["/etc/sysctl.d/60-stig.conf"], "hardening.fapolicyd": True}


def test_each_exception_names_its_stig_rule_and_how_to_allow_it():
    found = {item.code: item for item in findings(HARDENED)}
    assert {code: item.stig for code, item in found.items()} == {
        "fapolicyd-trust": "RHEL-09-433016",
        "ip-forward": "RHEL-09-253075",
    }
    for code, item in found.items():
        assert item.severity == "error"
        assert f"hardening: {{allow: [{code}]}}" in item.hint


def test_an_allowed_exception_is_told_and_stops_nothing():
    found = findings(HARDENED, ALLOWED)
    assert [(item.severity, item.code) for item in found] == [
        ("info", "fapolicyd-trust"),
        ("info", "ip-forward"),
    ]
    assert "/etc/sysctl.d/zz-graphistry-airgap.conf" in found[1].message


def test_packages_wait_for_a_fapolicyd_that_nobody_tells_of_them():
    profile = {"hardening.fapolicyd": True, "packages.wanted": [package("runc", "absent")]}
    (error,) = [item for item in findings(profile, ALLOWED) if item.severity == "error"]
    assert (error.code, "runc" in error.message) == ("fapolicyd-packages", True)
    assert codes(profile | {"hardened.fapolicyd_told": True}, ALLOWED) == ["fapolicyd-trust"]


def test_packages_without_sha256_are_refused_in_fips_mode_with_the_version_that_has_them():
    profile = {"transaction": NO_TROUBLE | {"without_sha256": ["nvidia-container-toolkit 1.17.8-1"]}}
    assert codes(profile) == []
    (error,) = [item for item in findings(profile | {"hardening.fips": True}) if item.severity == "error"]
    assert error.code == "package-digest-fips"
    assert "nvidia-container-toolkit 1.17.8-1 has none" in error.message
    assert "1.18.1" in error.needed


def test_another_stream_is_told_with_both_ways_out():
    (error,) = findings({"transaction": NO_TROUBLE | {"streams": [OTHER_STREAM]}})
    assert "dnf module reset container-tools" in error.hint
    assert 'modules: ["container-tools:4.0"]' in error.hint


@pytest.mark.parametrize(
    ("fips", "pythons", "allow", "severity"),
    [
        (True, [BUNDLE_S], [], "error"),
        (True, [BUNDLE_S], ["fapolicyd-trust"], "error"),
        (True, [BUNDLE_S], ["fips-interpreter"], "warning"),
        (True, [SYSTEM_S], [], None),
        (False, [BUNDLE_S], [], None),
    ],
)
def test_the_bundle_s_interpreter_takes_a_word_of_the_site_in_fips_mode(fips, pythons, allow, severity):
    found = findings({"hardening.fips": fips}, {"pythons": pythons, "hardening_allow": allow})
    by_code = {one.code: one for one in found}
    assert ("interpreter-fips" in by_code) is bool(severity)
    if severity:
        one = by_code["interpreter-fips"]
        assert (one.severity, one.stig) == (severity, "RHEL-09-671010")
        assert ("touch /etc/graphistry-airgap/allow.fips-interpreter" in one.hint) is (severity == "error")


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2026-06-30", []),
        ("2026-07-01", ["ending"]),
        ("2027-06-30", ["ending"]),
        ("2027-07-01", ["over"]),
        ("2027-11-01", ["ending", "over"]),
        ("2028-11-01", ["over", "over"]),
    ],
)
def test_a_python_is_told_of_a_year_before_its_fixes_end(day, told):
    """CPython 3.12 ends in October 2028 (PEP 693), Ubuntu 22.04's standard support in June 2027."""
    wanted = {"pythons": [BUNDLE_S, SYSTEM_S], "bundle_created": ""}
    found = codes({"clock.now": f"{day}T12:00:00Z"}, wanted)
    assert sorted(found) == [f"interpreter-{one}" for one in told]


BESIDE = {"fapolicyd-packages", "package-digest-fips", "firewalld-zone", "ufw-flushes"}


def test_the_role_documents_exactly_these_codes():
    text = (content_root() / "roles/preflight/README.md").read_text(encoding="utf-8")
    # the second table has the role's variables
    table, _, _ = text.partition("<!-- variables:")
    table = "\n".join(line for line in table.splitlines() if line.startswith("|"))
    # what comes with another finding has a test of its own
    assert set(re.findall(r"`([a-z-]+)`", table)) == {*CASES, *BESIDE}


def test_all_findings_come_at_once_errors_first_and_in_a_stable_order():
    found = findings(
        {"system.platform": "debian-12", "resources.cpus": 1, "docker.snap": True, "hardening.fips": True},
        {"purpose": "x"},
    )
    assert [item.code for item in found] == [
        "docker-snap",
        "platform-unsupported",
        "purpose-unknown",
        "cpu-below-minimum",
        "fips-enabled",
    ]


# the image store


@pytest.mark.parametrize(
    ("wanted", "engine", "known"),
    [
        ([DOCKER_20], {}, False),
        ([package("docker-ce", "older", installed="5:20.10.24", version="5:28.5.1")], RUNNING, True),
        ([package("docker.io", "newer", installed="26.1.5", version="20.10.24")], RUNNING, True),
        ([], RUNNING | {"version": "20.10.24"}, False),
        ([], RUNNING | {"version": "23.0.0"}, True),
        ([], {}, True),
    ],
)
def test_the_containerd_store_is_refused_for_the_docker_that_will_run(wanted, engine, known):
    profile = {"packages.wanted": wanted, ENGINE: engine}
    assert ("image-store-unknown" not in codes(profile, {"image_store": "containerd"})) is known
    assert "image-store-unknown" not in codes(profile, {"image_store": "classic"})


# disks


def space_error(profile, requirements):
    errors = [item for item in findings(profile, requirements) if item.code == "disk-too-small"]
    return errors[0] if errors else None


BIG = [image("a:1", 1, layer(1, size=2 * GIB, unpacked=6 * GIB))]
BOTH = [image("a:1", 1, layer(1, size=2 * GIB, unpacked=6 * GIB), layer(2, size=GIB, unpacked=GIB))]


def test_the_containerd_store_needs_its_space_where_containerd_lies():
    small = {"disks": {"/var/lib/containerd": disk("8:2", 8 * GIB)}}
    assert space_error(small, {"images": BIG, "image_store": "classic"}) is None
    error = space_error(small, {"images": BIG, "image_store": "containerd"})
    assert "8.0 GiB free" in error.found + " free"
    assert error.needed == "8.8 GiB"
    assert "/var/lib/containerd" in error.message


def test_docker_29_has_the_containerd_store_by_default():
    small = {"disks": {"/var/lib/containerd": disk("8:2", GIB)}}
    packages = [{"name": "docker.io", "version": "1:29.0.1-1"}]
    assert space_error(small, {"images": BIG}) is None
    assert space_error(small, {"images": BIG, "packages": packages})


def test_an_existing_daemon_keeps_the_store_it_has():
    small = {"disks": {"/var/lib/containerd": disk("8:2", GIB)}, ENGINE: RUNNING}
    assert space_error(small, {"images": BIG, "image_store": "containerd"}) is None


def test_demands_on_one_file_system_are_summed():
    shared = {
        "disks": {
            name: disk("8:2", int(9.5 * GIB)) for name in ("/usr", "/var/graphistry", "/var/lib/docker")
        },
        "packages.wanted": [package("docker.io", "absent")],
        "releases.installed": [],
    }
    error = space_error(shared, {"images": BIG})
    assert error.needed == "10.8 GiB"
    for part in (
        "for images in /var/lib/docker",
        "for packages in /usr",
        "for the release in /var/graphistry",
    ):
        assert part in error.message


def test_layers_of_present_images_need_no_space():
    full = {"disks": {"/var/lib/docker": disk("8:2", GIB)}, ENGINE: RUNNING | {"present": [BIG[0]["config"]]}}
    assert space_error(full, {"images": BIG}) is None
    derived = [BIG[0], image("b:1", 2, *BOTH[0]["layers"])]
    assert space_error(full, {"images": derived}).needed == "2.2 GiB"


def test_a_shared_layer_is_counted_once():
    images = [
        image("a:1", 1, layer(1, size=0, unpacked=GIB)),
        image("b:1", 2, layer(1, size=0, unpacked=GIB)),
    ]
    room = {"disks": {"/var/lib/docker": disk("8:2", int(1.2 * GIB))}}
    assert space_error(room, {"images": images}) is None


# Docker


OWN = container("g-caddy-1", directory="/var/graphistry/releases/v2.50.1", service="caddy", ports=[80, 443])
PROXIES = [{"port": port, "address": "::", "pid": port, "process": "docker-proxy"} for port in (80, 443)]


def test_the_product_s_own_caddy_may_hold_the_ports():
    assert codes({ENGINE: RUNNING | {"containers": [OWN]}, "listening": PROXIES}) == []


def test_a_container_of_others_may_not_hold_them_even_without_a_proxy_process():
    web = container("web", directory="/srv/shop", service="caddy", ports=[80])
    found = findings({ENGINE: RUNNING | {"containers": [web]}})
    assert [(item.code, item.found) for item in found] == [("port-taken", "container web (web:1)")]


def test_a_docker_proxy_of_an_unknown_container_is_somebody_else():
    found = findings({ENGINE: RUNNING, "listening": PROXIES})
    assert [item.found for item in found] == ["docker-proxy (pid 443)", "docker-proxy (pid 80)"]


def test_a_directory_that_only_begins_like_the_root_is_not_ours():
    other = OWN | {"directory": "/var/graphistry-old/releases/v1"}
    assert codes({ENGINE: RUNNING | {"containers": [other]}}) == ["port-taken", "port-taken"]


RESTART = {"address_pools": [{"base": "172.30.0.0/16", "size": 24}]}
FOREIGN = RUNNING | {"containers": [container("billing"), OWN]}


@pytest.mark.parametrize(
    ("profile", "requirements"),
    [
        pytest.param({ENGINE: FOREIGN}, {}, id="no restart is needed"),
        pytest.param({ENGINE: FOREIGN}, RESTART | {"allow_restart": True}, id="the site allows it"),
        pytest.param({ENGINE: FOREIGN | {"live_restore": True}}, RESTART, id="live-restore"),
        pytest.param({ENGINE: FOREIGN | {"containers": [OWN]}}, RESTART, id="only our own containers"),
        pytest.param(
            {ENGINE: FOREIGN, SETTINGS: {"address_pools": [{"base": "172.30.0.0/16", "size": 24}]}},
            RESTART,
            id="the pools are set already",
        ),
    ],
)
def test_others_containers_are_safe_when(profile, requirements):
    assert "foreign-containers-running" not in codes(profile, requirements)


@pytest.mark.parametrize(
    ("profile", "requirements"),
    [
        pytest.param(
            {
                ENGINE: FOREIGN | {"data_root": "/srv", "live_restore": True},
                "docker.daemon": DAEMON | {"restart": ["data-root"]},
            },
            {"data_root": "/var/graphistry"},
            id="the data root moves",
        ),
        pytest.param(
            {ENGINE: FOREIGN, "packages.wanted": [package("docker.io", "older", installed="20")]},
            {},
            id="an upgrade",
        ),
    ],
)
def test_others_containers_are_in_danger_when(profile, requirements):
    assert "foreign-containers-running" in codes(profile, requirements)


def test_a_site_file_without_a_data_root_leaves_docker_s_data_where_it_is():
    assert codes({ENGINE: FOREIGN | {"data_root": "/srv"}}) == []


def test_docker_s_own_networks_do_not_collide():
    routes = [
        {"network": "172.17.0.0/16", "device": "docker0", "docker": True},
        {"network": "172.18.0.0/16", "device": "grph0", "docker": False},
    ]
    assert codes({"routes": routes, ENGINE: RUNNING | {"networks": ["172.18.0.0/16"]}}) == []


def test_configured_pools_replace_the_default_ones():
    route = {"network": "172.17.0.0/16", "device": "eth1", "docker": False}
    assert codes({"routes": [route]}, RESTART) == []
    collision = {"network": "172.16.0.0/12", "device": "eth1", "docker": False}
    assert codes({"routes": [collision]}, RESTART) == ["address-pool-collides"]


def test_a_site_s_keys_are_named_and_ours_are_not():
    found = findings({SETTINGS: {"exists": True, "keys": ["log-opts", "registry-mirrors", "runtimes"]}})
    assert [item.found for item in found] == ["registry-mirrors"]


# packages


def test_an_unfinished_state_under_a_held_lock_is_somebody_s_work():
    lock = {"path": "/l", "pid": 7, "process": "apt-get upgrade"}
    assert codes({"packages": {"unfinished": ["exim4"], "lock": lock}}) == ["package-lock-held"]


def test_what_a_killed_installation_left_is_only_a_warning():
    unfinished = {"unfinished": ["docker.io"], "wanted": [package("docker.io", "absent")]}
    assert codes({"packages": unfinished}, severity="error") == []
    assert codes({"packages": unfinished}, severity="warning") == ["dpkg-interrupted"]


@pytest.mark.parametrize(("own", "severity"), [("docker.io", "warning"), ("exim4", "error")])
def test_triggers_that_a_killed_installation_left_waiting_are_its_own_too(own, severity):
    """The host's initramfs-tools waits for its turn; beside somebody else's work it is theirs."""
    unfinished = {"unfinished": [own, "initramfs-tools"], "triggered": ["initramfs-tools"]}
    unfinished |= {"wanted": [package("docker.io", "absent")]}
    assert codes({"packages": unfinished}, severity=severity) == ["dpkg-interrupted"]


def test_a_journal_alone_stops_because_apt_would_refuse():
    assert codes({"packages.journal": 1}, severity="error") == ["dpkg-interrupted"]


def test_assumed_packages_are_named_all_at_once_and_not_a_second_time_as_missing_files():
    lacking = [package("runc", "absent"), package("iptables", "older", installed="1", version="1:2")]
    there = [package("libc6", "newer", installed="3"), package("tini", "equal", installed="2")]
    gone = [{"package": "runc", "path": "/b/r.deb", "reason": "gone"}]
    found = findings(
        {"packages.assumed": [*lacking, *there], "transaction": NO_TROUBLE | {"missing_files": gone}}
    )
    assert [(item.code, item.found, item.needed) for item in found] == [
        ("package-assumed", "runc absent, iptables 1", "runc 2, iptables 1:2, or newer")
    ]


def test_an_assumed_package_that_is_there_and_is_wanted_again_is_a_missing_file():
    gone = [{"package": "runc", "path": "/b/r.deb", "reason": "gone"}]
    there = [package("runc", "newer", installed="3")]
    found = findings({"packages.assumed": there, "transaction": NO_TROUBLE | {"missing_files": gone}})
    assert [item.code for item in found] == ["package-file-missing"]


def test_packages_of_one_pin_are_one_finding_that_names_it():
    site = "/etc/apt/preferences.d/site"
    rows = [pinned("runc"), pinned("containerd", site), pinned("docker.io", site)]
    one, two = findings({"transaction": NO_TROUBLE | {"pinned": rows}})
    assert sorted([one.path, two.path]) == ["/etc/apt/preferences", site]
    (both,) = (finding for finding in (one, two) if finding.path == site)
    assert "containerd 2, docker.io 2" in both.message
    assert f"`version 1.*` with priority 1001 in {site}" in both.message


def test_a_held_package_that_is_new_enough_satisfies():
    assert codes({"packages.wanted": [package("runc", "equal", installed="2", held=True)]}) == []


def test_the_removal_of_a_rival_is_said_once():
    trouble = {
        "packages.rivals": {"docker-ce": "5:28"},
        "transaction": NO_TROUBLE | {"removed": ["docker-ce"]},
    }
    assert codes(trouble) == ["docker-foreign-package"]


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ({"docker.engine.running": False}, "no running Docker"),
        ({"engines.compose": {"stages": ""}}, "no compose plugin"),
        ({"toolkit.there": False}, "no nvidia-ctk of"),
    ],
)
def test_what_dgx_os_lacks_is_named(lacking, words):
    (found,) = findings({"system.dgx": "7.2.0"} | DGX_S_OWN | lacking)
    assert (found.code, words in found.message) == ("dgx-incomplete", True)


def test_the_docker_of_dgx_os_is_no_rival():
    assert codes({"system.dgx": "7.2.0", "packages.rivals": {"docker-ce": "5:28"}} | DGX_S_OWN) == [
        "dgx-left-alone"
    ]


# purpose


def test_a_template_needs_neither_ports_nor_an_administrator():
    listening = [{"port": 80, "address": "::", "pid": 7, "process": "nginx"}]
    profile = {"administrator.exists": False, "listening": listening}
    assert codes(profile, {"purpose": "template"}) == []


def test_the_administrator_can_be_waived_by_name():
    assert codes({"administrator.exists": False}, {"waive": ["administrator"]}) == []
    assert codes({"administrator.exists": False}, {"waive": ["something"]}) == ["administrator-missing"]


def test_what_the_judge_of_networks_tells_the_one_of_the_daemon_does_not_tell_again():
    problem = {"code": "host-address-pools-conflict", "message": "two", "hint": "one"}
    _, profile, requirements = CASES["address-pools-contradict"]
    both = profile | {"docker.daemon": DAEMON | {"problem": problem}}
    assert codes(both, requirements) == ["address-pools-contradict"]
    assert codes({"docker.daemon": DAEMON | {"problem": problem}}) == ["host-address-pools-conflict"]
