"""What a receipt says about the keys of the host."""

from graphistry_airgap.domain import receipt


def test_keys_that_came_into_the_host_s_store_stay_in_every_later_receipt():
    before = {"bash": "5"}
    after = {"bash": "5", "gpg-pubkey-1f4ced02-6b0253bb": "vendor", "docker-ce": "3:26"}
    key = {"name": "gpg-pubkey-1f4ced02-6b0253bb", "owner": "vendor"}
    assert receipt.added_keys(receipt.package_changes(before, after), []) == [key]
    assert receipt.added_keys(receipt.package_changes(after, after), [key]) == [key]
    assert receipt.added_keys(receipt.package_changes(before, after), [key]) == [key]
