"""A host that waits for a reboot, made by the tool's own code, and the medium that comes and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.bundles.demo import DEMO
from lab.bundles.driver import DRIVER
from lab.hosts.prepared_host import MEDIUM
from tests.kit.faults.host_faults import wait_until

if TYPE_CHECKING:
    from lab.hosts.kernel_host import KernelHost
    from lab.hosts.sealed_host import SealedHost

# far enough below a mount point that nothing finds it by looking around
SHELF, DRIVER_SHELF = f"/shelf/{DEMO.name}/bundle", f"/shelf/{DRIVER.name}/bundle"
UNIT = "graphistry-airgap-resume.service"
STATE = "/var/lib/graphistry-airgap/resume.json"
CONSOLE = "/var/log/console.txt"

# what exit 10 leaves behind, for the bundle and the site file of the last receipt
_REMEMBER = """\
import json, sys
from pathlib import Path
from graphistry_airgap.knowledge.formats import load_document
from graphistry_airgap.installation.adapters.reboot import ResumeUnit, boot_id
from graphistry_airgap.installation.adapters.receipts import ReceiptFile
from graphistry_airgap.installation.adapters.resume_state import ResumeStateFile
from graphistry_airgap.installation.reboot.pending import Pending, RememberedBundle
from graphistry_airgap.installation.site_file import Site
from graphistry_airgap.installation.reboot.ask import digest_of
mode, boot = sys.argv[1:]
last = ReceiptFile().load()
bundle, inputs = last["bundle"], last["inputs"]
site = Site.from_document(load_document(Path(inputs["site"]), "site-v1", what="the site file"))
ResumeStateFile().save(Pending(
    stage="driver", reason="nouveau is loaded", boot_id=boot or boot_id(), reboots={"driver": 1},
    bundle=RememberedBundle("/media/bundle", bundle["id"], bundle["sums_sha256"], bundle["signed"]),
    site=inputs["site"], site_sha256=digest_of(site), keyring=inputs["keyring"], mode=mode,
    inventory=inputs.get("inventory")))
print(ResumeUnit().install() if mode == "automatic" else "")
"""
_RESTART = (
    "from graphistry_airgap.installation.adapters.reboot import schedule_restart; print(schedule_restart())"
)
# journald writes to the console as to any terminal; a container has none
_CONSOLE_UNIT = f"""\
[Unit]
DefaultDependencies=no
After=local-fs.target
Before=basic.target
[Service]
ExecStart=/usr/bin/script -qaf -c /usr/local/sbin/lab-console {CONSOLE}
[Install]
WantedBy=basic.target
"""
_CONSOLE = '#!/bin/sh\nln -sf "$(tty)" /dev/console\nexec sleep infinity\n'


def give_console(host: KernelHost) -> None:
    host.put(_CONSOLE.encode(), "/usr/local/sbin/lab-console", mode=0o755)
    host.put(_CONSOLE_UNIT.encode(), "/etc/systemd/system/lab-console.service")
    host.require(["systemctl", "enable", "--now", "lab-console.service"])


def console(host: KernelHost, *, until: str = "") -> str:
    """What stood on it since the last look; journald brings a line some time after it was said."""
    if until:
        wait_until(host, f"grep -qF -- '{until}' {CONSOLE}")
    text = host.read(CONSOLE).decode(errors="replace")
    host.require(["truncate", "-s", "0", CONSOLE])
    return text


def python(host: SealedHost, program: str, *arguments: str) -> str:
    """Run something with the tool's own Python."""
    own = "$(readlink -f /opt/graphistry-airgap/bin/graphistry-airgap | xargs dirname)/python"
    return host.require(
        ["sh", "-c", f'exec "{own}" -I - "$@"', "sh", *arguments], stdin=program.encode()
    ).strip()


def remember(host: SealedHost, mode: str = "manual", *, rebooted: bool = False) -> None:
    """The state, and for `automatic` the unit; `rebooted` makes it that of an earlier boot."""
    assert python(host, _REMEMBER, mode, "an-earlier-boot" if rebooted else "") == ""


def schedule_restart(host: KernelHost) -> None:
    assert python(host, _RESTART) == ""


def insert(host: KernelHost, medium: str = SHELF, *, at: str = MEDIUM) -> None:
    host.require(["mkdir", "-p", at])
    host.require(["mount", "--bind", medium, at])


def remove(host: KernelHost, at: str = MEDIUM) -> None:
    host.exec(["umount", at])


def unit_state(host: KernelHost) -> tuple[str, str]:
    """Whether it runs now, and whether it would in the next boot."""
    active, enabled = (
        host.exec(["systemctl", word, UNIT]).stdout.strip() for word in ("is-active", "is-enabled")
    )
    return active, enabled


def await_unit(host: KernelHost) -> None:
    """Until the unit has run to its end."""
    wait_until(host, f"! systemctl is-active --quiet {UNIT}", seconds=240)
