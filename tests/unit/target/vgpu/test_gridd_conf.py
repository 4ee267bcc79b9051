"""gridd.conf: the installer's keys are set, everything else stays as it was, byte for byte."""

import pytest

from graphistry_airgap.target.vgpu.gridd_conf import (
    feature_type,
    merge,
    settings,
    values,
)

TEMPLATE = (
    b"# words\nServerAddress=\nServerPort=7070\n#BackupServerAddress=\nFeatureType=0\n\n"
    b"#LicenseInterval=1440\n"
)
SERVER = {"address": "licence.example", "port": 7071, "backup_address": "spare.example"}


@pytest.mark.parametrize(
    ("wanted", "names", "feature"),
    [
        ("auto", ["GRID T4-8Q"], "2"),
        ("auto", ["NVIDIA A100-4C"], "4"),
        ("auto", ["GRID T4-8Q", "GRID T4-4Q"], "2"),
        ("auto", ["GRID T4-8Q", "NVIDIA A100-4C"], "1"),
        ("auto", ["GRID M10-2B4"], "1"),
        ("auto", ["something new"], "1"),
        ("auto", [], "1"),
        ("2", ["NVIDIA A100-4C"], "2"),
    ],
)
def test_the_licence_class_is_the_profiles_unless_the_site_says_otherwise(wanted, names, feature):
    assert feature_type(wanted, names) == feature


def test_a_server_of_the_older_kind_is_named():
    text = merge(TEMPLATE, settings("2", SERVER, token=False))
    assert text == (
        b"# words\nServerAddress=licence.example\nServerPort=7071\n#BackupServerAddress=\nFeatureType=2\n\n"
        b"#LicenseInterval=1440\nBackupServerAddress=spare.example\nBackupServerPort=7070\n"
    )


@pytest.mark.parametrize(("given", "port"), [({}, b"7070"), ({"backup_port": 7072}, b"7072")])
def test_the_port_of_a_former_stand_by_does_not_stay_beside_a_new_one(given, port):
    before = b"BackupServerAddress=old.example\nBackupServerPort=7099\n"
    text = merge(before, settings("2", SERVER | given, token=False))
    assert b"BackupServerAddress=spare.example\nBackupServerPort=" + port + b"\n" in text
    assert b"7099" not in text


def test_without_a_stand_by_neither_its_address_nor_its_port_is_set():
    before = b"BackupServerAddress=old.example\nBackupServerPort=7099\n"
    text = merge(before, settings("2", {"address": "licence.example"}, token=False))
    assert text.startswith(b"#BackupServerAddress=old.example\n#BackupServerPort=7099\n")


def test_beside_a_token_no_server_is_set_and_one_that_was_becomes_a_comment():
    before = b"ServerAddress=old.example\nServerPort=7070\nFeatureType=4\nEnableUI=TRUE\n"
    text = merge(before, settings("4", SERVER, token=True))
    assert text == b"#ServerAddress=old.example\n#ServerPort=7070\nFeatureType=4\nEnableUI=TRUE\n"


def test_other_lines_survive_whatever_they_hold():
    other = (
        b"\xff\xfe not UTF-8\r\n  FeatureType = 1  \r\nLicenseInterval=10\r\n\r\n# FeatureType=9\r\nlast=1"
    )
    text = merge(other, {"FeatureType": "2"})
    assert text == other.replace(b"  FeatureType = 1  ", b"FeatureType=2")


@pytest.mark.parametrize(
    "before", [TEMPLATE, b"", b"FeatureType=1\nFeatureType=0\n", b"a=b", b"FeatureType=2\r\n"]
)
@pytest.mark.parametrize("token", [True, False])
def test_a_second_time_changes_nothing(before, token):
    wanted = settings("2", SERVER, token=token)
    once = merge(before, wanted)
    assert merge(once, wanted) == once
    assert {key: value for key, value in values(once).items() if key in wanted} == {
        key: value for key, value in wanted.items() if value is not None
    }


def test_of_several_lines_the_last_one_is_kept():
    assert (
        merge(b"FeatureType=1\nx=1\nFeatureType=0\n", {"FeatureType": "2"})
        == b"#FeatureType=1\nx=1\nFeatureType=2\n"
    )


def test_an_empty_value_sets_nothing():
    assert values(b"ServerAddress=\nServerPort = 7070 \n#FeatureType=2\n") == {"ServerPort": "7070"}
