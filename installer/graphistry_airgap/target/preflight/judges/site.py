"""Judgements about the operator's side: purpose, administrator, earlier releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...finding import ERROR, WARNING, Finding
from ..probes.site import ADMINISTRATOR_KEYS, MINIMUM_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PURPOSES = ("server", "template")
WAIVER = "administrator"
_NEEDED = "a file with username, email and password, owned by root with mode 0600"


def purpose(_: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    if requirements["purpose"] not in PURPOSES:
        yield Finding(
            ERROR,
            "purpose-unknown",
            f"the purpose `{requirements['purpose']}` is not known",
            requirements["purpose"],
            " or ".join(PURPOSES),
            "set purpose in the site file",
        )


def administrator(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Without one the first visitor who signs up would own the product."""
    if requirements["purpose"] != "server" or WAIVER in requirements["waive"]:
        return
    found = profile["administrator"]
    path = found["path"]
    if not path or not found["exists"]:
        yield Finding(
            ERROR,
            "administrator-missing",
            f"there is no administrator file {path or '(none is named)'}, so the first visitor would become "
            "the administrator",
            "no file",
            _NEEDED,
            "write the file and name it in the site file under administrator.secret_file, "
            "or accept the risk with `waive: [administrator]`",
            path,
        )
        return
    if found["mode"] and (int(found["mode"], 8) & 0o077 or found["owner"] != 0):
        yield Finding(
            ERROR,
            "administrator-exposed",
            f"{path} has mode {found['mode']} and owner {found['owner']}",
            f"mode {found['mode']}, owner {found['owner']}",
            "mode 0600, owner 0",
            f"`chown root: {path} && chmod 0600 {path}`",
            path,
        )
    if found["error"]:
        yield Finding(
            ERROR,
            "administrator-unreadable",
            f"{path} cannot be read: {found['error']}",
            found["error"],
            _NEEDED,
            "write three lines of the form `key: value`",
            path,
        )
    elif missing := [key for key in ADMINISTRATOR_KEYS if key not in found["keys"]]:
        yield Finding(
            ERROR,
            "administrator-incomplete",
            f"{path} lacks {', '.join(missing)}",
            ", ".join(found["keys"]) or "no keys",
            ", ".join(ADMINISTRATOR_KEYS),
            f"add {', '.join(missing)} to the file",
            path,
        )
    if found["weaknesses"]:
        yield Finding(
            ERROR,
            "administrator-password-weak",
            f"the password in {path} is weak: {'; '.join(found['weaknesses'])}",
            "; ".join(found["weaknesses"]),
            f"at least {MINIMUM_LENGTH} characters that nobody guesses",
            "`openssl rand -base64 18` makes one",
            path,
        )


def releases(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    found = profile["releases"]
    version = requirements["release_version"]
    if found["differing"]:
        folder = f"{requirements['root']}/releases/{version}"
        yield Finding(
            WARNING,
            "release-differs",
            f"{folder} exists and differs from the bundle's release in {', '.join(found['differing'])}",
            ", ".join(found["differing"]),
            "the vendor's files of this release, or no such directory",
            "if the files were edited there, keep a copy: settings belong into data/config/custom.env",
            folder,
        )
    environment = found["environment"]
    if environment["exists"] and int(environment["mode"], 8) & 0o007:
        yield Finding(
            WARNING,
            "custom-env-exposed",
            f"{environment['path']} holds secrets and can be read by everybody (mode {environment['mode']})",
            f"mode {environment['mode']}",
            "mode 0600",
            f"`chmod 0600 {environment['path']}`",
            environment["path"],
        )
