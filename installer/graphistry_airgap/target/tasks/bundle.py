"""Task: verify a bundle as install.sh does, and take the host's lock for the play; or release that."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..host import medium, play_lock, refusal, verified

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

MANIFEST = "bundle.json"
ARGUMENTS: dict[str, dict[str, Any]] = {
    "path": {"type": "path"},
    "keyring": {"type": "str", "default": "/etc/graphistry-airgap/trusted.gpg"},
    "state": {"type": "str", "choices": ["verified", "released"], "default": "verified"},
    "brought": {"type": "dict"},
}


def run(module: AnsibleModule) -> None:
    brought, state = module.params["brought"], module.params["state"]
    if os.geteuid() != 0:
        module.fail_json(
            msg=f"the lock of this host is root's, and this task runs as user id {os.geteuid()}",
            code="not-root",
            hint="let the play become root: become: true",
        )
    try:
        if state == "released":
            module.exit_json(changed=False, released=play_lock.release(module.run_command, brought["play"]))
        play_lock.refuse_others(module.run_command, brought["play"])
        # a bundle that this play verified before counts no more, whatever comes of this one
        if play_lock.is_of(brought["play"]):
            verified.remove()
        bundle = Path(os.path.realpath(module.params["path"]))
        found = judged(module, bundle, brought)
        manifest, signers = manifest_of(bundle, found["sums"]), found["signers"].split(", ")
        play_lock.take(module.run_command, brought["play"])
        verified.write(bundle, found["sums"], signers)
    except play_lock.LockError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint)
    except medium.MediumError as error:
        module.fail_json(msg=str(error), code=medium.CHANGED, hint=medium.HINT)
    module.exit_json(
        changed=False, bundle=str(bundle), sums_sha256=found["sums"], signers=signers, manifest=manifest
    )


def judged(module: AnsibleModule, bundle: Path, brought: dict[str, Any]) -> dict[str, str]:
    """What the script found good: `sums`, the digest of SHA256SUMS, and `signers`."""
    command = ["/bin/sh", brought["script"], str(bundle), brought["keyring"]]
    _, out, error = module.run_command([*command, str(brought["required"] or "")])
    try:
        said: dict[str, Any] = json.loads(out)
    except ValueError:
        said = {}
    if "sums" not in said:
        refuse(module, said.get("errors", []), brought["keyring"], refusal.words(out, error))
    return said


def refuse(module: AnsibleModule, errors: list[dict[str, str]], keyring: str, words: str) -> None:
    """In the script's own words; `keyring` is the copy, which the operator knows by another name."""
    name = module.params["keyring"]
    told = [{key: text.replace(keyring, name) for key, text in one.items()} for one in errors]
    if not told:
        module.fail_json(
            msg=refusal.told("the bundle could not be judged", words),
            code=verified.UNVERIFIED,
            hint="see what is said first (a full disk?); the same play again starts over",
        )
    module.fail_json(
        msg="; ".join(one["message"] for one in told),
        code=told[0]["code"],
        hint=told[0]["hint"],
        errors=told,
    )


def manifest_of(bundle: Path, sums_sha256: str) -> dict[str, Any]:
    """`bundle.json`, which the verified list of checksums names."""
    sums = medium.read(bundle / verified.SUMS, name=verified.SUMS, sha256=sums_sha256)
    listed = dict(verified.listed(sums)).get(MANIFEST, "not listed")
    data = medium.read(bundle / MANIFEST, name=MANIFEST, sha256=listed)
    found: dict[str, Any] = json.loads(data)
    return found
