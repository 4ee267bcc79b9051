"""Bundles with a driver: what the spec can get wrong, and what the bundle says about it."""

import json
import os
import re
import stat
import subprocess

import pytest

from graphistry_airgap.bundle.adapters.directory import BundleDirectory
from graphistry_airgap.bundle.inspection import inspect_bundle
from graphistry_airgap.bundle.manifest import parse_bundle
from graphistry_airgap.bundle.trust.adapters.check import check_signature
from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.packages.apt.system import Apt
from tests.kit.bundles.apt_repository import KERNEL, AptRepository, add_driver, add_kernel
from tests.kit.bundles.build_site import BuildSite, refused
from tests.kit.bundles.guest_drivers import guest_deb, sha256, token
from tests.kit.strict_schemas import strict

pytestmark = pytest.mark.subprocesses

DRIVER = f"""\
    driver: {{branch: "550", kernels: ["{KERNEL}"], waive: [driver-range]}}
"""

BRANCHES = "550 (Debian's own, non-free), 580 (NVIDIA's repository), 590 (NVIDIA's repository)"


def run(argv, environment):
    done = subprocess.run(
        argv, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


class DriverSite(BuildSite):
    def __init__(self, path, keys, version="550.163.01-2", modules=None):
        super().__init__(path, keys)
        add_driver(self.repository, version, modules)
        add_kernel(self.repository)
        self.repository.publish()
        self.want(DRIVER)

    def want(self, more):
        self.pin()
        with (self.path / "demo.bundle.yml").open("a") as spec:
            spec.write(more)

    def bundle(self):
        return json.loads((self.path / "out/bundle.json").read_bytes())

    def inspect(self):
        return inspect_bundle(
            self.path / "out", open_directory=BundleDirectory, check_signature=check_signature
        )


@pytest.fixture
def site(tmp_path, keys):
    return DriverSite(tmp_path / "site", keys)


def test_bundle_with_a_driver(site):
    result = site.build()
    document = site.bundle()
    strict("bundle-v1").validate(document)
    platform = document["platforms"]["debian-13"]
    assert platform["driver"] == {
        "branch": "550",
        "version": "550.163.01",
        "modules": ["open", "proprietary"],
        "kernels": [KERNEL],
        "kernel_images": {KERNEL: "6.12.117-1"},
    }
    groups = {"driver", "driver-open", "driver-proprietary", f"headers-{KERNEL}"}
    assert groups < set(platform["packages"])
    assert not [path for path in document["files"] if "linux-image" in path or "linux-base" in path]
    assert parse_bundle((site.path / "out/bundle.json").read_bytes()).platforms["debian-13"].driver
    (licence,) = document["licences"]
    assert {"firmware-nvidia-gsp", "libcuda1", "nvidia-kernel-dkms"} < set(licence["packages"])
    assert "dkms" not in licence["packages"]
    assert any("too old" in message and "(waived)" in message for message in result.messages)


def test_same_checksums_from_another_cache_and_offline(site):
    site.build()
    first = site.sums()
    site.build(offline=True)
    assert site.sums() == first
    site.build("other", cache="cache2")
    assert site.sums("other") == first


def test_without_driver_nothing_of_it_is_there(site):
    site.want("")
    site.build()
    document = site.bundle()
    assert not {"driver", "vgpu"} & set(document["platforms"]["debian-13"])
    assert document["licences"] == []


def test_inspect_tells_of_driver_and_licence(site):
    site.build()
    shown = site.inspect()
    text = "\n".join(shown.messages)
    assert f"NVIDIA driver 550.163.01, open and proprietary modules, headers for {KERNEL}" in text
    assert "/usr/share/doc/<package>/copyright" in text
    assert shown.data["platforms"]["debian-13"]["driver"]["version"] == "550.163.01"
    assert shown.data["licences"][0]["concerns"]


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (DRIVER.replace("waive: [driver-range]", "waive: []"), "driver-out-of-range", "driver.waive"),
        # the way on: a branch that fits, and who has it, or the hosts' own driver
        (DRIVER.replace("waive: [driver-range]", "waive: []"), "driver-out-of-range", BRANCHES),
        (DRIVER.replace("550", "999"), "driver-branch-unknown", BRANCHES),
        (DRIVER.replace("550", "999"), "driver-branch-unknown", "leave `driver` out"),
        (DRIVER.replace("550", "580"), "driver-modules-unknown", "modules: [open]"),
        (DRIVER.replace("6.12.117", "6.12.107"), "kernel-unavailable", f"linux-headers-{KERNEL}"),
        (DRIVER.replace('"550"', "550"), "value-invalid", "string"),
        (DRIVER.replace("kernels", "kernel"), "key-unknown", "kernels"),
        (DRIVER.replace(KERNEL, "../6.12"), "value-invalid", "match"),
        (DRIVER.replace("waive: [driver-range]", "waive: [range]"), "value-invalid", "driver-range"),
        (DRIVER.replace("waive: [driver-range]", "modules: []"), "value-invalid", ""),
    ],
)
def test_wrong_driver_in_the_spec(site, more, code, words):
    site.want(more)
    error = refused(site)
    assert (error.exit_code, error.code) == (2, code)
    assert words in error.hint


