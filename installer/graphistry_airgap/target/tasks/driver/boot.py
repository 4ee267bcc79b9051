"""Task: what the next boot finds, so that NVIDIA's driver gets the GPUs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import change
from ...driver import changes as driver_changes, initramfs as driver_initramfs
from ...host import files as placing, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from ansible.module_utils.basic import AnsibleModule

DAEMON = "nvidia-persistenced.service"
DROP_IN = Path(f"/etc/systemd/system/{DAEMON}.d/graphistry-airgap.conf")


@dataclass(frozen=True)
class Step:
    """One change, how it is shown and said, and what makes it."""

    change: change.Change
    diff: dict[str, str]
    word: str
    make: Callable[[], Any]


def placing_of(path: Path, data: bytes, word: str, *, then: Callable[[], Any] = lambda: None) -> list[Step]:
    """The file in its place, where it is not; `then` follows the writing."""

    def make() -> None:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        placing.write_atomic(path, data, mode=driver_changes.MODE)
        then()

    found = placing.content_and_mode(path)
    due = change.of_file(driver_changes.SUBJECT, str(path), found, (data, driver_changes.MODE))
    return [Step(one, change.text_diff(one, found[0], data), word, make) for one in due]


def listing(module: AnsibleModule, tool: driver_initramfs.Tool, kernel: str, image: Path) -> list[str]:
    """What is inside; nothing where the image cannot be read, which calls for a new one."""
    status, out, _ = module.run_command(driver_initramfs.filled(tool.list, kernel, image))
    return [] if status else out.splitlines()


def is_stale(module: AnsibleModule, tool: driver_initramfs.Tool, kernel: str, image: Path) -> bool:
    blacklist = Path(module.params["blacklist"])
    modules = driver_initramfs.modules(kernel, module.params["prefix"])
    return bool(driver_initramfs.stale(image, listing(module, tool, kernel, image), blacklist, modules))


def rebuild(module: AnsibleModule, tool: driver_initramfs.Tool, kernel: str, image: Path) -> None:
    status, out, error = module.run_command(driver_initramfs.filled(tool.make, kernel, image))
    if status or is_stale(module, tool, kernel, image):
        module.fail_json(
            msg=refusal.told(
                f"the initramfs of kernel {kernel} cannot be rebuilt ({image})", refusal.words(out, error)
            ),
            code="initramfs-failed",
            hint="free space in /boot or mend what is said there, then run the same install again",
        )


def rebuilding(module: AnsibleModule, tool: driver_initramfs.Tool, *, rewritten: bool) -> list[Step]:
    """Each image that is stale, or will be once the blacklist is written."""
    images = driver_initramfs.images(tool)
    stale = [kernel for kernel, image in images.items() if rewritten or is_stale(module, tool, kernel, image)]
    return [
        Step(
            one,
            one.diff(),
            f"initramfs of kernel {kernel} rebuilt",
            partial(rebuild, module, tool, kernel, images[kernel]),
        )
        for kernel in stale
        for one in driver_changes.of_image(images[kernel])
    ]


def daemon(module: AnsibleModule) -> list[Step]:
    """Bound to a loaded driver, and enabled; one that is masked or absent is let be."""
    status, out, _ = module.run_command(["systemctl", "is-enabled", DAEMON])
    if out.strip() in ("", "not-found", "masked", "masked-runtime"):
        return []

    def reread() -> None:
        module.run_command(["systemctl", "daemon-reload"], check_rc=True)
        # the package's own first start came too early
        module.run_command(["systemctl", "reset-failed", DAEMON])

    def enable() -> None:
        module.run_command(["systemctl", "enable", DAEMON], check_rc=True)

    text = module.params["daemon_content"].encode()
    bound = placing_of(DROP_IN, text, "persistence daemon bound to a loaded driver", then=reread)
    due = driver_changes.of_unit(DAEMON, enabled=status == 0)
    return [*bound, *(Step(one, one.diff(), "persistence daemon enabled", enable) for one in due)]


def steps(module: AnsibleModule) -> list[Step]:
    """What is due, in its order; nothing is done yet."""
    params = module.params
    tool = driver_initramfs.tool_of(lambda name: module.get_bin_path(name) is not None)
    found = placing_of(Path(params["blacklist"]), params["blacklist_content"].encode(), "nouveau blacklisted")
    rewritten = bool(found)
    if tool and tool.settings:
        word = f"{tool.make[0]} told to take the blacklist along"
        found += placing_of(Path(tool.settings), params["dracut_content"].encode(), word)
    if tool:
        found += rebuilding(module, tool, rewritten=rewritten)
    return found + daemon(module)


ARGUMENTS: dict[str, dict[str, Any]] = {
    "blacklist": {"type": "path", "default": "/etc/modprobe.d/graphistry-airgap-nouveau.conf"},
    "blacklist_content": {"type": "str", "required": True},
    "dracut_content": {"type": "str", "required": True},
    "daemon_content": {"type": "str", "required": True},
    "prefix": {"type": "str", "required": True},
    "waits_for": {"type": "str", "default": ""},
}


def run(module: AnsibleModule) -> None:
    waits_for = module.params["waits_for"]
    if module.check_mode and waits_for:
        module.exit_json(**change.unknown(waits_for), done=[])
    due = steps(module)
    if not module.check_mode:
        for step in due:
            step.make()
    said = change.answer([step.change for step in due], [step.diff for step in due])
    module.exit_json(**said, done=[step.word for step in due])
