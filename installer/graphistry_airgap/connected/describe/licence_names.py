"""Names of licences as packages write them, and the SPDX identifiers that mean the same.

A name that has no identifier here stays as it was written: a guess would be worse than the package's word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Debian's machine-readable copyright files (GPL-2+), older rpm packages (GPLv2+), and PyPI's classifiers
_GNU = re.compile(r"(?P<name>[AL]?GPL|GFDL)[-v ]?(?P<version>\d(\.\d)?)(\.0)?(?P<later>\+)?", re.IGNORECASE)
_SAME = {
    "expat": "MIT",
    "mit license": "MIT",
    "mit/x11": "MIT",
    "asl 2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "isc license (iscl)": "ISC",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "gnu general public license v2 or later (gplv2+)": "GPL-2.0-or-later",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gnu lesser general public license v2 or later (lgplv2+)": "LGPL-2.0-or-later",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
}
_FORMAT = re.compile(r"\AFormat(-Specification)?:\s*\S*copyright-format", re.IGNORECASE)
_STANZA = re.compile(r"^License:[ \t]*(?P<name>\S[^\n]*)$", re.MULTILINE | re.IGNORECASE)
_LONGEST = 120


def known_name(written: str) -> str:
    """The SPDX identifier of a licence where the written name has one meaning; else the name itself."""
    text = " ".join(written.split())
    if found := _GNU.fullmatch(text):
        version = found["version"] if "." in found["version"] else f"{found['version']}.0"
        return f"{found['name'].upper()}-{version}-{'or-later' if found['later'] else 'only'}"
    return _SAME.get(text.lower(), text)


def sorted_names(written: Iterable[str]) -> tuple[str, ...]:
    """Each licence once; what is too long to be a name is a licence's text and no name."""
    names = (known_name(one) for one in written)
    return tuple(sorted({name for name in names if 0 < len(name) <= _LONGEST}))


def of_copyright_file(text: str) -> tuple[str, ...]:
    """Licences that a Debian copyright file names; nothing when it is prose."""
    if not _FORMAT.match(text):
        return ()
    return sorted_names(found["name"] for found in _STANZA.finditer(text))
