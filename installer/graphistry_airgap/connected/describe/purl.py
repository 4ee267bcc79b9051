"""Package URLs (purl): one name for a package, whatever ecosystem it is from."""

from __future__ import annotations

import re
from urllib.parse import quote


def purl(kind: str, namespace: str, name: str, version: str, **qualifiers: str) -> str:
    """Empty parts are left out; names are written as their ecosystem compares them."""
    if kind == "pypi":
        name = re.sub("_", "-", name.lower())
    elif kind in ("deb", "oci"):
        name = name.lower()
    path = "/".join(_quoted(part) for part in (namespace, name) if part)
    given = "&".join(f"{key}={_quoted(value, '/')}" for key, value in sorted(qualifiers.items()) if value)
    return f"pkg:{kind}/{path}" + (f"@{_quoted(version)}" if version else "") + (f"?{given}" if given else "")


def deb(distribution: str, release: str, name: str, version: str, architecture: str) -> str:
    return purl("deb", distribution, name, version, arch=architecture, distro=f"{distribution}-{release}")


def rpm(distribution: str, release: str, name: str, version: str, architecture: str) -> str:
    """`version` is `[epoch:]version-release`."""
    epoch, _, rest = version.rpartition(":")
    return purl(
        "rpm", distribution, name, rest, arch=architecture, epoch=epoch, distro=f"{distribution}-{release}"
    )


def oci(reference: str, digest: str) -> str:
    """`reference` is a full image name with a tag, as in `graphistry/caddy:v1`."""
    repository, tag = reference, ""
    if ":" in reference.rpartition("/")[2]:
        repository, _, tag = reference.rpartition(":")
    folder, _, name = repository.rpartition("/")
    if not folder:
        repository = f"docker.io/library/{name}"
    elif not re.search(r"[.:]|^localhost$", folder.split("/")[0]):
        repository = f"docker.io/{repository}"
    return purl("oci", "", name, digest, repository_url=repository, tag=tag)


def _quoted(text: str, safe: str = "") -> str:
    return quote(text, safe=f":{safe}")
