"""Image archives and releases that were made to do harm, by what they try."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import Any

from tests.kit.bundles.docker_archives import SavedImage, digest, layer_tar, old_form

IMAGE = SavedImage(("x:1",), (layer_tar("a", b"a"),))
Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, kind: bytes = tarfile.REGTYPE, data: bytes = b"", **values: Any) -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    for key, value in values.items():
        setattr(info, key, value)
    return info, data


ODD = {
    "a name that climbs out": [member("../../escaped", data=b"x")],
    "an absolute name": [member("/tmp/escaped", data=b"x")],
    "a link that climbs out": [member("link", tarfile.SYMTYPE, linkname="../../escaped")],
    "an absolute link": [member("link", tarfile.SYMTYPE, linkname="/etc/passwd")],
    "a hard link to elsewhere": [member("link", tarfile.LNKTYPE, linkname="../escaped")],
    "a device": [member("disk", tarfile.BLKTYPE, devmajor=8, devminor=0)],
    "a pipe": [member("pipe", tarfile.FIFOTYPE)],
    "a header of 2 MiB": [member("n" * (2 << 20), data=b"x")],
}


def extended(**records: str) -> bytes:
    """An empty file whose extended header says this."""
    info = tarfile.TarInfo("odd")
    info.pax_headers = {name.replace("_", "."): value for name, value in records.items()}
    return info.tobuf(tarfile.PAX_FORMAT)


def chain(kind: bytes) -> bytes:
    """Headers about headers, which tarfile reads by recursion."""
    return member("header", kind)[0].tobuf(tarfile.GNU_FORMAT) * 3000


# these come before an archive
HEADERS = {
    "a chain of extended headers": chain(tarfile.XHDTYPE),
    "a chain of long names": chain(tarfile.GNUTYPE_LONGNAME),
    "a map of holes without numbers": extended(GNU_sparse_map="a,b"),
}
VALUES = {
    "a zero byte in a name": extended(path="a\0b"),
    "a time that no file has": extended(mtime="1e400"),
    "a time that is no number": extended(mtime="nan"),
    "a name of too many directories": extended(path="d/" * 900 + "x"),
    "a hard link to what comes later": member("way", tarfile.LNKTYPE, linkname="later")[0].tobuf(),
}
MALFORMED = {
    "no manifest": "",
    "a manifest that is cut off": "{",
    "a manifest that is a number": "3",
    "a manifest of numbers": "[3]",
    "a manifest without config": '[{"RepoTags": ["x:1"]}]',
    "a manifest of wrong types": '[{"RepoTags": ["x:1"], "Config": 3, "Layers": {}}]',
    "a manifest that is too deep": "[" * 9999,
}
TAGS = {
    "a name that is an option": "--privileged",
    "a name with a blank": "x y:1",
    "a name that is a path": "../x:1",
    "a name with a line end": "x:1\n",
    "an empty name": "",
}
# under a top directory of the release
COLLIDING = {
    "two names that differ in case": "version",
    "two directories that differ in case": "DATA/x",
    "a line end in a name": "data/a\nb",
    "a backslash in a name": "data/a\\b",
    "a name that reads backwards": "data/\u202ex",
}


def with_members(original: bytes, *members: Member, without: str = "") -> bytes:
    """The tar `original` with more members at its end."""
    buffer = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(original)) as before,
        tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for one in before:
            if one.name != without:
                tar.addfile(one, before.extractfile(one))
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def with_manifest(text: str, *members: Member) -> bytes:
    """The image's archive with another manifest.json."""
    manifest = member("manifest.json", data=text.encode())
    return with_members(old_form(IMAGE), manifest, *members, without="manifest.json")


def lying_config() -> bytes:
    name, config = f"{'0' * 64}.json", SavedImage(("y:1",), (), extra="other").config()
    entry = {"Config": name, "RepoTags": ["y:1"], "Layers": []}
    return with_manifest(json.dumps([entry]), member(name, data=config))


def image_archives() -> dict[str, bytes]:
    """Uncompressed `docker save` archives, each hostile in its own way."""
    twice = member(f"{digest(IMAGE.config())}.json", data=b"{}")
    other = SavedImage(("x:1",), (layer_tar("b", b"b"),))
    return {
        **{case: with_members(old_form(IMAGE), *members) for case, members in ODD.items()},
        **{case: headers + old_form(IMAGE) for case, headers in HEADERS.items()},
        **{case: with_manifest(text) for case, text in MALFORMED.items()},
        **{case: old_form(SavedImage((tag,), IMAGE.layers)) for case, tag in TAGS.items()},
        "a name that is there twice": with_members(old_form(IMAGE), twice),
        "a config whose name lies": lying_config(),
        "two images of one name": old_form(IMAGE, other),
        "an archive that is cut off": old_form(IMAGE)[:2000],
        "no archive": b"not an archive",
    }


def bombs(size: int) -> dict[str, bytes]:
    """Archives of which one part unpacks to `size` bytes."""
    zeros = bytes(size)
    return {
        "a layer of zeros": with_members(old_form(IMAGE), member("bomb/layer.tar", data=zeros)),
        "a packed layer of zeros": with_members(
            old_form(IMAGE), member("bomb/layer.tar", data=gzip.compress(zeros))
        ),
        "zeros after the end": old_form(IMAGE) + zeros,
    }


def releases(plain: bytes) -> dict[str, bytes]:
    """Tars of the release `plain`, whose top directory is `graphistry`, each hostile in its own way."""
    link = member("graphistry/way", tarfile.SYMTYPE, linkname="data")
    names = {case: [member(f"graphistry/{name}", data=b"x")] for case, name in COLLIDING.items()}
    along = {"a way along a link": [link, member("graphistry/way/escaped", data=b"x")]}
    return {
        **{case: with_members(plain, *members) for case, members in {**ODD, **names, **along}.items()},
        **{case: headers + plain for case, headers in {**HEADERS, **VALUES}.items()},
    }
