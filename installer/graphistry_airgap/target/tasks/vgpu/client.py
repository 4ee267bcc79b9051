"""Task: what the licence client of a vGPU guest reads: gridd.conf and the token."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import change
from ...gpu import smi as gpu_smi
from ...host import files as placing, medium
from ...host.machine import Host
from ...preflight.probes import vgpu as probe_vgpu
from ...vgpu import changes as vgpu_changes, client_token as vgpu_token, gridd_conf
from .. import ticket

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

TEMPLATE = Path(f"{probe_vgpu.CONF}.template")
DROP_IN = Path("/etc/systemd/system/nvidia-gridd.service.d/graphistry-airgap.conf")
# what NVIDIA asks for; its service reads it as another user
TOKEN_MODE = 0o744
MODE = 0o644


@dataclass(frozen=True)
class Write:
    """A file as it has to be; `told` are its changes, none where it is so, and their diffs."""

    path: Path
    data: bytes
    mode: int
    told: vgpu_changes.Told


def conf(desired: dict[str, Any], feature: str, *, token: bool) -> Write:
    path = Path(probe_vgpu.CONF)
    source = path if path.exists() else TEMPLATE
    wanted = gridd_conf.settings(feature, desired["server"], token=token)
    text = gridd_conf.merge(source.read_bytes() if source.exists() else b"", wanted)
    before, mode = placing.content_and_mode(path)
    mode = mode or MODE
    return Write(path, text, mode, vgpu_changes.of_conf(path, before, mode, text))


def client_token(module: AnsibleModule, origin: str, source: Path) -> Write:
    """The token in its place; one that somebody put there stays where it is."""
    place_of = source if origin == probe_vgpu.HOST else Path(probe_vgpu.TOKEN)
    listed = module.params["desired"]["token"]["sha256"] if origin == probe_vgpu.BUNDLE else ""
    data = token_bytes(module, source, listed)
    mask = change.Mask(module.params["mask_key"])
    found = placing.content_and_mode(place_of)
    told = vgpu_changes.of_token(place_of, found, data, TOKEN_MODE, mask)
    return Write(place_of, data, TOKEN_MODE, told)


def drop_in(text: bytes) -> Write:
    found = placing.content_and_mode(DROP_IN)
    return Write(DROP_IN, text, MODE, vgpu_changes.of_drop_in(DROP_IN, found, text, MODE))


def token_bytes(module: AnsibleModule, path: Path, sha256: str) -> bytes:
    """Of a token that the bundle carries `sha256` is the listed digest; the site's own has none."""
    try:
        data = medium.read(path, name="the token", sha256=sha256) if sha256 else path.read_bytes()
        vgpu_token.read(data)
    except medium.MediumError as error:
        module.fail_json(msg=str(error), code=medium.CHANGED, hint=medium.HINT)
    except vgpu_token.TokenError as error:
        module.fail_json(
            msg=f"the token {path} is no client configuration token: {error}",
            code="host-vgpu-token-unreadable",
            hint="download it again from the licence server and copy it unchanged",
        )
    return data


def place(path: Path, data: bytes, *, mode: int) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    placing.write_atomic(path, data, mode=mode)


def clear_unfinished(path: Path) -> None:
    """What a killed run left beside the token would be a second copy of it."""
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink()


ARGUMENTS: dict[str, dict[str, Any]] = {
    "desired": {"type": "dict", "required": True},
    "bundle": {"type": "path", "required": True},
    "pending": {"type": "path", "required": True},
    "replaced": {"type": "path", "required": True},
    "unit_content": {"type": "str", "required": True},
    "mask_key": {"type": "str", "default": "", "no_log": True},
    "waits_for": {"type": "str", "default": ""},
}


def run(module: AnsibleModule) -> None:
    # what a hardened umask would make unreadable for the client
    os.umask(0o022)
    host = Host.of_module(module.run_command)
    params, desired = module.params, module.params["desired"]
    ticket.require_files(module, Path(params["bundle"]), desired["token"])
    if module.check_mode and params["waits_for"]:
        module.exit_json(**change.unknown(params["waits_for"]))
    origin, source = probe_vgpu.token_place(host, desired, params["bundle"])
    try:
        answer = gpu_smi.ask(host.run)
        profiles = [gpu.name for gpu in answer.gpus if gpu.is_vgpu]
        feature = gridd_conf.feature_type(desired["feature_type"], profiles)
        files = [conf(desired, feature, token=bool(origin))]
        if source is not None:
            files.append(client_token(module, origin, source))
        files.append(drop_in(params["unit_content"].encode()))
        due = [one for one in files if one.told[0]]
        if due and not module.check_mode:
            # the mark outlives a kill between a changed file and the restart that it needs
            place(Path(params["pending"]), b"", mode=0o600)
            clear_unfinished(Path(probe_vgpu.TOKEN))
            placing.keep_replaced(Path(probe_vgpu.CONF), Path(params["replaced"]))
            for one in due:
                place(one.path, one.data, mode=one.mode)
    except OSError as error:
        module.fail_json(
            msg=f"the licence client cannot be configured: {error}",
            code="vgpu-client-not-written",
            hint="check free space and permissions, then run the same install again",
        )
    state = {"feature_type": feature}
    state |= {"token": "present"} if origin else {"server": desired["server"].get("address", "")}
    changes = [told for one in due for told in one.told[0]]
    diffs = [told for one in due for told in one.told[1]]
    module.exit_json(**change.answer(changes, diffs), vgpu_state=state)
