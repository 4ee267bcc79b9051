"""Reads a host profile that came out of a closed network: whoever made it, it must be exactly one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphistry_airgap.connected.profiles.host_profile import LARGEST, HostProfile, parse_profile
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.core.strict_json import JsonError, load_json
from graphistry_airgap.knowledge.formats import require

if TYPE_CHECKING:
    from graphistry_airgap.connected.spec import NamedPath

_AGAIN = "make it again on the host: graphistry-airgap host profile -o FILE, or sh host-profile.sh > FILE"
# where every entry of a long list is wrong, the first few say it all
_MOST = 20


def read_profile(file: NamedPath) -> HostProfile:
    """Raises one `InputError`, or a `FindingsError` with everything that differs from the schema."""
    raw = _bytes(file)
    try:
        document = load_json(raw)
    except JsonError as problem:
        raise _refused(file, f"is not a host profile: {problem}", "profile-malformed") from None
    require(document, "host-profile-v1", file=str(file.path), most=_MOST)
    return parse_profile(document, raw, file.written)


def _bytes(file: NamedPath) -> bytes:
    try:
        with file.path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise _refused(file, f"cannot be read: {error.strerror}", "profile-unreadable") from None
    if len(raw) > LARGEST:
        raise _refused(
            file, f"is larger than {LARGEST >> 20} MiB, which no host profile is", "profile-too-large"
        )
    return raw


def _refused(file: NamedPath, why: str, code: str) -> InputError:
    return InputError(
        f"the host profile {file.path} {why}", code=code, hint=_AGAIN, details={"path": str(file.path)}
    )
