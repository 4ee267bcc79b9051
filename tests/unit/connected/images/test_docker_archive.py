import gzip
import hashlib
import json
import subprocess

import pytest

from graphistry_airgap.bundle.images import GZIP, ZSTD, Image
from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.images import docker_archive
from graphistry_airgap.connected.images.docker_archive import DockerArchive
from graphistry_airgap.core.errors import AirgapError, InputError
from tests.kit.bundles.docker_archives import SavedImage, digest, layer_tar, new_form, old_form

pytestmark = pytest.mark.subprocesses

BASE = layer_tar("base", b"0123456789" * 100_000)
CADDY = SavedImage(("graphistry/caddy:v1-universal",), (BASE,), extra="{tar}")
NEXUS = SavedImage(("graphistry/nexus:v1-12", "nexus"), (BASE, layer_tar("{app", b"app")))
FORMS = {
    "old": old_form(CADDY, NEXUS),
    "new": new_form(CADDY, NEXUS),
    "new with compressed layers": new_form(CADDY, NEXUS, compressed=True),
    "untagged beside": old_form(CADDY, SavedImage((), (layer_tar("x", b""),)), NEXUS),
}


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def pack(cache, tmp_path):
    def pack_bytes(data, *, compress=True, compression=ZSTD):
        path = tmp_path / "containers.tar.gz"
        path.write_bytes(gzip.compress(data, mtime=0) if compress else data)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return DockerArchive(cache).pack(path, sha256, compression, lambda _: None)

    return pack_bytes


def blob(cache, name):
    path = cache.find(name.removeprefix("sha256:"))
    assert path is not None
    assert digest(path.read_bytes()) == path.name
    return path


@pytest.mark.parametrize("form", FORMS)
def test_configs_keep_their_bytes_and_layers_their_diff_ids(pack, cache, form):
    images = {image.name: image for image in pack(FORMS[form])}
    assert set(images) == {"graphistry/caddy:v1-universal", "graphistry/nexus:v1-12", "nexus:latest"}
    for name, saved in (("graphistry/caddy:v1-universal", CADDY), ("nexus:latest", NEXUS)):
        image = images[name]
        assert blob(cache, image.config).read_bytes() == saved.config()
        assert len(image.layers) == len(saved.layers)
        for layer, raw in zip(image.layers, saved.layers, strict=True):
            packed = blob(cache, layer.digest)
            unpacked = subprocess.run(["zstd", "-dc", packed], capture_output=True, check=True).stdout
            assert unpacked == raw
            assert layer.diff_id == f"sha256:{digest(raw)}"
            assert (layer.size, layer.unpacked_size) == (packed.stat().st_size, len(raw))


def test_same_layers_give_the_same_blobs_whatever_the_form(pack):
    packed = [pack(FORMS[form]) for form in ("old", "new", "new with compressed layers")]
    assert packed[0] == packed[1] == packed[2]


def test_uncompressed_archive(pack):
    assert pack(FORMS["old"], compress=False) == pack(FORMS["old"])


def test_manifest_names_the_vendors_config(pack):
    image = next(image for image in pack(FORMS["old"]) if image.name == "nexus:latest")
    manifest = json.loads(image.manifest())
    assert manifest["config"]["digest"] == f"sha256:{digest(NEXUS.config())}"
    assert image.descriptor()["digest"] == f"sha256:{digest(image.manifest())}"
    assert Image.from_json(image.to_json()) == image


def test_layers_for_a_docker_without_zstd(pack, cache):
    """Both forms lie side by side in the cache; the image stays the same, its manifest does not."""
    images = [pack(FORMS["old"], compression=compression)[0] for compression in (ZSTD, GZIP)]
    types = [{row["mediaType"] for row in json.loads(image.manifest())["layers"]} for image in images]
    prefix = "application/vnd.oci.image.layer.v1.tar+"
    assert types == [{f"{prefix}zstd"}, {f"{prefix}gzip"}]
    assert images[0].config == images[1].config
    assert [layer.diff_id for layer in images[0].layers] == [layer.diff_id for layer in images[1].layers]
    assert gzip.decompress(blob(cache, images[1].layers[0].digest).read_bytes()) == BASE
    assert pack(FORMS["new"], compression=GZIP)[0] == images[1]
    assert Image.from_json(images[1].to_json()) == images[1]


def test_second_time_packs_nothing(pack, monkeypatch):
    first = pack(FORMS["old"])
    monkeypatch.setattr(docker_archive, "_ArchivePass", None)
    assert pack(FORMS["old"]) == first


def test_lost_blob_is_made_again(pack, cache):
    first = pack(FORMS["old"])
    cache.forget(first[0].layers[0].digest.removeprefix("sha256:"))
    assert pack(FORMS["old"]) == first
    blob(cache, first[0].layers[0].digest)


def test_layers_that_the_config_does_not_name(pack):
    lying = SavedImage(("x:1",), (layer_tar("a", b"a"),))
    data = old_form(lying).replace(lying.config(), lying.config().replace(b"sha256:", b"sha256;"))
    with pytest.raises(InputError, match="not those that its config names"):
        pack(data)


@pytest.mark.parametrize("data", [gzip.compress(FORMS["old"])[:3000], b"not an archive", b""])
def test_damaged_archive(pack, cache, data):
    with pytest.raises(AirgapError):
        pack(data, compress=False)
    assert not list((cache.root / "tmp").iterdir())
