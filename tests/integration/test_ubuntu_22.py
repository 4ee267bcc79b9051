"""Ubuntu 22.04, a stand-in: its Python is 3.10, and the tool runs on an interpreter of the bundle's own.

Real are apt, dpkg, the archive's signatures and shape, and two CPythons: the host's 3.10 and the bundle's
3.12, whose archive stands in for a relocatable build.  A kernel in FIPS mode is not to be had: its flag is
shown to a run alone, in a mount namespace.
"""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from lab.bundles.ubuntu import UBUNTU_22
from lab.hosts.prepared_host import INSTALL, INSTALLED_TOOL, MEDIUM, RECEIPT, SITE_FILE, site_file
from lab.hosts.ubuntu_host import UBUNTU_22_IMAGE
from tests.kit.bundles.bundle_steps import try_bundle
from tests.kit.bundles.bundle_variants import variants_of
from tests.kit.bundles.made_bundle import made_bundle
from tests.kit.hosts.demo_hosts import demo_host, snapshot, tool
from tests.kit.hosts.platform_hosts import (
    install_again_as_row,
    install_as_row,
    require_silence,
    restart_as_row,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.hosts.sealed_host import SealedHost

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

PLATFORM = "ubuntu-22.04"
ARCHIVE = f"runtime/{PLATFORM}/interpreter.tar.gz"
PROGRAM = "/opt/graphistry-airgap"
RAN = "/root/the-interpreter-ran"
ALLOWED = "/etc/graphistry-airgap/allow.fips-interpreter"
OWN = "$(dirname $(dirname $(readlink -f /opt/graphistry-airgap/bin/graphistry-airgap)))"
# all of the system's Python that an installer could change; what it compiles for itself is its own
THEIRS = (
    "find /usr/bin/python3* /usr/lib/python3.10 -name __pycache__ -prune -o ! -type d"
    " -printf '%p %T@ %s %m\\n' | LC_ALL=C sort"
)
FIPS = """
mkdir -p /run/real-sys
mount --bind /proc/sys /run/real-sys
mount -t tmpfs none /proc/sys
for part in /run/real-sys/*; do
    mkdir "/proc/sys/${part##*/}"
    mount --bind "$part" "/proc/sys/${part##*/}"
done
mkdir /proc/sys/crypto
echo 1 >/proc/sys/crypto/fips_enabled
exec "$@"
"""
# at the end of a Python's hashlib: whoever of ours asks it leaves a line
TELLS = """
import sys as _sys
def _told(name, made):
    def ask(*given, **more):
        if "/graphistry_airgap/" in _sys._getframe(1).f_code.co_filename:
            with open("/root/hashlib-asked", "a") as told:
                told.write(name + " " + _sys._getframe(1).f_code.co_filename + "\\n")
        return made(*given, **more)
    return ask
sha1, sha256, md5, new = _told("sha1", sha1), _told("sha256", sha256), _told("md5", md5), _told("new", new)
"""

TELLS_VERSION = b"""
import sys
with open("/root/python-ran", "a") as told:
    told.write(f"{sys.version_info[:2]} {sys.executable}\\n")
"""


@pytest.fixture(scope="module")
def platform_bundle() -> Path:
    return made_bundle(UBUNTU_22, "`python -m lab.bundles.ubuntu`")


@pytest.fixture(scope="module")
def media(platform_bundle) -> Iterator[Path]:
    """The bundle, and beside it one whose interpreter was exchanged for a program that leaves a trace."""
    with variants_of(platform_bundle, UBUNTU_22.parent / "tests" / "ubuntu-22-media") as variants:
        variants.add("tampered").write(ARCHIVE, leaves_a_trace())
        yield variants.root


@pytest.fixture(scope="module")
def host(platform_bundle, media) -> Iterator[SealedHost]:
    with demo_host(
        "ubuntu-22",
        bundle=platform_bundle,
        keyring=UBUNTU_22 / "trusted.gpg",
        mounts=[f"{media / 'tampered'}:/media/tampered:ro"],
        image=UBUNTU_22_IMAGE,
    ) as made:
        yield made


@pytest.fixture(scope="module")
def before(host) -> dict[str, list[str]]:
    return {**snapshot(host), "python": sh(host, THEIRS).splitlines()}


@pytest.fixture(scope="module")
def installed(host, before) -> dict[str, Any]:
    return install_as_row(PLATFORM, host)


def leaves_a_trace() -> bytes:
    packed, script = io.BytesIO(), f"#!/bin/sh\ntouch {RAN}\n".encode()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        program = tarfile.TarInfo("python/bin/python3.12")
        program.size, program.mode = len(script), 0o755
        tar.addfile(program, io.BytesIO(script))
    return packed.getvalue()


def sh(host: SealedHost, script: str) -> str:
    return host.require(["sh", "-c", script], timeout=120)


def in_fips_mode(host: SealedHost, *command: str) -> tuple[int, dict[str, Any]]:
    done = host.exec(["unshare", "--mount", "sh", "-ec", FIPS, "sh", *command], timeout=900)
    return done.rc, json.loads(done.stdout)


def test_the_bundle_resolves_is_built_again_and_verifies(platform_bundle):
    scratch = UBUNTU_22.parent / "tests" / "ubuntu-22"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    spec, keyring = UBUNTU_22 / "ubuntu.bundle.yml", UBUNTU_22 / "trusted.gpg"
    try_bundle(PLATFORM, spec, platform_bundle, keyring, scratch, stand_in=True)
    shutil.rmtree(scratch)


def test_the_bundle_says_what_it_brings(platform_bundle):
    document = json.loads((platform_bundle / "bundle.json").read_bytes())
    platform = document["platforms"][PLATFORM]
    own = platform["interpreter"]
    assert own["path"] == ARCHIVE
    assert own["version"].startswith("3.12.")
    assert ARCHIVE in (platform_bundle / "SHA256SUMS").read_text()
    listed = {
        (one["name"], one["version"]): one
        for one in json.loads((platform_bundle / "sbom.cdx.json").read_bytes())["components"]
        if one["bom-ref"].startswith("interpreter/")
    }
    (openssl,) = own["openssl"]
    assert listed.keys() == {("cpython", own["version"]), ("openssl", openssl)}
    assert listed["cpython", own["version"]]["licenses"][0]["license"]["id"] == "PSF-2.0"
    # in jammy-updates alone
    versions = {package["name"]: package["version"] for package in platform["packages"]["docker"]}
    assert versions["docker-compose-v2"] == "2.27.1+ds1-0ubuntu1~22.04.1"


def test_the_host_is_an_ubuntu_22_with_the_interpreter_of_one(host, before):
    assert 'VERSION_ID="22.04"' in host.read("/etc/os-release").decode()
    assert sh(host, "/usr/bin/python3 -c 'import sys; print(sys.version_info[:2])'") == "(3, 10)\n"
    assert sh(host, "command -v python3.11 python3.12 docker || echo none") == "none\n"


def test_an_interpreter_that_was_changed_is_refused_before_it_runs(host, before):
    done = host.exec([word.replace(MEDIUM, "/media/tampered") for word in INSTALL] + ["--json"], timeout=300)
    errors = json.loads(done.stdout)["errors"]
    assert (done.rc, [(one["code"], one["path"]) for one in errors]) == (4, [("checksum-mismatch", ARCHIVE)])
    assert host.exec(["test", "-e", RAN]).rc != 0
    assert host.exec(["test", "-e", PROGRAM]).rc != 0


def test_in_fips_mode_it_is_refused_with_the_way_out_and_nothing_is_unpacked(host, before):
    rc, envelope = in_fips_mode(host, *INSTALL, "--json")
    (error,) = envelope["errors"]
    assert (rc, error["code"]) == (3, "interpreter-fips")
    assert f"touch {ALLOWED}" in error["hint"]
    assert host.exec(["test", "-e", PROGRAM]).rc != 0


def test_it_is_installed_from_the_bundle_alone(host, installed):
    receipt = json.loads(host.read(RECEIPT))
    assert receipt["bundle"]["platform"] == PLATFORM
    changed = {row["name"]: row["to"] for row in receipt["packages"]}
    assert changed.keys() >= {"docker.io", "docker-compose-v2", "containerd", "runc"}
    assert not any(name.startswith(("python3", "libpython3")) for name in changed)


def test_the_tool_runs_on_its_own_interpreter_which_is_root_s_alone(host, installed):
    asks = "-I -c 'import ssl, sys; print(sys.base_prefix, ssl.OPENSSL_VERSION)'"
    prefix, _, openssl = sh(host, f"{OWN}/bin/python {asks}").strip().partition(" ")
    assert prefix == f"{sh(host, f'echo {OWN}').strip()}/python"
    assert openssl != sh(host, f"/usr/bin/python3 {asks}").strip().partition(" ")[2]
    assert sh(host, f"stat -c '%U:%G %a' {prefix}") == "root:root 700\n"
    assert sh(host, f"find {prefix} ! -user root -o ! -type l -perm /022") == ""
    nobody = ["setpriv", "--reuid=65534", "--clear-groups", "sh", "-c", f"{prefix}/bin/python3.12 -V"]
    assert host.exec(nobody).rc == 126


def test_the_system_s_python_is_left_alone(host, before, installed):
    assert sh(host, THEIRS).splitlines() == before["python"]
    assert before["python"]


def test_the_second_installation_changes_nothing(host, installed):
    install_again_as_row(PLATFORM, host)


def test_modules_run_on_the_system_s_python(host, installed):
    told = "/usr/lib/python3.10/sitecustomize.py"
    host.put(TELLS_VERSION, told)
    try:
        rc, _ = tool(host, "preflight")
    finally:
        sh(host, f"rm {told}")
    assert rc == 0
    assert set(sh(host, "cat /root/python-ran").splitlines()) == {"(3, 10) /usr/bin/python3"}


def test_status_tells_how_long_each_python_is_mended(host, installed):
    """The system's fixes end in June 2027, the interpreter's in October 2028."""
    rc, status = tool(host, "status")
    assert (rc, status["data"]["unhealthy"]) == (0, [])
    today = sh(host, "date -u +%Y-%m").strip()
    told = [line for line in status["messages"] if "its Python with it" in line]
    assert bool(told) is (today > "2026-06")


def test_in_fips_mode_the_platform_s_programs_digest_where_the_site_allows_the_interpreter(host, installed):
    library = f"{OWN}/python/lib/python3.12/hashlib.py"
    sh(host, f"cp -p {library} /root/hashlib.py")
    host.put(TELLS.encode(), "/root/tells.py")
    sh(host, f"cat /root/tells.py >>{library}")
    verify = [INSTALLED_TOOL, "--json", "bundle", "verify", MEDIUM, "--keyring", INSTALL[-1]]
    try:
        rc, refused = in_fips_mode(host, INSTALLED_TOOL, "--json", "preflight", "--bundle", MEDIUM)
        assert (rc, [one["code"] for one in refused["errors"]]) == (3, ["interpreter-fips"])
        host.put((site_file() + "hardening: {allow: [fips-interpreter]}\n").encode(), SITE_FILE)
        sh(host, f"touch {ALLOWED}")
        for command in (verify, [*INSTALL, "--json"]):
            rc, envelope = in_fips_mode(host, *command)
            assert rc == 0, json.dumps(envelope, indent=1)
        assert host.exec(["test", "-e", "/root/hashlib-asked"]).rc != 0, sh(host, "cat /root/hashlib-asked")
        found = {one["code"]: one["severity"] for one in envelope["data"]["findings"]}
        assert found["interpreter-fips"] == "warning"
        # without FIPS mode it is asked, and would have been seen
        host.require(verify, timeout=300)
        assert "sha256" in sh(host, "cat /root/hashlib-asked")
    finally:
        sh(host, f"cp -p /root/hashlib.py {library}; rm -f {ALLOWED} /root/hashlib-asked")
        host.put(site_file().encode(), SITE_FILE)


def test_nothing_tried_to_leave(host, installed):
    require_silence(host)


@pytest.mark.long
def test_it_comes_back_after_a_restart(host, installed):
    restart_as_row(PLATFORM, host)
