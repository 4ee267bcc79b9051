"""bundle.json: read as values, refused when it is newer or misshapen."""

import copy
import json

import pytest

from graphistry_airgap.bundle.manifest import parse_bundle
from graphistry_airgap.connected.runtime.bootstrap import render_bootstrap
from graphistry_airgap.core.errors import BundleError
from tests.kit.bundles.mini_bundle import MiniBundle


@pytest.fixture
def document(tmp_path):
    bundle = MiniBundle(tmp_path)
    bundle.write()
    return json.loads((tmp_path / "bundle.json").read_text())


def parse(document):
    return parse_bundle(json.dumps(document).encode())


def test_a_manifest_becomes_values(document):
    bundle = parse(document)
    platform = bundle.platforms["debian-13"]
    assert bundle.release.version == "v2.50.1"
    assert [package.name for package in platform.packages["python"]] == ["python3"]
    assert bundle.images[0].name == "graphistry/caddy:v2.50.1-universal"
    assert len(bundle.images[0].blobs()) == 4
    assert bundle.files["release/VERSION"].size == 8


@pytest.fixture
def of_dnf(document):
    """The same manifest for a platform of dnf's."""
    platform = document["platforms"].pop("debian-13")
    document["platforms"]["rhel-9"] = platform
    key = platform["repositories"][0]["signed_by"]
    platform["package_system"] = "dnf"
    platform["repositories"] = [
        {
            "name": "docker",
            "path": "packages/rhel-9/docker",
            "signed_by": key,
            "package_keys": [key],
            "metadata_signed": False,
        }
    ]
    platform["packages"]["docker"] = [
        {"name": "docker-ce", "version": "3:26.1.5~rc1^git2-1.el9", "architecture": "x86_64"}
    ]
    return document


def test_a_manifest_says_nothing_of_the_package_system_before_it_knew_two(document):
    document["platforms"]["debian-13"].pop("package_system", None)
    assert parse(document).platforms["debian-13"].package_system == "apt"


def test_repositories_of_dnf_become_values(of_dnf):
    platform = parse(of_dnf).platforms["rhel-9"]
    (repository,) = platform.repositories
    assert platform.package_system == "dnf"
    assert (repository.suite, repository.components) == ("", ())
    assert repository.package_keys == (repository.signed_by,)
    assert not repository.metadata_signed
    assert platform.packages["docker"][0].version == "3:26.1.5~rc1^git2-1.el9"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda platform: platform.update(package_system="pacman"), "one of apt, dnf"),
        (lambda platform: platform["repositories"][0].update(metadata_signed="no"), "true or false"),
        (lambda platform: platform["repositories"][0].update(package_keys=["../key"]), "inside the bundle"),
        (lambda platform: platform["repositories"][0].update(package_keys=["gone.asc"]), "gone.asc"),
        (lambda platform: platform["repositories"][0].pop("package_keys"), "package_keys"),
    ],
)
def test_misshapen_repositories_of_dnf(of_dnf, change, said):
    change(of_dnf["platforms"]["rhel-9"])
    with pytest.raises(BundleError, match=said):
        parse(of_dnf)


@pytest.fixture
def with_driver(document):
    """The same manifest with a driver, a guest's files and a licence note."""
    platform = document["platforms"]["debian-13"]
    package = {"name": "nvidia-smi", "version": "550.163.01-2", "architecture": "amd64"}
    for group in ("driver", "driver-open", "headers-6.12-amd64"):
        platform["packages"][group] = [package]
    platform["driver"] = {
        "branch": "550",
        "version": "550.163.01",
        "modules": ["open"],
        "kernels": ["6.12-amd64"],
        "kernel_images": {"6.12-amd64": "6.12.117-1"},
    }
    platform["vgpu"] = {
        "driver": {"path": "vgpu/debian-13/grid.deb", "kind": "deb", "version": "580.95.05"},
        "token": {"path": "vgpu/debian-13/client_configuration_token.tok"},
    }
    for path in ("grid.deb", "client_configuration_token.tok"):
        document["files"][f"vgpu/debian-13/{path}"] = {"size": 1, "sha256": "0" * 64}
    document["licences"] = [{"name": "driver", "packages": ["nvidia-smi"], "note": "non-free"}]
    return document


def test_driver_guest_files_and_licences_become_values(with_driver):
    bundle = parse(with_driver)
    platform = bundle.platforms["debian-13"]
    assert platform.driver.kernel_images == {"6.12-amd64": "6.12.117-1"}
    assert platform.vgpu.driver.kind == "deb"
    assert platform.vgpu.token == "vgpu/debian-13/client_configuration_token.tok"
    assert bundle.licences[0].concerns == ("nvidia-smi",)


def test_a_newer_schema_names_the_tool_that_reads_it(document):
    document.update(schema=2, tool={"minimum": "3.1.0", "reason": "delta bundles"})
    with pytest.raises(BundleError) as caught:
        parse(document)
    assert caught.value.code == "bundle-too-new"
    assert "3.1.0" in caught.value.hint
    assert "delta bundles" in caught.value.message
    assert caught.value.details["minimum_tool"] == "3.1.0"


def test_keys_of_a_later_tool_are_ignored(with_driver):
    for entry in (with_driver, with_driver["release"], *with_driver["platforms"].values()):
        entry["later"] = "x"
    with_driver["platforms"]["debian-13"]["vgpu"]["later"] = "x"
    with_driver["images"][0]["later"] = with_driver["files"]["install.sh"]["later"] = []
    assert parse(with_driver).platforms["debian-13"].vgpu.driver.kind == "deb"


