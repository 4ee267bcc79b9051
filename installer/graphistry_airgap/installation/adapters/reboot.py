"""Restarting this host, and the one-shot unit that goes on with the installation afterwards."""

from __future__ import annotations

from pathlib import Path

from graphistry_airgap.core import places
from graphistry_airgap.core.adapters.files import write_atomic
from graphistry_airgap.core.adapters.process import run
from graphistry_airgap.installation.adapters.run_lock import SCOPE_PREFIX
from graphistry_airgap.target.host.files import sync_directory

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
SYSTEMD = Path("/etc/systemd/system")
DELAY = 15

_TEXT = f"""\
# Made by graphistry-airgap for the reboot that its installation needs; it removes itself when it has run.
# Not in this boot:  systemctl stop {places.RESUME_UNIT}
# Never:             systemctl disable --now {places.RESUME_UNIT}
[Unit]
Description=Go on with the installation of Graphistry after the reboot
After=multi-user.target

[Service]
Type=exec
ExecStart={places.TOOL} --no-color install --resume --wait-for-medium
StandardOutput=journal+console
StandardError=inherit
SuccessExitStatus=10

[Install]
WantedBy=multi-user.target
"""

# a run that somebody started meanwhile ends first, and one that completed the installation needs no reboot
_RESTART = (
    f"while systemctl list-units --plain --no-legend --state=active '{SCOPE_PREFIX}*.scope' | grep -q .; "
    f"do sleep 1; done; [ ! -e {places.RESUME} ] || exec systemctl reboot"
)


def boot_id() -> str:
    return BOOT_ID.read_text(encoding="ascii").strip()


class ResumeUnit:
    def __init__(self, folder: Path = SYSTEMD) -> None:
        self.path = folder / places.RESUME_UNIT

    def install(self) -> str:
        """Write and enable the unit; returns what stood in the way, empty when nothing did."""
        try:
            write_atomic(self.path, _TEXT)
            enabled = run(["systemctl", "enable", "--quiet", places.RESUME_UNIT])
            sync_directory(self.path.parent)
            sync_directory(self._wanted.parent)
        except OSError as error:
            return f"{error.filename or self.path}: {error.strerror}"
        return "" if enabled.ok else enabled.words

    def remove(self) -> None:
        """Takes the unit away for the boots to come; a process of it that runs now goes on."""
        if not self.path.exists() and not self._wanted.is_symlink():
            return
        self._wanted.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        run(["systemctl", "daemon-reload"])

    @property
    def _wanted(self) -> Path:
        return self.path.parent / "multi-user.target.wants" / self.path.name


def schedule_restart() -> str:
    """Restart this host once this run has ended; returns what stood in the way, empty when nothing did."""
    command = ["systemd-run", "--quiet", "--collect", f"--unit={places.RESTART_UNIT}", f"--on-active={DELAY}"]
    command += ["--timer-property=AccuracySec=1", "--description=Restart for graphistry-airgap"]
    asked = run([*command, "/bin/sh", "-c", _RESTART])
    active = asked.ok or run(["systemctl", "is-active", "--quiet", f"{places.RESTART_UNIT}.timer"]).ok
    return "" if active else asked.words
