"""Imports into a real Docker with each image store, on a sealed host."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bench.image_set import Size, generate, pack
from lab.hosts.engine_host import STORES, EngineHost, make_image

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

IMPORT = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, "/opt/source")
from graphistry_airgap.target.docker import api as docker_api
from graphistry_airgap.target.docker.images import bring as image_import
from graphistry_airgap.target.docker.images import plan as image_plan
layout, listing, fault = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if fault == "killed":
    image_import.ImageImport._tag = lambda *_: os._exit(137)
images = image_plan.parse_images(json.loads(listing.read_bytes())["images"])
task = image_import.ImageImport(layout, images, api=docker_api.DockerApi())
try:
    print(json.dumps(image_import.import_images(task, check_mode=fault == "check")))
except image_import.ImageImportError as error:
    print(json.dumps({"code": error.code, "message": str(error), **error.details}))
"""
NAMES = [f"demo/image{number}:1" for number in range(4)]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """The same small set as an archive, as a layout, and as a layout with one flipped byte."""
    folder = tmp_path_factory.mktemp("images")
    generate(folder / "containers.tar.gz", Size(images=4, megabytes=40, files=2000), prefix="demo")
    pack(folder / "containers.tar.gz", folder)
    shutil.copytree(folder / "images", folder / "damaged")
    entry = json.loads((folder / "bundle.json").read_text())["images"][2]
    blob = folder / "damaged/blobs" / entry["layers"][-1]["digest"].replace(":", "/")
    content = bytearray(blob.read_bytes())
    content[len(content) // 2] ^= 1
    blob.unlink()
    blob.write_bytes(content)
    return folder


@pytest.fixture(scope="module", params=STORES)
def booted(request, images):
    make_image()
    host = EngineHost(f"airgap-test-images-{request.param}", request.param)
    host.stop()
    with host:
        host.boot(mounts=[f"{images}:/media/set:ro", f"{ROOT / 'installer'}:/opt/source:ro"])
        yield host


@pytest.fixture
def host(booted):
    """Docker without an image; at the end no packet has tried to leave and no loopback name is left."""
    booted.fresh()
    booted.mark()
    yield booted
    assert booted.egress().packets == ()
    assert "127.0.0.1" not in booted.require(["docker", "image", "ls", "--digests", "--all"])


def run(host, fault="", *, layout="images"):
    command = ["python3", "-B", "-c", IMPORT, f"/media/set/{layout}", "/media/set/bundle.json", fault]
    if fault == "killed":
        assert host.exec(command).rc == 137
        return None
    return json.loads(host.require(command))


def load(host):
    host.require(["docker", "load", "-i", "/media/set/containers.tar.gz"])


def inspect(host, name=NAMES[0]):
    return json.loads(host.require(["docker", "image", "inspect", name]))[0]


def ids(host):
    return {name: inspect(host, name)["Id"] for name in NAMES}


def entries(images):
    return {entry["name"]: entry for entry in json.loads((images / "bundle.json").read_text())["images"]}


def test_fresh_import_gives_usable_images_with_the_vendors_configs(host, images):
    result = run(host)
    assert result["imported"] == NAMES
    for name, entry in entries(images).items():
        seen = inspect(host, name)
        expected = entry["config"] if host.store == "classic" else entry["manifest"]["digest"]
        assert seen["Id"] == expected
        assert seen["Config"]["Healthcheck"]["Test"] == ["CMD", "/bin/true"]
        assert seen["RootFS"]["Layers"] == [layer["diff_id"] for layer in entry["layers"]]
    host.require(["docker", "create", "--name", "made", NAMES[3]])
    listing = host.require(["sh", "-c", "docker export made | tar -t"])
    assert all(f"opt/{layer}/0000/000000" in listing for layer in ("base", "middle", "image3"))
    host.require(["docker", "rm", "made"])


def test_image_is_the_one_that_docker_load_gives(host):
    load(host)
    loaded = {name: inspect(host, name) for name in NAMES}
    host.fresh()
    run(host)
    # the containerd store names an image by its manifest, and the two have different ones
    fields = [
        "Config",
        "Created",
        "Architecture",
        "Os",
        "RootFS",
        *(["Id"] if host.store == "classic" else []),
    ]
    for name in NAMES:
        seen = inspect(host, name)
        assert {key: seen[key] for key in fields} == {key: loaded[name][key] for key in fields}


def test_second_run_changes_nothing_and_sends_nothing(host):
    run(host)
    before = ids(host)
    result = run(host)
    assert not result["changed"]
    assert result["present"] == NAMES
    assert result["bytes"] == 0
    assert ids(host) == before


def test_check_mode_changes_nothing(host):
    assert run(host, "check")["imported"] == NAMES
    assert host.require(["docker", "image", "ls", "-q"]) == ""


def test_images_that_came_by_docker_load_are_the_same_images(host):
    load(host)
    before = ids(host)
    assert not run(host)["changed"]
    assert ids(host) == before


def test_wrong_and_missing_names_are_set_without_a_pull(host):
    run(host)
    before = ids(host)
    host.require(["docker", "tag", NAMES[0], "operator/copy:1"])
    host.require(["docker", "tag", NAMES[1], NAMES[0]])
    host.require(["docker", "tag", NAMES[2], "operator/other:1"])
    host.require(["docker", "rmi", NAMES[2]])
    result = run(host)
    assert not result["imported"]
    named = {item["name"]: item["old"] for item in result["named"]}
    assert named == {NAMES[0]: before[NAMES[1]], NAMES[2]: ""}
    assert ids(host) == before
    assert inspect(host, "operator/copy:1")["Id"] == before[NAMES[0]]


def test_killed_import_is_taken_up_by_the_next(host):
    run(host, "killed")
    left = host.require(["docker", "image", "ls", "--digests"])
    assert "graphistry-airgap-import" in left
    result = run(host)
    assert len(result["imported"]) < len(NAMES)
    assert sorted([*result["imported"], *(item["name"] for item in result["named"])]) == NAMES
    assert not run(host)["changed"]


def test_flipped_byte_is_refused_and_the_good_layout_goes_on(host):
    error = run(host, layout="damaged")
    assert error["code"] == "bundle-damaged"
    assert error["image"] == NAMES[2]
    result = run(host)
    assert NAMES[2] in result.get("imported", result)
    assert sorted([*result["imported"], *result["present"]]) == NAMES


def test_full_disk_is_told_with_its_place_and_a_second_run_goes_on(host):
    path = "/var/lib/docker" if host.store == "classic" else "/var/lib/containerd"
    units = ["docker.socket", "docker", "containerd"]
    host.require(["systemctl", "stop", *units])
    host.require(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", path])
    try:
        host.require(["systemctl", "start", "docker"])
        error = run(host)
        assert error["code"] == "disk-full"
        assert error["path"] == path
        assert error["needed"] > error["available"]
        host.require(["mount", "-o", "remount,size=1g", path])
        assert run(host)["changed"]
        assert not run(host)["changed"]
    finally:
        host.exec(["systemctl", "stop", *units])
        host.exec(["umount", path])
        host.require(["systemctl", "start", "docker"])
