"""What of the product is on a host, running or not, whose it is, and what an installation says to it."""

import json

import pytest

from graphistry_airgap.target.envfile.text import BEGIN
from graphistry_airgap.target.finding import in_order
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.judges import release as findings_release
from graphistry_airgap.target.preflight.probes import (
    docker as probe_docker,
    installation as probe_installation,
)

ROOT = "/var/graphistry"
STATE = "var/lib/graphistry-airgap"
DOCKER = "var/lib/docker"
SERVICES = {"caddy": "graphistry/caddy:v2.50.1-universal", "redis": "redis:6.2.7"}
JUDGES = (
    findings_release.other_release,
    findings_release.releases_beside,
    findings_release.foreign_installation,
    findings_release.project_name,
)


class Machine:
    """A tree of files with what Docker and installations leave."""

    def __init__(self, root):
        self.root = root
        self.host = Host(run=lambda *_: (1, "", ""), root=root)

    def write(self, path, text=""):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def release(self, folder, version="v2.50.1", *, marked=False, used=False):
        for name in ("docker-compose.yml", "graphistry", "VERSION"):
            self.write(f"{folder}/{name}", f"{version}\n")
        self.write(f"{folder}/data/config/custom.env", f"{BEGIN}\n" if marked else "A=1\n")
        if used:
            self.write(f"{folder}/data/notebooks/mine.ipynb")

    def receipt(self, version="v2.50.1", root=ROOT, name="receipt.json"):
        bundle = {"release": version, "path": "/media/old"}
        self.write(f"{STATE}/{name}", json.dumps({"site": {"root": root}, "bundle": bundle, "images": []}))

    def container(self, service, directory, *, project="graphistry", image=None, running=False, root=DOCKER):
        prefix = "com.docker.compose."
        labels = {
            prefix + "project": project,
            prefix + "service": service,
            prefix + "project.working_dir": directory,
        }
        config = {"Image": image or SERVICES.get(service, "x:1"), "Labels": labels if project else None}
        found = {"Name": f"/{project}-{service}-1", "Config": config, "State": {"Running": running}}
        self.write(f"{root}/containers/{project}{service}/config.v2.json", json.dumps(found))

    def stack(self, directory, **options):
        for service in SERVICES:
            self.container(service, directory, **options)

    def volume(self, name="v2.50.1_postgres_data", *, filled=True, root=DOCKER):
        (self.root / root / "volumes" / name / "_data").mkdir(parents=True)
        if filled:
            self.write(f"{root}/volumes/{name}/_data/PG_VERSION", "14")

    def link(self, path, target):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).symlink_to(target)

    def probe(self, *, root=ROOT, networks=()):
        seeded = ["data/notebooks/demo.ipynb"]
        return probe_installation.installation(self.host, root, seeded, ["/var/lib/docker"], networks)

    def findings(self, version="v2.50.1", *, root=ROOT, project="graphistry", networks=()):
        folder = self.root / root.lstrip("/") / "releases"
        profile = {
            "installation": self.probe(root=root, networks=networks),
            "releases": {
                "installed": sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
            },
            "release_networks": {"project": project},
        }
        wanted = {"release_version": version, "root": root, "purpose": "server"}
        return in_order(finding for judge in JUDGES for finding in judge(profile, wanted))

    def codes(self, *arguments, **options):
        return [finding.code for finding in self.findings(*arguments, **options)]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def ours(machine):
    """An installation of this installer's own that runs."""
    machine.release("var/graphistry/releases/v2.50.1", marked=True, used=True)
    machine.link("var/graphistry/current", "releases/v2.50.1")
    machine.receipt()
    machine.stack("/var/graphistry/releases/v2.50.1", running=True)
    machine.volume()
    return machine


def test_a_host_without_the_product_says_nothing(machine):
    machine.container("db", "/srv/shop", project="shop", image="postgres:16")
    machine.volume("shop_postgres_data")
    assert machine.codes() == []


def test_the_installed_release_itself_says_nothing(ours):
    assert ours.codes() == []


