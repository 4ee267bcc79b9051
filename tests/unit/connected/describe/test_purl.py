"""Package URLs are those that the library of the purl project writes."""

import pytest
from packageurl import PackageURL

from graphistry_airgap.connected.describe import purl

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            purl.deb("debian", "13", "docker-compose", "1:2.26.1-4+b1~deb13", "amd64"),
            (
                "deb",
                "debian",
                "docker-compose",
                "1:2.26.1-4+b1~deb13",
                {"arch": "amd64", "distro": "debian-13"},
            ),
        ),
        (
            purl.rpm("rhel", "9", "gcc-c++", "1:11.4-1.el9", "x86_64"),
            ("rpm", "rhel", "gcc-c++", "11.4-1.el9", {"arch": "x86_64", "epoch": "1", "distro": "rhel-9"}),
        ),
        (
            purl.rpm("rhel", "9", "bash", "5.1-6.el9", "x86_64"),
            ("rpm", "rhel", "bash", "5.1-6.el9", {"arch": "x86_64", "distro": "rhel-9"}),
        ),
        (
            purl.purl("pypi", "", "Markdown_It_py", "1.0+x y"),
            ("pypi", None, "Markdown_It_py", "1.0+x y", None),
        ),
        (purl.purl("npm", "@angular", "core", "1.0"), ("npm", "@angular", "core", "1.0", None)),
        (
            purl.purl("apk", "alpine", "musl", "1.2-r0", arch="x86_64"),
            ("apk", "alpine", "musl", "1.2-r0", {"arch": "x86_64"}),
        ),
        (
            purl.purl("conda", "", "xz", "5", channel="main", build=""),
            ("conda", None, "xz", "5", {"channel": "main"}),
        ),
        (
            purl.oci("graphistry/caddy:v1-universal", DIGEST),
            (
                "oci",
                None,
                "caddy",
                DIGEST,
                {"repository_url": "docker.io/graphistry/caddy", "tag": "v1-universal"},
            ),
        ),
        (
            purl.oci("registry.example:5000/a/b:c", DIGEST),
            ("oci", None, "b", DIGEST, {"repository_url": "registry.example:5000/a/b", "tag": "c"}),
        ),
    ],
)
def test_as_the_library_writes_it(ours, theirs):
    assert ours == PackageURL(*theirs).to_string() == PackageURL.from_string(ours).to_string()


def test_an_official_image_has_its_folder():
    assert "repository_url=docker.io/library/redis&" in purl.oci("redis:6.2.7", DIGEST)
