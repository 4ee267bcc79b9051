"""What a task that uses a bundle asks first, and nothing switches off: was it verified for this run?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..host import verified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ansible.module_utils.basic import AnsibleModule


def require(
    module: AnsibleModule, places: Sequence[Path] = (), digests: Mapping[str, str] | None = None
) -> None:
    """End the task where it was not."""
    try:
        verified.require(places, digests)
    except verified.UnverifiedError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint)


def require_files(module: AnsibleModule, bundle: Path, *entries: Mapping[str, str]) -> None:
    """The same for single files as a bundle describes them, `path` and `sha256`; an empty one is none."""
    require(module, [bundle], {entry["path"]: entry["sha256"] for entry in entries if entry})
