"""Judgements about a vGPU guest's licence: with which token or server, and what a template must not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...finding import ERROR, WARNING, Finding
from ...vgpu.client_token import moment
from ..probes import vgpu as probe_vgpu

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEMPLATE = "template"
# clocks of a hypervisor's guests agree to seconds
_CLOCK_SLACK = 60


def licence(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    desired = requirements["vgpu"]
    if not desired:
        return
    if requirements["purpose"] == TEMPLATE:
        yield from _left_over(profile["vgpu"])
        return
    found = profile["vgpu"]["token"]
    if not found["origin"] and not desired["server"]:
        yield Finding(
            ERROR,
            "vgpu-no-licence-source",
            "there is neither a client configuration token nor a licence server to get a licence with",
            "no token in the site file, the bundle or /etc/nvidia/ClientConfigToken",
            "a token of the DLS, or the address of a licence server",
            "name vgpu.token_file or vgpu.server in the site file, or build the bundle with a token",
        )
        return
    if found["origin"]:
        yield from _token(profile["vgpu"], desired)
    yield from _other_tokens(profile["vgpu"])


def _token(found: Mapping[str, Any], desired: Mapping[str, Any]) -> Iterator[Finding]:
    token = found["token"]
    if not token["exists"]:
        yield _about(token, "vgpu-token-missing", "does not exist", "no file", "put the token there")
        return
    if token["origin"] == probe_vgpu.SITE and (int(token["mode"], 8) & 0o077 or token["owner"] != 0):
        yield _about(
            token,
            "vgpu-token-exposed",
            f"has mode {token['mode']} and owner {token['owner']}: others could take licences with it",
            f"mode {token['mode']}, owner {token['owner']}",
            f"`chown root: {token['path']} && chmod 0600 {token['path']}`",
            needed="mode 0600, owner 0",
        )
    if token["error"]:
        yield _about(
            token,
            "vgpu-token-unreadable",
            f"is no client configuration token: {token['error']}",
            token["error"],
            "download it again from the licence server and copy it unchanged",
        )
        return
    yield from _times(token, found["now"])
    wanted = desired["server"].get("address", "").lower().rstrip(".")
    named = [name.lower() for name in token["servers"]]
    if wanted and named and wanted not in named:
        yield _about(
            token,
            "vgpu-token-server",
            f"is for the licence server {', '.join(named)}, the site file names {wanted}",
            ", ".join(named),
            "download a token from the site's own server, or correct vgpu.server in the site file",
            needed=wanted,
        )


def _other_tokens(found: Mapping[str, Any]) -> Iterator[Finding]:
    """Tokens that nobody named; beside a server of the older kind every one is."""
    meant = found["token"]["path"] if found["token"]["origin"] == probe_vgpu.HOST else probe_vgpu.TOKEN
    named = bool(found["token"]["origin"])
    places = [f"{probe_vgpu.TOKENS}/{name}" for name in found["others"]]
    places += [probe_vgpu.TOKEN] if found["in_place"] else []
    unnamed = sorted(path for path in places if not named or path != meant)
    if unnamed:
        yield Finding(
            WARNING,
            "vgpu-other-tokens",
            f"nvidia-gridd may use a token that nobody named: {', '.join(unnamed)}",
            ", ".join(unnamed),
            "no other token than the one that is meant",
            "remove those that are not meant",
            probe_vgpu.TOKENS,
        )


def _times(token: Mapping[str, Any], now: int) -> Iterator[Finding]:
    if token["expires"] and token["expires"] <= now:
        yield _about(
            token,
            "vgpu-token-expired",
            f"expired on {moment(token['expires'])}; this machine's clock says {moment(now)}",
            moment(token["expires"]),
            "make a new token on the licence server; if the clock is wrong, set it",
        )
    if token["valid_from"] > now + _CLOCK_SLACK:
        yield _about(
            token,
            "vgpu-token-not-yet-valid",
            f"is valid from {moment(token['valid_from'])} on, and this machine's clock says {moment(now)}",
            moment(now),
            "set the clock: a licence server refuses a client whose clock is wrong",
        )


def _left_over(found: Mapping[str, Any]) -> Iterator[Finding]:
    """A template is copied a hundred times, and what is in it with it."""
    places = [f"{probe_vgpu.TOKENS}/{name}" for name in found["others"]]
    if found["token"]["exists"] and found["token"]["origin"] != probe_vgpu.BUNDLE:
        places.append(found["token"]["path"])
    if found["in_place"]:
        places.append(probe_vgpu.TOKEN)
    for path in sorted(set(places)):
        yield Finding(
            ERROR,
            "vgpu-token-in-template",
            f"{path} is a licence token, and each clone of this template would have it",
            path,
            "no token in a template",
            "remove it; give each clone its token at its own installation",
            path,
        )
    if found["servers"]:
        yield Finding(
            ERROR,
            "vgpu-server-in-template",
            f"{probe_vgpu.CONF} names the licence server {', '.join(found['servers'])}, and each clone would "
            "take a licence from it at its first boot",
            ", ".join(found["servers"]),
            "no licence server in a template",
            f"remove {probe_vgpu.CONF}; each clone gets its own at its installation",
            probe_vgpu.CONF,
        )


def _about(
    token: Mapping[str, Any],
    code: str,
    what: str,
    found: str,
    hint: str,
    *,
    needed: str = "a valid client configuration token",
) -> Finding:
    return Finding(ERROR, code, f"the token {token['path']} {what}", found, needed, hint, token["path"])
