"""Licence names: SPDX identifiers where a written name has one meaning, else the name as it was written."""

import pytest
from cyclonedx.spdx import is_supported_id

from graphistry_airgap.connected.describe import licence_names
from graphistry_airgap.connected.describe.licence_names import known_name, of_copyright_file, sorted_names


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("GPL-2+", "GPL-2.0-or-later"),
        ("GPL-2", "GPL-2.0-only"),
        ("GPLv3+", "GPL-3.0-or-later"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("AGPL-3+", "AGPL-3.0-or-later"),
        ("GFDL-1.3", "GFDL-1.3-only"),
        ("Expat", "MIT"),
        ("ASL 2.0", "Apache-2.0"),
        ("MIT", "MIT"),
        ("GPL", "GPL"),
        ("GPL-2+ with OpenSSL exception", "GPL-2+ with OpenSSL exception"),
        ("GPL-2+ or Artistic", "GPL-2+ or Artistic"),
        ("BSD License", "BSD License"),
    ],
)
def test_known_name(written, known):
    assert known_name(written) == known


def test_every_identifier_that_we_name_is_one():
    names = [*licence_names._SAME.values(), *(known_name(name) for name in ("GPL-1", "GPL-3+", "LGPL-3"))]
    assert [name for name in names if not is_supported_id(name)] == []


def test_a_licence_text_is_no_name():
    assert sorted_names(["Permission is hereby granted " * 10, "", "MIT", "Expat"]) == ("MIT",)


def test_copyright_file():
    text = (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
        "Files: *\nLicense: GPL-2+\n On Debian\n\nFiles: x\nLicense: Expat\n\nLicense: Expat\n text\n"
    )
    assert of_copyright_file(text) == ("GPL-2.0-or-later", "MIT")
    assert of_copyright_file("This package is free.\nLicense: GPL-2+\n") == ()
