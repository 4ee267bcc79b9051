"""What a receipt says about the keys of the host, and about what an installation took over."""

from graphistry_airgap.installation import receipt


def test_keys_that_came_into_the_host_s_store_stay_in_every_later_receipt():
    before = {"bash": "5"}
    after = {"bash": "5", "gpg-pubkey-1f4ced02-6b0253bb": "vendor", "docker-ce": "3:26"}
    key = {"name": "gpg-pubkey-1f4ced02-6b0253bb", "owner": "vendor"}
    assert receipt.added_keys(receipt.package_changes(before, after), []) == [key]
    assert receipt.added_keys(receipt.package_changes(after, after), [key]) == [key]
    assert receipt.added_keys(receipt.package_changes(before, after), [key]) == [key]


def row(code, found):
    return {"code": code, "found": found, "severity": "warning", "message": "", "hint": ""}


REDIS = "redis:6.2.7 was sha256:1, used by shop"


def test_what_was_taken_over_stands_in_the_receipt_by_what_was_found():
    findings = [
        row("image-name-taken", REDIS),
        row("release-replaced", "v2.50.0"),
        row("volumes-left", "v2.45.9_postgres_data"),
    ]
    assert receipt.taken_over(findings, {}) == {"renamed_images": [REDIS], "replaced_releases": ["v2.50.0"]}


def test_what_was_taken_over_once_stays_in_every_later_receipt_and_stands_once():
    last = {"renamed_images": [REDIS], "replaced_releases": ["v2.50.0"]}
    assert receipt.taken_over([], last) == last
    assert receipt.taken_over([row("image-name-taken", REDIS)], last) == last
    more = receipt.taken_over([row("release-replaced", "v2.50.1")], last)
    assert more["replaced_releases"] == ["v2.50.0", "v2.50.1"]


def test_a_receipt_says_nothing_where_nothing_was_taken_over():
    assert receipt.taken_over([row("volumes-left", "x")], {}) == {}


def test_with_an_inventory_it_is_of_a_version_that_tools_of_before_inventories_refuse():
    """They ask whether the version is a whole number, and would go on without what it says of the host."""
    assert receipt.version({"site": "/etc/site.yml", "keyring": None}) == 1
    version = receipt.version({"site": "/etc/site.yml", "keyring": None, "inventory": "/etc/inventory"})
    assert not isinstance(version, int)
