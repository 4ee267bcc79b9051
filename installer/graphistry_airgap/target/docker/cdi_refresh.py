"""The toolkit's own units that refresh its CDI specification (1.18 and newer).

Where nvidia-smi is installed and no driver answers yet, both fail after a few attempts, and stay so when the
driver comes without a reboot (NVIDIA/nvidia-container-toolkit, issues 1611 and 1624).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..host.machine import Run

SERVICE, PATH = "nvidia-cdi-refresh.service", "nvidia-cdi-refresh.path"
FILE = "/var/run/cdi/nvidia.yaml"
# the second is between two attempts: the next ones fail as well
_FAILING = ("failed", "auto-restart")


def failing(run: Run) -> list[str]:
    return [unit for unit in (SERVICE, PATH) if _state(run, unit) in _FAILING]


def mend(run: Run, units: list[str]) -> str:
    """Start them anew; systemd's words where they fail again."""
    run(["systemctl", "reset-failed", *units], {})
    _, out, error = run(["systemctl", "start", *units], {})
    return (error or out).strip() or "systemctl start" if failing(run) else ""


def _state(run: Run, unit: str) -> str:
    """A unit that is not there is `dead`."""
    return run(["systemctl", "show", "--value", "-p", "SubState", unit], {})[1].strip()
