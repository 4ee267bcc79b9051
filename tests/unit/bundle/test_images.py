import pytest

from graphistry_airgap.bundle.images import GZIP, ZSTD
from graphistry_airgap.connected.images.compression import layer_compression
from graphistry_airgap.connected.packages.apt_release import Package
from graphistry_airgap.connected.packages.closure import Closure


def closure(*packages):
    group = tuple(
        Package(name, version, "amd64", "docker", f"{name}.deb", 1, "0" * 64) for name, version in packages
    )
    return Closure((), {"docker": group})


DEBIAN_12 = closure(("containerd", "1.6.20"), ("docker.io", "20.10.24+dfsg1-1+deb12u1"))
DEBIAN_13 = closure(("docker.io", "26.1.5+dfsg1-9+b9"), ("runc", "1.1.15"))
DOCKERS_OWN = closure(("containerd.io", "1.7.28-1"), ("docker-ce", "5:28.5.1-1~debian.12~bookworm"))


@pytest.mark.parametrize(
    ("closures", "expected"),
    [
        ([DEBIAN_13], ZSTD),
        ([DEBIAN_12], GZIP),
        ([DOCKERS_OWN, DEBIAN_13], ZSTD),
        ([DEBIAN_13, DEBIAN_12], GZIP),
        ([closure(("docker-ce", "3:22.0.9-1.el9"))], GZIP),
        ([closure(("docker-ce", "3:23.0.0-1.el9"))], ZSTD),
        # a host that has its Docker already: nobody knows which
        ([DEBIAN_13, closure(("docker-compose-plugin", "2.40"))], GZIP),
    ],
)
def test_layers_are_what_every_docker_of_the_bundle_reads(closures, expected):
    assert layer_compression(closures) == expected