def test_another_release_over_a_used_one_is_refused_naming_both(ours):
    [found] = ours.findings("v2.50.2")
    assert (found.severity, found.code) == ("error", "host-other-release")
    for word in ("v2.50.1", "v2.50.2", "the volume v2.50.1_postgres_data holds data", "2 containers run"):
        assert word in found.message
    assert "/media/old" in found.hint
    assert "another host" in found.hint
    assert "rm -rf" not in found.hint


@pytest.mark.parametrize("kept", ["volume", "users", "containers"])
def test_one_sign_of_life_is_enough(machine, kept):
    machine.release("var/graphistry/releases/v2.50.1", marked=True, used=kept == "users")
    machine.receipt()
    if kept == "volume":
        machine.volume()
    if kept == "containers":
        machine.stack("/var/graphistry/releases/v2.50.1", running=True)
    assert machine.codes("v2.50.2") == ["host-other-release"]


def test_a_first_installation_that_failed_is_replaced_and_told(machine):
    machine.release("var/graphistry/releases/v2.50.1", marked=True)
    machine.write("var/graphistry/releases/v2.50.1/data/notebooks/demo.ipynb")
    machine.receipt()
    machine.stack("/var/graphistry/releases/v2.50.1")
    machine.volume(filled=False)
    [found] = machine.findings("v2.50.2")
    assert (found.severity, found.code) == ("warning", "release-replaced")
    assert "v2.50.2 takes its place" in found.message


def test_a_receipt_of_which_nothing_is_left_stops_nothing(machine):
    machine.receipt()
    assert machine.codes("v2.50.2") == ["release-replaced"]


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_a_lost_receipt_and_the_marks_are_enough_for_the_same_release(ours, damage):
    receipt = ours.root / STATE / "receipt.json"
    receipt.unlink()
    if damage == "damaged":
        receipt.write_text('{"site": 3')
    assert ours.codes() == []
    assert ours.codes("v2.50.2") == ["host-other-release"]


def test_a_kept_receipt_speaks_where_the_newest_is_gone(ours):
    (ours.root / STATE / "receipt.json").unlink()
    ours.receipt(name="receipts/20261101T000000Z.json")
    ours.release("var/graphistry/releases/v2.50.1", used=True)
    assert ours.codes() == []


def test_a_release_that_an_interrupted_run_laid_down_is_no_installation(machine):
    machine.release("var/graphistry/releases/v2.50.1")
    assert machine.codes() == []


@pytest.mark.parametrize("running", [False, True])
def test_the_same_release_in_another_directory_is_named(machine, running):
    machine.release("srv/old", used=True)
    machine.stack("/srv/old", running=running)
    machine.volume()
    [found] = machine.findings(networks=["grph_net"])
    assert (found.severity, found.code, found.path) == ("error", "host-foreign-installation", "/srv/old")
    words = ("directory /srv/old", "graphistry-caddy-1, graphistry-redis-1", "volumes v2.50.1_postgres_data")
    for word in (*words, "network grph_net", "2 of 2 run" if running else "(stopped)"):
        assert word in found.message
    assert found.hint.index("save its database") < found.hint.index("docker volume rm")


def test_the_vendor_s_manual_installation_at_our_root_is_not_ours(machine):
    machine.release("var/graphistry/releases/v2.50.1", used=True)
    machine.volume()
    [found] = machine.findings()
    assert found.code == "host-foreign-installation"
    assert "/var/graphistry/releases/v2.50.1" in found.message


def test_our_root_moved_in_the_site_file_is_an_installation_elsewhere(ours):
    [found] = ours.findings(root="/srv/graphistry")
    assert found.code == "host-foreign-installation"
    assert "set `root: /var/graphistry`" in found.hint


def test_a_marked_copy_elsewhere_is_not_ours(machine):
    machine.release("srv/copy", marked=True)
    machine.stack("/srv/copy")
    assert machine.codes() == ["host-foreign-installation"]


def test_a_volume_of_this_release_alone_would_be_taken_over(machine):
    machine.volume()
    [found] = machine.findings()
    assert found.code == "host-foreign-installation"
    assert "v2.50.1_postgres_data" in found.message


def test_a_volume_of_another_release_alone_is_told_and_stays(machine):
    machine.volume("v2.45.9_postgres_data")
    [found] = machine.findings()
    assert (found.severity, found.code) == ("warning", "volumes-left")