def drop(path):
    def spoil(document):
        *parents, last = path
        for key in parents:
            document = document[key]
        del document[last]

    return spoil


def put(path, value):
    def spoil(document):
        *parents, last = path
        for key in parents:
            document = document[key]
        document[last] = value

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        drop(["schema"]),
        drop(["id"]),
        drop(["release", "version"]),
        drop(["platforms", "debian-13", "repositories", 0, "signed_by"]),
        put(["schema"], "1"),
        put(["schema"], 0),
        put(["release", "path"], "../../etc"),
        put(["release", "path"], "/etc"),
        put(["platforms", "debian-13", "runtime"], "runtime/../x"),
        put(["platforms"], []),
        put(["created"], "today"),
        put(["id"], "0" * 32 + "\n"),
        put(["images", 0, "config"], "sha256:../../x"),
        put(["images", 0, "layers", 0, "size"], -1),
        put(["files", "install.sh"], "hex"),
        put(["files", "install.sh", "mode"], "4755"),
        put(["files", "../x"], {"size": 1, "sha256": "0"}),
        put(["release", "version"], "../../../etc"),
        put(["release", "version"], "v1 {{ x }}"),
        put(["release", "empty_directories"], ["data/../../../etc"]),
        put(["release", "empty_directories"], None),
        put(["platforms", "debian-13", "repositories", 0, "signed_by"], "packages/none.gpg"),
        put(["platforms", "debian-13", "repositories", 0, "suite"], "x main\ndeb [trusted=yes] file:/x"),
        put(["platforms", "debian-13", "repositories", 0, "components"], [""]),
        put(["platforms", "debian-13", "packages", "python", 0, "name"], "-oDPkg::Pre-Invoke::=id"),
        put(["platforms", "debian-13", "packages", "python", 0, "version"], "1 2"),
    ],
)
def test_a_misshapen_manifest_is_a_bundle_error(document, spoil):
    spoiled = copy.deepcopy(document)
    spoil(spoiled)
    with pytest.raises(BundleError) as caught:
        parse(spoiled)
    assert caught.value.code == "bundle-malformed"


PLATFORM = ["platforms", "debian-13"]


@pytest.mark.parametrize(
    "spoil",
    [
        drop([*PLATFORM, "packages", "driver"]),
        drop([*PLATFORM, "packages", "driver-open"]),
        drop([*PLATFORM, "packages", "headers-6.12-amd64"]),
        drop([*PLATFORM, "driver", "version"]),
        drop([*PLATFORM, "driver", "kernel_images", "6.12-amd64"]),
        put([*PLATFORM, "driver", "modules"], ["closed"]),
        put([*PLATFORM, "driver", "branch"], "550; reboot"),
        put([*PLATFORM, "driver", "kernels"], ["../../etc"]),
        put([*PLATFORM, "driver"], None),
        put([*PLATFORM, "packages", "a b"], []),
        put([*PLATFORM, "vgpu", "driver", "path"], "/etc/passwd"),
        put([*PLATFORM, "vgpu", "driver", "path"], "vgpu/not-listed.deb"),
        put([*PLATFORM, "vgpu", "driver", "kind"], "exe"),
        put([*PLATFORM, "vgpu", "token", "path"], "vgpu/../../token"),
        put([*PLATFORM, "vgpu", "token"], None),
        put([*PLATFORM, "driver", "kernel_images"], {"6.12-amd64": "1 2"}),
        put(["licences"], [{"name": "driver", "note": "non-free"}]),
        put(["licences"], None),
        put(["licences", 0, "packages"], ["-o"]),
    ],
)
def test_a_misshapen_driver_is_a_bundle_error(with_driver, spoil):
    spoil(with_driver)
    with pytest.raises(BundleError) as caught:
        parse(with_driver)
    assert caught.value.code == "bundle-malformed"


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff\xfe", b"null", b"[" * 100_000])
def test_what_is_no_json_object_is_a_bundle_error(raw):
    with pytest.raises(BundleError):
        parse_bundle(raw)


def test_the_bootstrap_file_has_sources_and_exact_packages(document):
    text = render_bootstrap(document["platforms"]["debian-13"], "v2.50.1")
    assert text.splitlines() == [
        "release v2.50.1",
        "source deb [arch=amd64 targets=Packages by-hash=no signed-by=@KEYS@/debian.gpg "
        "check-valid-until=no] copy:@BUNDLE@/packages/debian-13/debian trixie main",
        "package python3=3.13.5-1",
    ]


def test_ready_made_modules_become_values(with_driver):
    platform = with_driver["platforms"]["debian-13"]
    platform["packages"]["driver-open-6.12-amd64"] = []
    platform["driver"] |= {"prebuilt": {"open": ["6.12-amd64"]}, "origin": "Ubuntu"}
    driver = parse(with_driver).platforms["debian-13"].driver
    assert (driver.prebuilt, driver.origin) == ({"open": ("6.12-amd64",)}, "Ubuntu")
    assert driver.entry() == platform["driver"]


@pytest.mark.parametrize(
    "ready",
    [{"open": ["6.12-amd64"]}, {"open": ["6.13-amd64"]}, {"closed": []}, {"open": ["../x"]}, ["open"]],
)
def test_ready_made_modules_without_their_packages_are_a_bundle_error(with_driver, ready):
    with_driver["platforms"]["debian-13"]["driver"]["prebuilt"] = ready
    with pytest.raises(BundleError):
        parse(with_driver)
