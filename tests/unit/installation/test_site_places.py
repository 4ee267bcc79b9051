"""Directories that nobody can mean are refused as input, before the host is looked at."""

import pytest

from graphistry_airgap.core.errors import ExitCode, FindingsError
from graphistry_airgap.installation import site_places
from graphistry_airgap.installation.site_file import Site

FILE = "/etc/graphistry-airgap/site.yml"


def site_of(**document):
    return Site.from_document({"schema": 1, "purpose": "server", **document})


def told(**document):
    site = site_of(**document)
    with pytest.raises(FindingsError) as caught:
        site_places.check(site, lambda _: FILE)
    assert caught.value.worst == ExitCode.INPUT
    return [(one.code, one.details["path"]) for one in caught.value.errors]


@pytest.mark.parametrize(
    "root",
    [
        "/proc/1", "/sys", "/dev/shm/x", "/run/graphistry", "/tmp", "/tmp/x", "/var/tmp/x", "/var/run/x",
        "/etc", "/etc/graphistry", "/boot/g", "/usr", "/usr/share/g", "/lib64/x", "/bin",
        "/opt/graphistry-airgap", "/var/lib/graphistry-airgap/root", "/etc/graphistry-airgap/x",
        "/var", "/home", "/opt/", "/media", "/var/../tmp/x", "/usr/local",
        "/var/lib/docker", "/var/lib/docker/volumes/x",
    ],
)  # fmt: skip
def test_a_root_that_cannot_be_meant(root):
    assert told(root=root) == [("root-unusable", "root")]


@pytest.mark.parametrize(
    "root",
    ["/var/graphistry", "/opt/graphistry", "/srv/product", "/usr/local/graphistry", "/tmpfs/x", "/etcetera",
     "/home/graphistry/data", "/mnt/disk/graphistry", "/var/lib/docker-data", "/opt/graphistry-airgap2"],
)  # fmt: skip
def test_a_root_of_its_own(root):
    site_places.check(site_of(root=root, docker={"data_root": root + "-docker"}), lambda _: FILE)


def test_docker_s_data_root_is_judged_too():
    assert told(docker={"data_root": "/tmp/docker"}) == [("data-root-unusable", "docker.data_root")]
    assert told(root="/etc", docker={"data_root": "/proc/x"}) == [
        ("root-unusable", "root"),
        ("data-root-unusable", "docker.data_root"),
    ]