def test_docker_kept_elsewhere_by_a_snap_is_looked_at(machine):
    machine.stack("/home/me/graphistry", root="var/snap/docker/common/var-lib-docker")
    assert machine.codes() == ["host-foreign-installation"]


def test_another_application_of_the_same_project_name_is_called_that(machine):
    machine.container("web", "/srv/wiki", image="nginx:1.27", running=True)
    [found] = machine.findings()
    assert (found.severity, found.code) == ("error", "host-project-taken")
    assert "not Graphistry" in found.message
    assert "/srv/wiki: graphistry-web-1" in found.message


def test_dashboards_without_the_server_are_not_the_product(machine):
    machine.container("gak", "/srv/gak", project="gak", image="graphistry/graph-app-kit-st:v2.41")
    assert machine.codes() == []


def test_images_of_a_private_registry_are_the_product_s(machine):
    machine.container("caddy", "/srv/g", project="g", image="registry.example:5000/graphistry/caddy:v2.49.0")
    assert machine.codes() == ["host-foreign-installation"]


def test_services_tell_where_an_image_has_lost_its_name(machine):
    for service in ("nexus", "streamgl-viz"):
        machine.container(service, "/srv/g", project="g", image="sha256:" + "a" * 64)
    assert machine.codes() == ["host-foreign-installation"]


def test_what_cannot_be_read_is_said(machine):
    machine.write(f"{DOCKER}/containers/0123456789abcdef/config.v2.json", "{")
    assert machine.codes() == ["containers-unread"]


@pytest.mark.parametrize("link", ["var/graphistry", "var"])
@pytest.mark.parametrize("form", ["as called", "resolved"])
def test_a_link_on_the_way_changes_nothing(machine, link, form):
    """Compose writes down the path as it was called."""
    machine.link(link, {"var/graphistry": "../mnt/big", "var": "mnt/var"}[link])
    real = {"var/graphistry": "mnt/big", "var": "mnt/var/graphistry"}[link]
    (machine.root / real).mkdir(parents=True)
    machine.release("var/graphistry/releases/v2.50.1", marked=True, used=True)
    machine.receipt()
    machine.stack(f"/{real if form == 'resolved' else 'var/graphistry'}/releases/v2.50.1", running=True)
    machine.volume()
    assert machine.codes() == []
    named = probe_installation.as_site_names(machine.host, ROOT, f"/{real}/releases/v2.50.1")
    assert named == "/var/graphistry/releases/v2.50.1"


def test_a_directory_elsewhere_keeps_its_name(machine):
    assert probe_installation.as_site_names(machine.host, ROOT, "/var/graphistry2") == "/var/graphistry2"
    assert probe_installation.as_site_names(machine.host, ROOT, "") == ""


WANTED, SITES = "sha256:" + "c" * 64, "sha256:" + "5" * 64


class Known:
    names = {"redis:6.2.7": SITES, "graphistry/caddy:v2.50.1-universal": WANTED, "absent:1": ""}
    present = {WANTED: WANTED}


def image_findings(*, own=(), projects=()):
    containers = [{"Names": ["/shop-redis-1"], "ImageID": SITES}, {"Names": ["/x"], "ImageID": WANTED}]
    renamed = probe_docker._renamed(Known, containers)
    profile = {"docker": {"engine": {"renamed": renamed}}, "installation": {}}
    profile["installation"] = {"images": list(own), "projects": list(projects)}
    return list(findings_release.image_names(profile, {}))


def test_the_site_s_image_of_a_wanted_name_is_told_with_its_containers():
    [found] = image_findings()
    assert (found.severity, found.code) == ("warning", "image-name-taken")
    assert "redis:6.2.7" in found.message
    assert "shop-redis-1" in found.message
    assert found.found == f"redis:6.2.7 was {SITES}, used by shop-redis-1"


def test_an_image_of_an_earlier_bundle_passes_its_name_on_without_a_word():
    assert image_findings(own=[SITES]) == []
    assert image_findings(projects=[{"ours": True, "containers": ["shop-redis-1"]}]) == []
    assert image_findings(projects=[{"ours": False, "containers": ["shop-redis-1"]}])
