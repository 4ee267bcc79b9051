"""Which images may be pulled side by side, and in which order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from graphistry_airgap.target.docker.images.plan import (
    Image,
    Layer,
    Schedule,
    chain_ids,
    familiar,
    parse_images,
)
from tests.kit.bundles.image_layout import ImageLayout

HEX = "sha256:" + "{:064x}"


def image(number, *layers, size=1):
    """Layers are small integers; an equal prefix is an equal chain."""
    return Image(
        names=(f"demo/i{number}:1",),
        manifest=HEX.format(1000 + number),
        manifest_size=1,
        media_type="m",
        config=HEX.format(2000 + number),
        layers=tuple(Layer(HEX.format(n), 1, HEX.format(n), size if n == layers[-1] else 1) for n in layers),
    )


def test_chain_id_is_the_oci_one():
    # computed by hand with sha256sum over "<first> <second>"
    first, second = HEX.format(1), HEX.format(2)
    assert chain_ids([first, second]) == (
        first,
        "sha256:e0213565073dd272477933ef550455db21856966e444074f1492aef0939305ac",
    )
    assert chain_ids([]) == ()


def test_images_with_a_shared_base_wait_for_the_smallest_of_them():
    big, small, other = image(1, 7, 8, size=50), image(2, 7, 9, size=5), image(3, 5, size=1)
    schedule = Schedule([big, small, other], present=(), exclusive=True)
    assert schedule.take() == small
    assert schedule.take() == other
    assert schedule.take() is None
    schedule.done(small)
    assert schedule.take() == big
    assert schedule.take() is None


def test_present_base_lets_all_start():
    one, two, there = image(1, 7, 8), image(2, 7, 9), image(3, 7)
    schedule = Schedule([one, two], present=there.chains, exclusive=True)
    assert {schedule.take(), schedule.take()} == {one, two}


def test_store_that_shares_layers_itself_gets_all_at_once():
    images = [image(number, 7, 10 + number) for number in range(4)]
    schedule = Schedule(images, present=(), exclusive=False)
    assert {schedule.take() for _ in images} == set(images)


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True).map(tuple), min_size=1, max_size=8
    ),
    st.randoms(),
)
def test_no_chain_is_ever_unpacked_twice_and_every_image_lands(shapes, chance):
    images = [image(number, *layers) for number, layers in enumerate(shapes)]
    schedule = Schedule(images, present=(), exclusive=True)
    present, running, landed = set(), [], []
    while True:
        while (chosen := schedule.take()) is not None:
            running.append((chosen, set(chosen.chains) - present))
        if not running:
            break
        for index, (_, missing) in enumerate(running):
            assert not any(missing & other for _, other in running[index + 1 :])
        done, _ = running.pop(chance.randrange(len(running)))
        schedule.done(done)
        present |= set(done.chains)
        landed.append(done)
    assert sorted(landed, key=lambda i: i.names) == images


@pytest.mark.parametrize(
    ("given_name", "listed"),
    [
        ("graphistry/caddy:v1", "graphistry/caddy:v1"),
        ("docker.io/library/redis:7", "redis:7"),
        ("docker.io/graphistry/x:1", "graphistry/x:1"),
        ("redis", "redis:latest"),
        ("registry.example:5000/a/b", "registry.example:5000/a/b:latest"),
    ],
)
def test_names_as_the_daemon_lists_them(given_name, listed):
    assert familiar(given_name) == listed


def test_one_image_with_two_names_is_one_image(tmp_path):
    layout = ImageLayout(tmp_path)
    layout.add("demo/a:1", "base")
    layout.entries.append({**layout.entries[0], "name": "demo/b:1"})
    (only,) = parse_images(layout.entries)
    assert only.names == ("demo/a:1", "demo/b:1")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda e: e.pop("config"), "config"),
        (lambda e: e["manifest"].update(digest="sha256:../../etc/passwd"), "not a sha256 digest"),
        (lambda e: e["layers"][0].update(digest="md5:1"), "not a sha256 digest"),
        (lambda e: e["layers"][0].update(size="many"), "many"),
        (lambda e: e.update(layers=None), "NoneType"),
    ],
)
def test_unusable_entry_is_named(tmp_path, spoil, words):
    entry = ImageLayout(tmp_path).add("demo/a:1", "base")
    spoil(entry)
    with pytest.raises(ValueError, match=r"image demo/a:1: missing or wrong") as caught:
        parse_images([entry])
    assert words in str(caught.value)


def test_empty_list_is_refused():
    with pytest.raises(ValueError, match="empty"):
        parse_images([])


def test_two_manifests_for_one_config_are_refused(tmp_path):
    layout = ImageLayout(tmp_path)
    entry = layout.add("demo/a:1", "base")
    other = {**entry, "name": "demo/b:1", "manifest": {**entry["manifest"], "digest": HEX.format(1)}}
    with pytest.raises(ValueError, match="two manifests"):
        parse_images([entry, other])
