"""repomd.xml: read as data, refused where it is none or leads out of the repository."""

import pytest

from graphistry_airgap.connected.packages.repomd import parse_repomd, path_inside

DIGEST = "0" * 64


def record(kind, **changed):
    values = {
        "href": f"repodata/{kind}.gz",
        "type": "sha256",
        "digest": DIGEST,
        "size": "7",
        "time": "1700000000.5",
    }
    values |= changed
    return (
        f'<data type="{kind}"><checksum type="{values["type"]}">{values["digest"]}</checksum>'
        f'<location href="{values["href"]}"/><timestamp>{values["time"]}</timestamp>'
        f"<size>{values['size']}</size></data>"
    )


def repomd(*records):
    return f'<repomd xmlns="http://linux.duke.edu/metadata/repo">{"".join(records)}</repomd>'.encode()


def test_what_dnf_asks_for_and_nothing_else():
    kinds = (
        "primary",
        "primary_zck",
        "primary_db",
        "filelists",
        "other",
        "modules",
        "group_gz",
        "updateinfo",
    )
    found = parse_repomd(repomd(*map(record, kinds)))
    assert [file.path.removeprefix("repodata/") for file in found.files] == [
        "filelists.gz",
        "group_gz.gz",
        "modules.gz",
        "primary.gz",
        "primary_zck.gz",
        "updateinfo.gz",
    ]
    assert f"{found.date:%Y-%m-%d}" == "2023-11-14"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not XML"),
        (b"<html/>", "not a repomd.xml"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x/>', "document type"),
        (repomd(record("filelists")), "no package list"),
        (repomd(record("primary", href="../../etc/passwd")), "outside"),
        (repomd(record("primary", href="/etc/passwd")), "outside"),
        (repomd(record("primary", type="sha1", digest="0" * 40)), "no sha256 checksum, but one of type sha1"),
        (repomd(record("primary", digest="0")), "no sha256 checksum"),
        (repomd(record("primary", size="many")), "many"),
        (repomd(record("primary", size="-7")), "size -7"),
        (repomd(record("primary", time="inf")), "no date"),
        (repomd(record("primary", time="-1e300")), "no date"),
        (repomd(record("primary", href="repodata/a&#10;b")), "no plain name"),
        (repomd(record("primary", href="repodata/a\\b")), "no plain name"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16"), "utf-8"),
        (repomd('<data type="primary"/>'), "no location"),
    ],
)
def test_what_cannot_be_used(data, said):
    with pytest.raises(ValueError, match=said):
        parse_repomd(data)


def test_a_location_may_begin_with_a_dot():
    assert path_inside("./Packages/d/docker-ce.rpm") == "Packages/d/docker-ce.rpm"