def test_repository_with_another_version_of_the_branch_is_noted(tmp_path, keys):
    result = DriverSite(tmp_path / "site", keys, "550.200.05-1").build()
    assert result.data["drivers"]["debian-13"]["version"] == "550.200.05"
    assert any("550.200.05" in message and "550.163.01" in message for message in result.messages)


@pytest.mark.parametrize(
    ("version", "modules", "code"),
    [
        ("570.10.01-1", None, "driver-branch-changed"),
        ("550.163.01-2", "550.90.07-1", "driver-versions-differ"),
    ],
)
def test_repository_without_the_branch(tmp_path, keys, version, modules, code):
    error = refused(DriverSite(tmp_path / "site", keys, version, modules))
    assert (error.exit_code, error.code) == (2, code)


def test_a_branch_out_of_nvidia_s_own_repository(site, keys):
    """As the guide has it: beside Debian's repositories NVIDIA's, which holds other branches, too."""
    nvidia = AptRepository(site.path / "nvidia", keys, flat=True)
    for version in ("580.95.05-1", "580.126.20-1", "590.48.01-1", "615.71.09-1"):
        nvidia.add("nvidia-driver-cuda", version, depends="libcuda1, nvidia-persistenced")
        nvidia.add("nvidia-kernel-open-dkms", version, depends="dkms, firmware-nvidia-gsp")
        for name in ("libcuda1", "nvidia-persistenced", "firmware-nvidia-gsp"):
            nvidia.add(name, version)
    nvidia.publish()
    site.want(
        '      - {name: nvidia, uri: "file:nvidia", suite: /, components: [], signed_by: nvidia/key.gpg}\n'
        f'    driver: {{branch: "580", modules: [open], kernels: ["{KERNEL}"]}}\n'
    )
    result = site.build()
    platform = site.bundle()["platforms"]["debian-13"]
    assert platform["driver"]["version"] == "580.126.20"
    groups = platform["packages"]
    held = {one["name"]: one["version"] for one in [*groups["driver"], *groups["driver-open"]]}
    assert (held.pop("dkms"), held.pop("kmod"), held.pop("openssl")) == ("3.2", "3.2", "3.2")
    assert held == dict.fromkeys(
        (
            "firmware-nvidia-gsp",
            "libcuda1",
            "nvidia-driver-cuda",
            "nvidia-kernel-open-dkms",
            "nvidia-persistenced",
        ),
        "580.126.20-1",
    )
    assert not [message for message in result.messages if "too old" in message]


@pytest.mark.parametrize("suite", ["/", "./"])
def test_a_flat_repository_is_one_that_a_host_reads(site, keys, tmp_path, suite):
    """NVIDIA's are flat, the toolkit's as well as the driver's."""
    nvidia = AptRepository(site.path / "nvidia", keys, flat=True)
    nvidia.add("nvidia-container-toolkit", "9", depends="libc6")
    nvidia.publish()
    site.want(
        f"      - {{name: nvidia, uri: 'file:nvidia', suite: {suite}, components: [], "
        "signed_by: nvidia/key.gpg}\n"
    )
    site.build()
    document = parse_bundle((site.path / "out/bundle.json").read_bytes())
    platform = document.raw["platforms"]["debian-13"]
    apt = Apt(Host(run=run))
    settings = apt.settings(
        tmp_path / "state",
        site.path / "out",
        platform["repositories"],
        {name: file.sha256.removeprefix("sha256:") for name, file in document.files.items()},
    )
    for path, data in settings.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    apt.read_lists(settings)
    _, said, _ = run(
        ["apt-get", "install", "--print-uris", "-y", "nvidia-container-toolkit=9"],
        {"APT_CONFIG": str(settings.config)},
    )
    assert "nvidia/" in said
    assert "nvidia-container-toolkit" in said


