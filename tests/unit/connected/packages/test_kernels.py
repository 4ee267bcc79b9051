import pytest

from graphistry_airgap.connected.packages.kernels import nearest_kernels

KNOWN = [
    "6.12.115+deb13-cloud-amd64",
    "6.12.115+deb13.1-cloud-amd64",
    "6.12.117+deb13-cloud-amd64",
    "6.12.9+deb13-cloud-amd64",
    "6.12.100+deb13-cloud-amd64",
    "6.12.116+deb13-amd64",
    "amd64",
    "5.14.0-503.40.1.el9_5.x86_64",
    "5.14.0-427.el9.x86_64",
    "4.18.0-553.el8.x86_64",
]


@pytest.mark.parametrize(
    ("wanted", "nearest"),
    [
        (
            "6.12.116+deb13-cloud-amd64",
            ["6.12.115+deb13-cloud-amd64", "6.12.115+deb13.1-cloud-amd64", KNOWN[2]],
        ),
        ("6.12.8+deb13-cloud-amd64", ["6.12.9+deb13-cloud-amd64", "6.12.100+deb13-cloud-amd64"]),
        ("6.1.0-28-amd64", ["6.12.116+deb13-amd64"]),
        ("5.14.0-503.20.1.el9_5.x86_64", ["5.14.0-427.el9.x86_64", "5.14.0-503.40.1.el9_5.x86_64"]),
        ("6.8.0-45-generic", []),
        ("6.12", []),
    ],
)
def test_nearest_of_the_same_flavour(wanted, nearest):
    assert nearest_kernels(wanted, KNOWN) == nearest
