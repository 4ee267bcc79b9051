"""Faults that an installation finds before it changes anything: exit code, one message, the host as it was.

One sealed host serves all cases.  It is bare for the spoiled bundles; then a refused site file leaves the
tool's runtime on it, and everything else is tried on that.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from graphistry_airgap.cli.main import main
from lab.hosts.prepared_host import ADMINISTRATOR_FILE, INSTALLED_TOOL, SITE_FILE, site_file
from tests.kit.bundles.bundle_variants import SIGNATURE, one_of_each_class, variants_of
from tests.kit.bundles.openpgp_keys import Keys
from tests.kit.faults.changed_packages import stub_package, under_version
from tests.kit.faults.host_faults import (
    content,
    known,
    mounted,
    moved_away,
    package,
    running,
    site,
    small_disk,
    unchanged,
    wait_until,
)
from tests.kit.hosts.demo_hosts import demo_host, install, tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost
    from tests.kit.bundles.bundle_variants import Variants

pytestmark = pytest.mark.host

MEDIA = "/media"
GOOD = f"{MEDIA}/bundle"
DEMO_SIGNER = "graphistry-airgap demo <demo@example.invalid>"
CLASSES = [
    "the list of checksums",
    "the signature",
    "the installer",
    "the manifest",
    "the lock",
    "the bill of materials",
    "the provenance",
    "a layer",
    "an image's config",
    "an image manifest",
    "the image index",
    "the layout's mark",
    "a package",
    "a vendor's signature",
    "a package index",
    "a repository's key",
    "the bootstrap list",
    "the list of wheels",
    "a wheel",
    "a release file",
]
PLANTED = "runtime/debian-13/graphistry_airgap-9.9.9-py3-none-any.whl"
EXTRA = "release/etc/scripts/extra.sh"
ABSENT = "packages/debian-13/nvidia/dists/stable/InRelease"
OLD_PACKAGE, OLD_VERSION = "libnfnetlink0", "0.9"


def variant_name(kind: str) -> str:
    return "flipped-" + kind.replace(" ", "-").replace("'", "")


@pytest.fixture(scope="module")
def classes(bundle: Path) -> dict[str, str]:
    return one_of_each_class(bundle)


@pytest.fixture(scope="module")
def variants(bundle: Path, keyring: Path, keys: Keys, classes: dict[str, str]) -> Iterator[Variants]:
    """Every spoiled copy, made before the host that sees them starts."""
    demo = Keys(keyring.parent / "gnupg")
    with variants_of(bundle, bundle.parents[1] / "tests" / "faults") as made:
        for kind, name in classes.items():
            # the middle of install.sh is code, and it is install.sh that must notice
            made.add(variant_name(kind)).flip(name, 30 if name == "install.sh" else None)
        made.add("unsigned").remove(SIGNATURE)
        made.add("stranger").sign(keys, "stranger")
        carrying = made.add("carrying")
        carrying.write("trusted.gpg", keys.public("stranger"))
        carrying.relist("trusted.gpg")
        carrying.sign(keys, "stranger")
        made.add("lacking").remove(ABSENT)
        made.add("extra").write(EXTRA, b"#!/bin/sh\n")
        wheel = next((bundle / "runtime").rglob("graphistry_airgap-*.whl"))
        made.add("planted").write(PLANTED, wheel.read_bytes())
        poor = made.add("poor")
        package = next((bundle / "packages").rglob("tini_*.deb")).relative_to(bundle).as_posix()
        poor.remove(package)
        poor.relist(package)
        poor.sign(demo, DEMO_SIGNER)
        yield made


@pytest.fixture(scope="module")
def bare_host(variants: Variants, keyring: Path) -> Iterator[SealedHost]:
    with demo_host("faults", bundle=variants.root, keyring=keyring, medium=MEDIA) as host:
        yield host


@pytest.fixture(scope="module")
def host(bare_host: SealedHost) -> SealedHost:
    """The host once the runtime is on it: the first refusal of the tool itself comes after that."""
    bare_host.put(site_file().replace("purpose:", "porpose:").encode(), SITE_FILE)
    status, document = install(bare_host, medium=GOOD)
    bare_host.put(site_file().encode(), SITE_FILE)
    assert status == 2, document
    return bare_host


def refused(
    host: SealedHost, status: int, code: str, *arguments: str, bundle: str = GOOD, by_tool: bool = False
) -> dict[str, str]:
    """The one error of an installation that was refused and left the host as it was."""
    with unchanged(host):
        if by_tool:
            got, document = tool(host, "install", "--bundle", bundle, *arguments)
        else:
            got, document = install(host, *arguments, medium=bundle)
    assert (got, [error["code"] for error in document["errors"]]) == (status, [code]), document
    (error,) = document["errors"]
    assert error["message"].strip()
    assert error["hint"].strip()
    return dict(error)


def verify(capsys: pytest.CaptureFixture[str], path: Path, keyring: Path) -> tuple[int, dict[str, Any]]:
    status = main(["--json", "bundle", "verify", str(path), "--keyring", str(keyring)])
    return status, json.loads(capsys.readouterr().out)


def spoilt(kind: str, path: str) -> tuple[str, str]:
    """Error code and path that a flipped byte of this kind of file gives."""
    if kind in ("the list of checksums", "the signature"):
        return "signature-invalid", SIGNATURE
    return "checksum-mismatch", path


# ---- the bundle, on this machine --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSES)
def test_verify_names_the_file_with_a_flipped_byte(variants, classes, keyring, capsys, kind):
    status, document = verify(capsys, variants.root / variant_name(kind), keyring)
    assert status == 4
    (error,) = document["errors"]
    assert (error["code"], error["path"]) == spoilt(kind, classes[kind])
    assert classes[kind] in error["message"] or kind == "the list of checksums"
    assert error["hint"]


def test_every_kind_of_file_is_among_the_classes(bundle, classes):
    assert sorted(classes) == sorted(CLASSES)
    folders = {path.relative_to(bundle).parts[0] for path in bundle.rglob("*") if path.is_file()}
    assert folders == {name.split("/")[0] for name in classes.values()}


# ---- the bundle, on a bare host ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSES)
def test_a_flipped_byte_stops_a_first_installation(bare_host, classes, kind):
    assert bare_host.exec(["test", "-e", "/usr/bin/python3"]).rc == 1
    code, path = spoilt(kind, classes[kind])
    error = refused(bare_host, 4, code, bundle=f"{MEDIA}/{variant_name(kind)}")
    assert error["path"] == path


BROKEN = [
    ("lacking", "file-missing", ABSENT),
    ("extra", "file-extra", EXTRA),
    ("planted", "file-extra", PLANTED),
    ("unsigned", "signature-missing", SIGNATURE),
    ("stranger", "signature-invalid", SIGNATURE),
    ("carrying", "signature-invalid", SIGNATURE),
]


@pytest.mark.parametrize(("name", "code", "path"), BROKEN)
def test_a_bundle_that_is_not_what_was_signed_stops_a_first_installation(bare_host, name, code, path):
    error = refused(bare_host, 4, code, bundle=f"{MEDIA}/{name}")
    assert error["path"] == path


def test_a_bundle_does_not_vouch_for_itself(bare_host):
    """Signed anew by a stranger who put the own key beside it."""
    carrying = f"{MEDIA}/carrying"
    refused(bare_host, 4, "keyring-in-bundle", "--keyring", f"{carrying}/trusted.gpg", bundle=carrying)


def test_no_keyring(bare_host):
    error = refused(bare_host, 2, "keyring-missing", "--keyring", "/etc/graphistry-airgap/none.gpg")
    assert "/etc/graphistry-airgap/none.gpg" in error["message"]


# ---- a bare host that cannot take it ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "options", "code"),
    [("/opt", "noexec", "path-noexec"), ("/opt", "ro", "path-read-only"), ("/usr", "ro", "path-read-only")],
)
def test_a_place_where_nothing_runs_or_can_be_written(bare_host, place, options, code):
    with mounted(bare_host, place, options):
        error = refused(bare_host, 3, code)
    assert f"{place} is mounted" in error["message"]


@pytest.mark.parametrize(
    ("state", "depends", "code"),
    [("half-configured", "", "dpkg-interrupted"), ("installed", "nowhere", "dpkg-dependencies-broken")],
)
def test_a_foreign_package_that_stands_in_the_way(bare_host, state, depends, code):
    with known(bare_host, "mailer", state, depends):
        assert "mailer" in refused(bare_host, 3, code)["message"]


# ---- the bundle, by the installed tool --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["a layer", "a package", "the bootstrap list"])
def test_the_installed_tool_finds_a_flipped_byte(host, classes, kind):
    code, path = spoilt(kind, classes[kind])
    error = refused(host, 4, code, bundle=f"{MEDIA}/{variant_name(kind)}", by_tool=True)
    assert error["path"] == path


@pytest.mark.parametrize("kind", ["an image manifest", "a release file"])
def test_a_prepared_host_reads_every_byte_too(host, classes, kind):
    """install.sh has nothing to read here, and the tool does it."""
    code, path = spoilt(kind, classes[kind])
    error = refused(host, 4, code, bundle=f"{MEDIA}/{variant_name(kind)}")
    assert error["path"] == path


@pytest.mark.parametrize(("name", "code", "path"), [BROKEN[2], BROKEN[3], BROKEN[4]])
def test_the_installed_tool_finds_what_was_not_signed(host, name, code, path):
    error = refused(host, 4, code, bundle=f"{MEDIA}/{name}", by_tool=True)
    assert error["path"] == path


def test_the_installed_tool_wants_a_keyring_from_elsewhere(host):
    carrying = f"{MEDIA}/carrying"
    inside = ("--keyring", f"{carrying}/trusted.gpg")
    refused(host, 4, "keyring-in-bundle", *inside, bundle=carrying, by_tool=True)
    refused(host, 2, "keyring-missing", "--keyring", "/run/none.gpg", by_tool=True)


# ---- what the operator wrote ------------------------------------------------------------------------------


def test_an_unknown_key_of_the_site_file(host):
    with site(host, site_file().replace("image_store", "image_stor")):
        error = refused(host, 2, "key-unknown")
    assert error["path"] == "docker.image_stor"
    assert "image_store" in error["hint"]


def test_no_site_file(host):
    error = refused(host, 2, "file-missing", "--site", "/etc/graphistry-airgap/none.yml")
    assert "/etc/graphistry-airgap/none.yml" in error["message"]


def test_no_administrator_file(host):
    with moved_away(host, ADMINISTRATOR_FILE):
        error = refused(host, 3, "administrator-missing")
        assert error["path"] == ADMINISTRATOR_FILE
        with site(host, f"{site_file()}waive: [administrator]\n"), unchanged(host):
            status, document = tool(host, "preflight", "--bundle", GOOD)
        assert (status, document["errors"]) == (0, [])


# ---- the host ---------------------------------------------------------------------------------------------


def test_another_platform(host):
    with content(host, "/usr/lib/os-release", b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n'):
        for by_tool in (False, True):
            error = refused(host, 3, "wrong-platform", by_tool=by_tool)
            assert "debian-12" in error["message"]
            assert "debian-13" in error["message"]


@pytest.mark.parametrize("port", [80, 443])
def test_a_port_that_somebody_listens_on(host, port):
    listen = f"import socket, time; s = socket.create_server(('', {port})); time.sleep(600)"
    with running(host, "listener", "/usr/bin/python3", "-c", listen) as pid:
        wait_until(host, f"grep -qi ':{port:04X} .* 0A ' /proc/net/tcp")
        error = refused(host, 3, "port-taken")
    assert f"port {port}" in error["message"]
    assert f"pid {pid}" in error["message"]
    assert "python3" in error["message"]


DISKS = [
    ("/var/lib/docker", ""),
    ("/var/lib/containerd", "  image_store: containerd\n"),
    ("/srv/data", "  data_root: /srv/data\n"),
    ("/srv/product", "root: /srv/product\n"),
]


@pytest.mark.parametrize(("place", "answer"), DISKS, ids=[place for place, _ in DISKS])
def test_too_little_disk_where_it_will_be_written(host, place, answer):
    text = site_file().replace("  image_store: default\n", "") if answer.startswith("  ") else site_file()
    text = text.replace("docker:\n", f"docker:\n{answer}") if answer.startswith("  ") else text + answer
    with small_disk(host, place), site(host, text), unchanged(host):
        status, document = tool(host, "preflight", "--bundle", GOOD)
    errors = {error["code"]: error for error in document["errors"]}
    # the small disk is one in memory, where Docker's data may be and the product's not
    volatile = {"path-volatile"} if answer.startswith("root") else set()
    assert (status, errors.keys()) == (3, {"disk-too-small"} | volatile), document
    assert errors["disk-too-small"]["path"] == place
    assert "MiB" in errors["disk-too-small"]["found"]


def test_docker_settings_that_are_not_json(host):
    broken = b'{"log-driver": "journald",}\n'
    with content(host, "/etc/docker/daemon.json", broken):
        error = refused(host, 3, "daemon-json-invalid")
        assert host.read("/etc/docker/daemon.json") == broken
    assert error["path"] == "/etc/docker/daemon.json"
    assert "line 1" in error["found"]


def test_docker_as_a_snap(host):
    with content(host, "/var/snap/docker/current", b""):
        refused(host, 3, "docker-snap")


def test_podman_under_dockers_name(host, tmp_path):
    with package(host, stub_package(tmp_path, "podman-docker", "5.4.2"), "podman-docker"):
        error = refused(host, 3, "podman-docker")
    assert "5.4.2" in error["message"]


@pytest.mark.parametrize(
    ("route", "pools"),
    [("172.17.5.0/24", ""), ("10.9.8.0/24", "  address_pools: [{base: 10.9.0.0/16, size: 24}]\n")],
    ids=["Docker's own pools", "the site's pools"],
)
def test_routes_that_docker_would_cover(host, route, pools):
    host.require(["ip", "route", "add", route, "dev", "trap0"])
    try:
        with site(host, site_file().replace("docker:\n", f"docker:\n{pools}")):
            error = refused(host, 3, "address-pool-collides")
    finally:
        host.require(["ip", "route", "del", route, "dev", "trap0"])
    assert f"{route} via trap0" in error["message"]


def test_a_package_on_hold_that_is_too_old(host, bundle, tmp_path):
    real = next((bundle / "packages").rglob(f"{OLD_PACKAGE}_*.deb"))
    with package(host, under_version(tmp_path, real, OLD_VERSION), OLD_PACKAGE):
        host.require(["apt-mark", "hold", OLD_PACKAGE])
        error = refused(host, 3, "package-held")
    assert OLD_PACKAGE in error["message"]
    assert OLD_VERSION in error["message"]


def test_a_pin_that_wants_another_version_is_told(host):
    pin, plain = "/etc/apt/preferences.d/site", "/etc/apt/preferences.d/site.bak"
    text = b"Package: docker.io docker-cli\nPin: version 20.10.*\nPin-Priority: 1001\n"
    with (
        content(host, pin, text),
        content(host, plain, b"Package: *\nPin: release *\nPin-Priority: -1\n"),
        unchanged(host),
    ):
        status, document = tool(host, "preflight", "--bundle", GOOD)
    assert (status, document["errors"]) == (0, [])
    (warning,) = [item for item in document["data"]["findings"] if item["code"] == "package-pinned"]
    assert warning["path"] == pin
    assert "docker.io 26.1" in warning["message"]
    assert "docker-cli 26.1" in warning["message"]
    assert "version 20.10.*" in warning["message"]


def test_a_package_that_the_pool_lacks(host):
    """The bundle is what its maker signed, and it cannot serve this host."""
    error = refused(host, 3, "package-file-missing", bundle=f"{MEDIA}/poor")
    assert "tini" in error["message"]


# ---- the run itself ---------------------------------------------------------------------------------------


def test_not_root(host):
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    for command in (
        [INSTALLED_TOOL, "--json", "install", "--bundle", GOOD],
        ["sh", f"{GOOD}/install.sh", "--json"],
    ):
        with unchanged(host):
            result = host.exec([*nobody, *command])
        (error,) = json.loads(result.stdout)["errors"]
        assert (result.rc, error["code"]) == (5, "not-root")
        assert error["hint"]


def test_a_second_installation_at_the_same_time(host):
    """The first one is at work until its preflight ends it."""
    lock = "/run/graphistry-airgap/lock"
    host.require(["rm", "-f", lock])
    with content(host, "/var/snap/docker/current", b""), unchanged(host):
        command = ["docker", "exec", host.name, INSTALLED_TOOL, "--json", "install", "--bundle", GOOD]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as first:
            wait_until(host, f"grep -q pid {lock}")
            holder = json.loads(host.read(lock))
            status, document = tool(host, "install", "--bundle", GOOD)
            out, _ = first.communicate()
    assert [error["code"] for error in document["errors"]] == ["lock-held"]
    assert status == 5
    assert str(holder["pid"]) in document["errors"][0]["message"]
    assert document["errors"][0]["hint"]
    assert json.loads(out)["exit_code"] == 3


def test_a_held_package_lock_is_noticed(host):
    lock = "/var/lib/dpkg/lock-frontend"
    hold = (
        f"import fcntl, pathlib, time; file = open('{lock}', 'a'); fcntl.lockf(file, fcntl.LOCK_EX);"
        " pathlib.Path('/run/test-holds').touch(); time.sleep(600)"
    )
    with running(host, "unattended-upgrades", "/usr/bin/python3", "-c", hold) as pid:
        wait_until(host, "[ -e /run/test-holds ]")
        with unchanged(host):
            status, document = tool(host, "preflight", "--bundle", GOOD)
    assert (status, document["errors"]) == (0, [])
    (warning,) = [item for item in document["data"]["findings"] if item["code"] == "package-lock-held"]
    assert f"pid {pid}" in warning["message"]
    assert any(f"pid {pid}" in message for message in document["messages"])


def test_every_finding_at_once(host):
    with (
        content(host, "/etc/docker/daemon.json", b"[]"),
        content(host, "/var/snap/docker/current", b""),
        moved_away(host, ADMINISTRATOR_FILE),
        unchanged(host),
    ):
        status, document = tool(host, "preflight", "--bundle", GOOD)
    assert status == 3
    codes = {error["code"] for error in document["errors"]}
    assert codes == {"daemon-json-invalid", "docker-snap", "administrator-missing"}


def test_nothing_tried_to_leave_the_host(host):
    assert host.egress().packets == ()