def test_release_that_nothing_is_known_about(site):
    (site.release / "VERSION").write_text("v9.9.9\n")
    (site.release / "CUDA_SHORT_VERSION").write_text("77\n")
    text = (site.release / "docker-compose.yml").read_text()
    (site.release / "docker-compose.yml").write_text(re.sub(r"\$\{CUDA_SHORT_VERSION\}", "12", text))
    site.want(DRIVER.replace("waive: [driver-range]", "waive: []"))
    assert any("Nothing is known" in message for message in site.build().messages)


def vgpu(site, *, waive="[]", expires=None, depends="libnvidia-ml1"):
    driver = guest_deb(site.path, version="575.57.08", depends=depends)
    made = token(site.path, **({"expires": expires} if expires else {}))
    site.want(
        f"    vgpu:\n      driver: {{path: {driver.name}, sha256: {sha256(driver)}}}\n"
        f"      token: {{path: {made.name}, sha256: {sha256(made)}}}\n"
        f'      kernels: ["{KERNEL}"]\n      waive: {waive}\n'
    )


def test_vgpu_files_and_what_they_are_built_with(site):
    vgpu(site)
    site.build()
    document = site.bundle()
    strict("bundle-v1").validate(document)
    strict("lock-v1").validate(json.loads((site.path / "out/lock.json").read_bytes()))
    platform = document["platforms"]["debian-13"]
    assert "driver" not in platform
    assert platform["vgpu"]["driver"]["version"] == "575.57.08"
    tools = {package["name"] for package in platform["packages"]["driver-vgpu"]}
    assert tools == {"dkms", "gcc", "make", "kmod", "libnvidia-ml1"}
    assert f"headers-{KERNEL}" in platform["packages"]
    items = json.loads((site.path / "out/lock.json").read_bytes())["items"]
    origins = {item["kind"]: item["origin"] for item in items if item["kind"].startswith("vgpu")}
    assert origins == {
        "vgpu-driver": "nvidia-linux-grid-580_575.57.08_amd64.deb",
        "vgpu-token": "client_configuration_token_11-21-2026.tok",
    }


def test_token_is_told_of_and_never_shown(site):
    vgpu(site)
    built = site.build()
    carried = site.path / "out" / site.bundle()["platforms"]["debian-13"]["vgpu"]["token"]["path"]
    content = carried.read_text()
    assert stat.S_IMODE(carried.stat().st_mode) == 0o600
    shown = site.inspect()
    assert any("HOLDS A LICENCE TOKEN" in message for message in [*shown.messages])
    assert any("LICENCE TOKEN" in message for message in built.messages)
    said = json.dumps([shown.data, shown.messages, built.data, built.messages])
    for part in [*content.split("."), "not-for-anybody"]:
        assert part not in said
        for path in (site.path / "out").rglob("*"):
            assert path == carried or not path.is_file() or part.encode() not in path.read_bytes()
    assert not [
        path
        for path in (site.path / "cache").rglob("*")
        if path.is_file() and content.encode() in path.read_bytes()
    ]


def test_token_that_has_expired(site):
    vgpu(site, expires=1_700_000_000)
    error = refused(site)
    assert (error.exit_code, error.code) == (2, "vgpu-token-expired")
    assert "2023-11-14" in error.message


def test_file_that_is_no_token(site):
    vgpu(site)
    path = site.path / "client_configuration_token_11-21-2026.tok"
    before = sha256(path)
    path.write_text("not a token")
    text = (site.path / "demo.bundle.yml").read_text()
    (site.path / "demo.bundle.yml").write_text(text.replace(before, sha256(path)))
    error = refused(site)
    assert (error.exit_code, error.code) == (2, "vgpu-token-unreadable")


def test_guest_driver_out_of_range(site):
    (site.release / "CUDA_SHORT_VERSION").write_text("13\n")
    text = (site.release / "docker-compose.yml").read_text()
    (site.release / "docker-compose.yml").write_text(text.replace("${CUDA_SHORT_VERSION}", "12"))
    vgpu(site)
    error = refused(site)
    assert (error.exit_code, error.code) == (2, "driver-out-of-range")
    assert "vgpu.waive" in error.hint
