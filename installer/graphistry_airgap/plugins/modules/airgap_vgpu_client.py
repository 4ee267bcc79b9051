#!/usr/bin/python3
"""Ansible module: what the licence client of a vGPU guest reads: gridd.conf and the token."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_vgpu_client
short_description: Configure the licence client of a vGPU guest
description:
  - Puts the client configuration token in its place (mode 0744) and the licence class, and for a server of
    the older kind its address, into C(/etc/nvidia/gridd.conf), whose other lines stay byte for byte.
  - Lets nvidia-gridd start after the network is up. The token's content is in no output and in no log.
options:
  wish:
    description: What the site file and the bundle say about the guest; C(preflight_vgpu) of the tool.
    type: dict
    required: true
  bundle:
    description: Directory of the bundle on this host.
    type: path
    required: true
  pending:
    description: File that exists while a restart of nvidia-gridd is due.
    type: path
    required: true
  replaced:
    description: Directory that keeps a copy of gridd.conf before it is changed.
    type: path
    required: true
author:
  - The graphistry-airgap developers
"""

RETURN = r"""
vgpu_state:
  description: C(feature_type), and C(token) or C(server), as the receipt shows them.
  returned: success
  type: dict
"""

import os
from pathlib import Path
from typing import Any

from ansible.module_utils.airgap import gpu_smi, gridd_conf, medium, placing, probe_vgpu, vgpu_token
from ansible.module_utils.airgap.probe_root import Host
from ansible.module_utils.basic import AnsibleModule

TEMPLATE = Path(f"{probe_vgpu.CONF}.template")
DROP_IN = Path("/etc/systemd/system/nvidia-gridd.service.d/graphistry-airgap.conf")
AFTER_THE_NETWORK = b"""\
# graphistry-airgap: without a network there is no licence server to ask
[Unit]
Wants=network-online.target
After=network-online.target
"""
# what NVIDIA asks for; its service reads it as another user
TOKEN_MODE = 0o744


def conf(wish: dict[str, Any], answer: gpu_smi.Answer, *, token: bool) -> tuple[bytes, str]:
    """The wanted bytes of gridd.conf, and the licence class in it."""
    path = Path(probe_vgpu.CONF)
    source = path if path.exists() else TEMPLATE
    before = source.read_bytes() if source.exists() else b""
    feature = gridd_conf.feature_type(wish["feature_type"], [gpu.name for gpu in answer.gpus if gpu.is_vgpu])
    return gridd_conf.merge(before, gridd_conf.settings(feature, wish["server"], token=token)), feature


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


def differs(path: Path, data: bytes, mode: int | None) -> bool:
    wrong_mode = mode is not None and placing.mode_of(path) != mode
    return not path.is_file() or path.read_bytes() != data or wrong_mode


def place(path: Path, data: bytes, *, mode: int) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    placing.write_atomic(path, data, mode=mode)


def clear_unfinished(path: Path) -> None:
    """What a killed run left beside the token would be a second copy of it."""
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink()


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "wish": {"type": "dict", "required": True},
            "bundle": {"type": "path", "required": True},
            "pending": {"type": "path", "required": True},
            "replaced": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )

    # what a hardened umask would make unreadable for the client
    os.umask(0o022)
    host = Host.of_module(module.run_command)
    params, wish = module.params, module.params["wish"]
    origin, source = probe_vgpu.token_place(host, wish, params["bundle"])
    due: list[tuple[Path, bytes, int]] = []
    try:
        text, feature = conf(wish, gpu_smi.ask(host.run), token=bool(origin))
        conf_path, token_path = Path(probe_vgpu.CONF), Path(probe_vgpu.TOKEN)
        if differs(conf_path, text, None):
            due.append((conf_path, text, placing.mode_of(conf_path) or 0o644))
        if source is not None:
            place_of = source if origin == probe_vgpu.HOST else token_path
            data = token_bytes(module, source, wish["token"]["sha256"] if origin == probe_vgpu.BUNDLE else "")
            if differs(place_of, data, TOKEN_MODE):
                due.append((place_of, data, TOKEN_MODE))
        if differs(DROP_IN, AFTER_THE_NETWORK, None):
            due.append((DROP_IN, AFTER_THE_NETWORK, 0o644))
        if due and not module.check_mode:
            # the mark outlives a kill between a changed file and the restart that it needs
            place(Path(params["pending"]), b"", mode=0o600)
            clear_unfinished(token_path)
            placing.keep_replaced(conf_path, Path(params["replaced"]))
            for path, data, mode in due:
                place(path, data, mode=mode)
    except OSError as error:
        module.fail_json(
            msg=f"the licence client cannot be configured: {error}",
            code="vgpu-client-not-written",
            hint="check free space and permissions, then run the same install again",
        )
    state = {"feature_type": feature}
    state |= {"token": "present"} if origin else {"server": wish["server"].get("address", "")}
    module.exit_json(changed=bool(due), vgpu_state=state)


if __name__ == "__main__":
    main()
