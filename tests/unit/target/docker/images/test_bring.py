"""Imports into a daemon that speaks the real protocol; the states of a host and the faults of a pull."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from graphistry_airgap.target.docker.api import DockerApi
from graphistry_airgap.target.docker.images import (
    bring as image_import,
    state as image_state,
)
from graphistry_airgap.target.docker.images.bring import (
    ImageImport,
    ImageImportError,
    import_images,
)
from graphistry_airgap.target.docker.images.endpoint import Registry
from graphistry_airgap.target.docker.images.plan import parse_images
from tests.kit.bundles.image_layout import ImageLayout
from tests.kit.fakes.fake_docker import FakeDocker

LEFTOVER = "127.0.0.1:40001/graphistry-airgap-import/" + "0" * 32


@pytest.fixture
def layout(tmp_path):
    layout = ImageLayout(tmp_path / "images")
    layout.add("demo/caddy:1", "base", "caddy")
    layout.add("demo/nginx:1", "base", "middle", "nginx")
    layout.add("demo/nexus:1", "base", "middle", "nexus")
    layout.add("demo/redis:1", "other")
    return layout


@pytest.fixture(params=["classic", "containerd"])
def docker(request, tmp_path):
    with FakeDocker(
        tmp_path / "docker.sock", containerd=request.param == "containerd", data_root=tmp_path
    ) as docker:
        yield docker


def run(docker, layout, *, check_mode=False, workers=0):
    images = parse_images(layout.entries)
    task = ImageImport(layout.path, images, api=DockerApi(docker.path), workers=workers)
    return import_images(task, check_mode=check_mode)


def fails(docker, layout):
    with pytest.raises(ImageImportError) as caught:
        run(docker, layout)
    return caught.value


def wanted(docker, layout):
    return {
        image.names[0]: image.manifest if docker.containerd else image.config
        for image in parse_images(layout.entries)
    }


def test_fresh_host_gets_every_image_under_its_name_alone(docker, layout):
    result = run(docker, layout)
    assert docker.names == wanted(docker, layout)
    assert result["changed"]
    assert result["imported"] == sorted(wanted(docker, layout))
    assert result["bytes"] > 0
    assert not result["present"]


def test_second_run_only_looks_at_the_names(docker, layout):
    run(docker, layout)
    docker.calls.clear()
    result = run(docker, layout)
    assert not result["changed"]
    assert result["present"] == sorted(wanted(docker, layout))
    names = [f"GET /images/{name}/json" for name in wanted(docker, layout)]
    assert docker.calls == ["GET /images/json", *names]


def test_check_mode_says_what_it_would_do_and_does_nothing(docker, layout):
    result = run(docker, layout, check_mode=True)
    assert result["changed"]
    assert len(result["imported"]) == 4
    unique = {layer["digest"]: layer["size"] for entry in layout.entries for layer in entry["layers"]}
    assert result["bytes"] == sum(unique.values())
    assert not docker.changes
    assert not docker.names


def test_check_mode_foretells_each_name(docker, layout):
    run(docker, layout)
    nginx = docker.names["demo/nginx:1"]
    docker.names["demo/caddy:1"] = docker.names.pop("demo/redis:1")
    docker.names[LEFTOVER + "@" + "sha256:" + "0" * 64] = nginx
    foretold = run(docker, layout, check_mode=True)
    done = run(docker, layout)
    assert foretold["changes"] == done["changes"]
    assert foretold["diff"] == done["diff"]
    assert run(docker, layout, check_mode=True)["changes"] == []
    told = {one["what"]: (one["before"], one["after"]) for one in done["changes"]}
    assert told["demo/redis:1"] == (None, {"id": docker.names["demo/redis:1"]})
    assert told["demo/caddy:1"] == (
        {"id": docker.names["demo/redis:1"]},
        {"id": docker.names["demo/caddy:1"]},
    )
    (gone,) = [name for name in told if name.startswith(LEFTOVER)]
    assert told[gone] == ({"leftover": True}, None)


def test_check_mode_foretells_what_comes_by_its_config(docker, layout):
    foretold = run(docker, layout, check_mode=True)
    configs = {image.names[0]: {"config": image.config} for image in parse_images(layout.entries)}
    assert {one["what"]: one["after"] for one in foretold["changes"]} == configs
    assert run(docker, layout)["changes"] == foretold["changes"]


def test_name_on_another_image_is_moved_and_the_old_one_told(docker, layout):
    run(docker, layout)
    caddy = wanted(docker, layout)["demo/caddy:1"]
    docker.names["demo/nginx:1"] = caddy
    docker.names["operator/copy:1"] = wanted(docker, layout)["demo/nginx:1"]
    result = run(docker, layout)
    assert result["named"] == [
        {"name": "demo/nginx:1", "id": wanted(docker, layout)["demo/nginx:1"], "old": caddy}
    ]
    assert not result["imported"]
    assert docker.names == {
        **wanted(docker, layout),
        "operator/copy:1": wanted(docker, layout)["demo/nginx:1"],
    }


def test_old_release_under_the_same_name_is_told_when_it_is_replaced(docker, layout):
    docker.contents["sha256:old"] = {"diff_ids": []}
    docker.names["demo/redis:1"] = "sha256:old"
    result = run(docker, layout)
    (named,) = result["named"]
    assert (named["name"], named["old"]) == ("demo/redis:1", "sha256:old")
    assert docker.names == wanted(docker, layout)


def test_image_that_came_by_docker_load_is_the_same_image(docker, layout, tmp_path):
    store = tmp_path / "containerd/daemon/io.containerd.content.v1.content/blobs/sha256"
    store.mkdir(parents=True)
    for number, image in enumerate(parse_images(layout.entries)):
        loaded = f"sha256:{number:064x}"
        (store / f"{number:064x}").write_text(json.dumps({"config": {"digest": image.config}}))
        docker.has(image, id_=loaded if docker.containerd else None, name=image.names[0])
    before = dict(docker.names)
    result = run(docker, layout)
    assert not result["changed"]
    assert docker.names == before
    assert not docker.changes


def test_index_in_the_content_store_leads_to_the_configs(tmp_path):
    blobs = tmp_path / "io.containerd.content.v1.content/blobs/sha256"
    blobs.mkdir(parents=True)
    (blobs / "index").write_text(
        json.dumps({"manifests": [{"digest": "sha256:child"}, {"digest": "sha256:x"}]})
    )
    (blobs / "child").write_text(json.dumps({"config": {"digest": "sha256:config"}}))
    assert list(image_state.stored_configs([tmp_path], "sha256:index")) == ["sha256:config"]
    assert list(image_state.stored_configs([tmp_path], "sha256:absent")) == []


def test_what_a_killed_run_pulled_is_named_and_loses_the_loopback_name(docker, layout):
    image = parse_images(layout.entries)[0]
    docker.has(image, name=f"{LEFTOVER}@{image.manifest}")
    result = run(docker, layout)
    assert image.names[0] not in result["imported"]
    assert docker.names == wanted(docker, layout)


def test_leftover_that_is_not_wanted_goes_and_other_loopback_names_stay(docker, layout):
    docker.contents["sha256:a"] = docker.contents["sha256:b"] = {"diff_ids": []}
    docker.names[f"{LEFTOVER}@sha256:{'1' * 64}"] = "sha256:a"
    docker.names[f"{LEFTOVER}@sha256:{'2' * 64}"] = "sha256:b"
    own = f"127.0.0.1:5000/operator/image@sha256:{'1' * 64}"
    docker.names[own] = "sha256:b"
    run(docker, layout)
    assert docker.names == {**wanted(docker, layout), own: "sha256:b"}
    assert "sha256:a" not in docker.contents


def test_leftovers_alone_are_a_change(docker, layout):
    run(docker, layout)
    image = parse_images(layout.entries)[0]
    docker.names[f"{LEFTOVER}@{image.manifest}"] = docker.names[image.names[0]]
    assert run(docker, layout)["changed"]
    assert docker.names == wanted(docker, layout)
    assert not run(docker, layout)["changed"]


def test_two_names_of_one_image_are_one_pull(docker, layout):
    layout.entries.append({**layout.entries[3], "name": "demo/cache:1"})
    run(docker, layout)
    assert docker.names["demo/cache:1"] == docker.names["demo/redis:1"]
    assert sum(call.startswith("POST pull") for call in docker.calls) == 4


def test_containerd_store_never_unpacks_a_chain_twice_at_once(docker, layout):
    docker.pull_seconds = 0.1
    for number in range(4):
        layout.add(f"demo/more{number}:1", "base", f"more{number}")
    run(docker, layout, workers=8)
    if docker.containerd:
        assert docker.unpacked_twice == 0
    assert docker.most_at_once >= 4


def test_workers_bound_the_pulls(docker, layout):
    docker.pull_seconds = 0.05
    run(docker, layout, workers=1)
    assert docker.most_at_once == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("write /var/lib/docker/tmp/GetImageBlob1: no space left on device", "disk-full"),
        ("failed to register layer: archive/tar: invalid tar header", "image-import-failed"),
    ],
)
def test_failed_pull_names_image_words_and_next_step_and_can_be_repeated(docker, layout, words, code):
    redis = parse_images(layout.entries)[3]
    docker.fail[redis.config] = words
    error = fails(docker, layout)
    assert error.code == code
    assert "demo/redis:1" in str(error)
    assert words in str(error)
    assert error.hint
    assert not any("127.0.0.1" in name for name in docker.names)
    docker.fail.clear()
    landed = dict(docker.names)
    result = run(docker, layout)
    assert result["imported"] == sorted(set(wanted(docker, layout)) - set(landed))
    assert docker.names == wanted(docker, layout)


def test_disk_full_tells_needed_and_available(docker, layout):
    docker.fail[parse_images(layout.entries)[3].config] = "no space left on device"
    error = fails(docker, layout)
    unique = {
        layer["digest"]: layer["size"] + layer["unpacked_size"]
        for entry in layout.entries
        for layer in entry["layers"]
    }
    assert 0 < error.details["needed"] <= sum(unique.values())
    assert error.details["available"] > 0
    assert str(error.details["path"]) in str(error)


def test_after_a_failure_nothing_new_is_started(docker, layout):
    for entry in parse_images(layout.entries):
        docker.fail[entry.config] = "broken"
    with pytest.raises(ImageImportError):
        run(docker, layout, workers=1)
    assert sum(call.startswith("POST pull") for call in docker.calls) == 1


def test_damaged_download_that_the_daemon_kept_is_waited_for(docker, layout, monkeypatch):
    monkeypatch.setattr(image_import, "PATIENCE", (0, 0))
    redis = parse_images(layout.entries)[3]
    docker.fail[redis.config] = "unexpected commit digest sha256:1, expected sha256:2"
    docker.failures_left = 2
    assert run(docker, layout)["imported"] == sorted(wanted(docker, layout))
    assert docker.names == wanted(docker, layout)


def test_whole_files_are_not_called_damaged_when_the_daemon_goes_on_refusing(docker, layout, monkeypatch):
    monkeypatch.setattr(image_import, "PATIENCE", (0, 0))
    docker.fail[parse_images(layout.entries)[3].config] = "unexpected commit digest sha256:1"
    assert fails(docker, layout).code == "image-import-failed"


def test_file_that_cannot_be_read_is_named(docker, layout):
    docker.fail[parse_images(layout.entries)[3].config] = "unexpected EOF"
    blob = layout.blob(layout.entries[3]["layers"][0]["digest"])
    docker.before_failing = blob.unlink
    error = fails(docker, layout)
    assert error.code == "bundle-damaged"
    assert str(blob) in str(error)


def test_name_that_the_daemon_refuses_is_told_in_its_words(docker, layout):
    run(docker, layout)
    del docker.names["demo/redis:1"]
    docker.has(parse_images(layout.entries)[3], name="operator/copy:1")
    docker.refuse_tags = "invalid reference format"
    error = fails(docker, layout)
    assert error.code == "image-import-failed"
    assert "invalid reference format" in str(error)


def test_failure_between_pull_and_name_leaves_no_loopback_name(docker, layout):
    docker.refuse_tags = "invalid reference format"
    assert fails(docker, layout).code == "image-import-failed"
    assert not docker.names


def test_flipped_byte_is_found_by_the_daemon(docker, layout):
    blob = layout.blob(layout.entries[3]["layers"][0]["digest"])
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    error = fails(docker, layout)
    assert error.code == "bundle-damaged"
    assert str(blob) in str(error)
    assert "bundle verify" in error.hint
    assert "demo/redis:1" not in docker.names


@pytest.mark.parametrize("forged", ["manifests", "blobs"])
def test_a_stranger_who_answers_on_the_port_is_held_to_the_bundle_s_digests(
    docker, layout, tmp_path, monkeypatch, forged
):
    """Even one who has the path, too, and knows everything else that is in the bundle."""
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b'{"layers": []}')

    class Stranger(Registry):
        def __init__(self, blobs):
            own = replace(next(iter(blobs.values())), path=theirs, size=theirs.stat().st_size)
            super().__init__(
                {
                    digest: replace(own, media_type=blob.media_type) if blob.kind == forged else blob
                    for digest, blob in blobs.items()
                }
            )

    monkeypatch.setattr(image_import, "Registry", Stranger)
    monkeypatch.setattr(image_import, "PATIENCE", ())
    error = fails(docker, layout)
    assert error.code == "image-import-failed"
    assert "verification failed" in str(error)
    assert not docker.names


@pytest.mark.parametrize("state", ["missing", "short"])
def test_missing_or_short_blob_is_found_before_anything_is_pulled(docker, layout, state):
    blob = layout.blob(layout.entries[0]["layers"][1]["digest"])
    blob.write_bytes(b"short") if state == "short" else blob.unlink()
    error = fails(docker, layout)
    assert error.code == "bundle-damaged"
    assert blob.name in str(error)
    assert not docker.changes


def test_manifest_that_disagrees_with_the_list_is_refused(docker, layout):
    layout.entries[0]["layers"] = layout.entries[3]["layers"]
    error = fails(docker, layout)
    assert error.code == "bundle-damaged"
    assert "demo/caddy:1" in str(error)
    assert not docker.changes


def test_image_that_arrives_without_its_layers_is_not_named(docker, layout):
    docker.arrive_without_layers = True
    error = fails(docker, layout)
    assert error.code == "image-import-failed"
    assert not docker.names


def test_docker_that_cannot_read_zstd_is_refused_before_anything_is_pulled(docker, layout):
    docker.version = "20.10.24+dfsg1"
    error = fails(docker, layout)
    assert error.code == "docker-too-old"
    assert "20.10.24" in str(error)
    assert "23.0" in str(error)
    assert not docker.changes


def test_old_docker_reads_gzip(tmp_path):
    layout = ImageLayout(tmp_path / "images", compression="gzip")
    layout.add("demo/a:1", "base")
    with FakeDocker(tmp_path / "s", version="20.10.24") as docker:
        run(docker, layout)
        assert "demo/a:1" in docker.names


def test_no_daemon_is_said_with_a_next_step(tmp_path, layout):
    task = ImageImport(layout.path, parse_images(layout.entries), api=DockerApi(str(tmp_path / "absent")))
    with pytest.raises(ImageImportError, match="does not answer") as caught:
        import_images(task, check_mode=False)
    assert caught.value.code == "docker-unreachable"
    assert "systemctl" in caught.value.hint


def test_root_of_containerd_comes_from_its_configuration(tmp_path):
    config = tmp_path / "config.toml"
    assert str(image_state.configured_containerd_root(config)) == "/var/lib/containerd"
    config.write_text('version = 2\n# root = "/no"\nroot = "/data/containerd"\n[x]\n')
    assert str(image_state.configured_containerd_root(config)) == "/data/containerd"
