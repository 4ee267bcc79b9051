"""A host's profile makes a bundle for that host: what it has stays behind, and must still be there."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml

from graphistry_airgap.connected.build import BuildRequest
from graphistry_airgap.connected.profiles.read import read_profile
from graphistry_airgap.connected.release.source import release_digest
from graphistry_airgap.connected.spec import NamedPath
from graphistry_airgap.content import PACKAGE
from graphistry_airgap.wiring.build import build_bundle_service
from lab.bundles.demo import DEMO
from lab.hosts.prepared_host import INSTALLED_TOOL
from tests.kit.bundles.small_release import write_release
from tests.kit.hosts.demo_hosts import demo_host, install, tool

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

PLATFORM = "debian-13"
MEDIA = "/media/bundles"
# iptables and what it needs, which no bare Debian has; nobody else of the closure needs iptables' program
HELD = ("iptables", "libip4tc2", "libip6tc2", "libmnl0", "libnetfilter-conntrack3", "libnfnetlink0")
HELD += ("libnftnl11", "libxtables12")
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs")


@pytest.fixture(scope="module")
def folder(bundle):
    """What the host sees as its media, and the connected machine's files."""
    path = bundle.parents[1] / "tests" / "host-profile"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def host(folder, bundle, keyring):
    """A bare Debian 13 with iptables from the demo's pool."""
    with demo_host(
        "host-profile",
        bundle=folder,
        keyring=keyring,
        medium=MEDIA,
        mounts=[f"{bundle}:/media/demo:ro"],
    ) as started:
        started.require(["sh", "-c", f"dpkg -i {debs(bundle, *HELD)}"])
        yield started


def debs(bundle, *names):
    pool = bundle / "packages" / PLATFORM / "debian" / "pool"
    found = [next(pool.rglob(f"{name}_*.deb")) for name in names]
    return " ".join(f"/media/demo/{path.relative_to(bundle)}" for path in found)


@pytest.fixture(scope="module")
def profile(host, folder):
    """Made by the script as nobody, before anything of ours is on the host."""
    host.put(PACKAGE / "bootstrap" / "host-profile.sh", "/run/host-profile.sh")
    made = host.require([*AS_NOBODY, "sh", "/run/host-profile.sh"])
    (folder / "web1.profile.json").write_text(made)
    return json.loads(made)


@pytest.fixture(scope="module")
def built(folder, profile):
    """The small release with the demo's repositories, once without and once with the profile."""
    spec = yaml.safe_load((DEMO / "demo.bundle.yml").read_text())
    for repository in spec["platforms"][PLATFORM]["repositories"]:
        if repository["uri"].startswith("file:"):
            repository["uri"] = f"file:{DEMO / repository['uri'].removeprefix('file:')}"
            repository["signed_by"] = str(DEMO / repository["signed_by"])
    release = write_release(folder / "release")
    spec["release"] = {"path": "release", "sha256": release_digest(release)}
    for name, profiles in (("whole", []), ("profiled", ["web1.profile.json"])):
        spec["platforms"][PLATFORM]["profiles"] = profiles
        (folder / f"{name}.bundle.yml").write_text(yaml.safe_dump(spec))
        request = BuildRequest(
            folder / f"{name}.bundle.yml", folder / name, cache=DEMO / "cache", offline=True
        )
        build_bundle_service(request).run(request, progress=lambda _: None)
    return {name: json.loads((folder / name / "bundle.json").read_bytes()) for name in ("whole", "profiled")}


def size(folder, name):
    return sum(path.stat().st_size for path in (folder / name / "packages").rglob("*.deb"))


def test_the_bundle_lacks_what_the_host_has_and_nothing_else(folder, profile, built):
    read_profile(NamedPath("web1", folder / "web1.profile.json"))
    there = {package["name"] for package in profile["packages"]}
    assert set(HELD) <= there
    whole, profiled = (built[name]["platforms"][PLATFORM] for name in ("whole", "profiled"))
    assert profiled["packages"] == whole["packages"]
    python = {package["name"] for package in whole["packages"]["python"]}
    wanted = {package["name"] for group in whole["packages"].values() for package in group}
    assumed = {package["name"] for package in profiled["assumed"]}
    assert assumed == (wanted & there) - python
    assert set(HELD) <= assumed
    assert size(folder, "profiled") < size(folder, "whole")


def test_a_host_that_has_lost_one_is_refused_before_any_change_and_taken_once_it_has_it_again(
    host, bundle, built
):
    host.require(["dpkg", "--purge", "iptables"])
    unsigned = ("--allow-unsigned",)
    rc, envelope = install(host, *unsigned, medium=f"{MEDIA}/profiled")
    assert rc == 3
    (error,) = [error for error in envelope["errors"] if error["code"] == "package-assumed"]
    assert error["found"] == "iptables absent"
    assert error["needed"].startswith("iptables ")
    assert host.exec(["dpkg", "-s", "docker.io"]).rc != 0
    host.require(["sh", "-c", f"dpkg -i {debs(bundle, 'iptables')}"])
    rc, envelope = tool(host, "preflight", *unsigned, "--bundle", f"{MEDIA}/profiled")
    assert "package-assumed" not in [error["code"] for error in envelope["errors"]]
    assert rc == 0, envelope["errors"]


def test_the_tool_on_the_host_sees_what_the_script_saw(host, profile):
    rc, envelope = tool(host, "host", "profile", "-o", "/root/web1.profile.json")
    assert rc == 0
    assert host.require(["stat", "-c", "%a", "/root/web1.profile.json"]).strip() == "600"
    known = envelope["data"]["profile"]
    assert json.loads(host.read("/root/web1.profile.json")) == known
    # Python came in between, by install.sh
    names = {package["name"] for package in known["packages"]}
    assert {package["name"] for package in profile["packages"]} <= names
    for key in ("architecture", "kernel", "gpus", "secure_boot", "selinux", "fips", "memory_bytes", "cpus"):
        assert known[key] == profile[key], key
    as_nobody = json.loads(host.require([*AS_NOBODY, INSTALLED_TOOL, "host", "profile"]))
    for key in known.keys() - {"created", "disk"}:
        assert as_nobody[key] == known[key], key
    assert host.name not in json.dumps(known)
    assert host.name not in json.dumps(profile)
