"""Task: the Caddyfile of a release, checked by the release's own Caddy before it lands."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import change
from ..host import files as placing, refusal

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

PLACE = "data/config/Caddyfile"
INSIDE = "/etc/caddy/Caddyfile"


def image(module: AnsibleModule) -> str:
    # `config --images SERVICE` prints no secret, unlike the whole resolved configuration
    code, out, error = module.run_command(
        ["./graphistry", "config", "--images", "caddy"], cwd=module.params["directory"]
    )
    names: list[str] = [line.strip() for line in out.splitlines() if line.strip()]
    if code or not names:
        module.fail_json(
            msg=refusal.told("the release does not tell the image of its caddy service", error),
            code="release-unreadable",
            hint=f"try `./graphistry config --images caddy` in {module.params['directory']}",
        )
    return next((name for name in names if "caddy" in name), names[0])


def validate(module: AnsibleModule, content: str, store: Path) -> None:
    # /tmp may be another directory for the daemon than for us, the tool's own state is not
    with tempfile.TemporaryDirectory(prefix=".caddy-", dir=store) as folder:
        candidate = Path(folder) / "Caddyfile"
        candidate.write_text(content, encoding="utf-8")
        # only the Caddy that will read the file can judge it; it gets neither network nor state
        command = ["docker", "run", "--rm", "--pull", "never", "--network", "none", "--entrypoint", "caddy"]
        command += ["--volume", f"{candidate}:{INSIDE}:ro", image(module)]
        command += ["validate", "--adapter", "caddyfile", "--config", INSIDE]
        code, out, error = module.run_command(command)
    if code:
        module.fail_json(
            msg=refusal.told("Caddy refuses the Caddyfile for this site", refusal.words(out, error)),
            code="caddyfile-refused",
            hint="check tls.hostname in the site file; the Caddyfile in use was not changed",
        )


ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path", "required": True},
    "content": {"type": "str", "default": ""},
    "mark": {"type": "str", "required": True},
    "replaced": {"type": "path", "required": True},
}


def run(module: AnsibleModule) -> None:
    params = module.params
    if module.check_mode and not Path(params["directory"]).is_dir():
        module.exit_json(**change.unknown("release"))
    path, store = Path(params["directory"]) / PLACE, Path(params["replaced"])
    vendors = store.joinpath(*path.absolute().parts[1:-1], "Caddyfile.vendor")
    live = path.read_text(encoding="utf-8") if path.is_file() else ""
    ours = live.startswith(params["mark"])
    if params["content"]:
        wanted = params["content"]
    else:
        wanted = vendors.read_text(encoding="utf-8") if ours and vendors.is_file() else live
    found = placing.mode_of(path)
    mode = found or 0o644
    before = (live.encode() if path.is_file() else None, found)
    changes = []
    if wanted != live:
        changes = change.of_file("tls", str(path), before, (wanted.encode(), mode))
    if changes and not module.check_mode:
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        if params["content"]:
            validate(module, wanted, store)
        placing.keep_replaced(path, store)
        if live and not ours:
            placing.write_atomic(vendors, live.encode(), mode=0o600)
        os.umask(0o022)
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        placing.write_atomic(path, wanted.encode(), mode=mode)
    # a file that is not ours may hold a provider's token or hashes of passwords
    both_ours = ours and params["content"]
    shown = [change.diff(one.what, live, wanted) if both_ours else one.diff() for one in changes]
    module.exit_json(**change.answer(changes, shown), path=os.fspath(path))
