from datetime import UTC, datetime

import pytest

from graphistry_airgap.connected.packages.apt_release import dists_path, parse_release

TEXT = """\
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Date: Fri, 20 Nov 2026 02:11:10 UTC
Valid-Until: Fri, 27 Nov 2026 02:11:10 UTC
Acquire-By-Hash: yes
{all_field}Architectures: all amd64
MD5Sum:
 00000000000000000000000000000000 9 main/binary-amd64/Packages.xz
SHA256:
 aaaa 30 main/binary-amd64/Packages
 bbbb 20 main/binary-amd64/Packages.gz
 cccc 10 main/binary-amd64/Packages.xz
 dddd 5 main/binary-all/Packages.gz
-----BEGIN PGP SIGNATURE-----
 Date: no
"""
NO_ALL = "No-Support-for-Architecture-all: Packages\n"


def test_indices_take_the_best_compression_apt_will_ask_for():
    release = parse_release(TEXT.format(all_field=NO_ALL))
    found = release.indices(suite="trixie", components=("main",), architecture="amd64")
    assert [index.path for index in found] == ["main/binary-amd64/Packages.xz"]
    assert found[0].sha256 == "cccc"
    assert found[0].by_hash == "main/binary-amd64/by-hash/SHA256/cccc"


def test_architecture_all_has_an_index_of_its_own_where_the_repository_says_so():
    release = parse_release(TEXT.format(all_field=""))
    found = release.indices(suite="trixie", components=("main",), architecture="amd64")
    assert [index.path for index in found][1:] == ["main/binary-all/Packages.gz"]


def test_missing_component_is_named():
    with pytest.raises(KeyError, match="contrib"):
        parse_release(TEXT.format(all_field=NO_ALL)).indices(
            suite="trixie", components=("contrib",), architecture="amd64"
        )


def test_expiry():
    release = parse_release(TEXT.format(all_field=""))
    assert not release.expired(datetime(2026, 11, 27, 2, 11, 9, tzinfo=UTC))
    assert release.expired(datetime(2026, 11, 27, 2, 11, 11, tzinfo=UTC))


def test_something_else_is_refused():
    with pytest.raises(ValueError, match="no Date"):
        parse_release("<html>sign in</html>")


@pytest.mark.parametrize(
    ("suite", "path"), [("trixie", "dists/trixie"), ("/", ""), ("./", ""), ("amd64/", "amd64")]
)
def test_dists_path(suite, path):
    assert dists_path(suite) == path
