import hashlib
import json

from graphistry_airgap.bundle.lock import Item, Lock
from graphistry_airgap.core.canonical import tree_digest

A = Item("package", "a", "1", 10, "a" * 64, "http://x/a.deb", {"signed_by": ["F"]})
B = Item("wheel", "b", "2", 20, "b" * 64, "pkg:pypi/b@2")


def test_order_of_items_does_not_matter():
    assert Lock("2026-11-20T08:00:00Z", (A, B)).render() == Lock("2026-11-20T08:00:00Z", (B, A)).render()


def test_id_is_the_first_half_of_the_digest_of_the_file():
    lock = Lock("2026-11-20T08:00:00Z", (A, B))
    assert lock.bundle_id == hashlib.sha256(lock.render()).hexdigest()[:32]
    assert Lock("2026-11-20T08:00:00Z", (A,)).bundle_id != lock.bundle_id


def test_every_item_says_what_where_from_and_why():
    item = json.loads(Lock("2026-11-20T08:00:00Z", (A,)).render())["items"][0]
    assert set(item) == {"kind", "name", "version", "size", "sha256", "origin", "verdict"}


def test_tree_digest_is_that_of_a_sorted_sha256sum_list():
    listed = b"aa  B\nbb  a\ncc  a/\xc3\xa4\n"
    assert tree_digest([("a/ä", "cc"), ("a", "bb"), ("B", "aa")]) == hashlib.sha256(listed).hexdigest()
