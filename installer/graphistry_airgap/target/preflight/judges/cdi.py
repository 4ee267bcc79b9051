"""Judgements about CDI specifications that do not fit the driver, and about what should have made them.

Docker and the toolkit read `/etc/cdi` and `/var/run/cdi`; of one device that stands in both, the second
place's wins.  Since 1.18 the toolkit refreshes a file there by units of its own.
"""

from __future__ import annotations

import json
import re

from ...docker import cdi_refresh
from ...finding import INFO, WARNING, Finding

GENERATE = "nvidia-ctk cdi generate"
_SETTINGS = "/etc/nvidia-container-toolkit/nvidia-cdi-refresh.env"
# as the toolkit's logger writes a line where nobody looks at a terminal
_ERROR = re.compile(r'^time=\S+ level=(?:error|fatal) msg=("(?:[^"\\]|\\.)*"|\S+)', re.MULTILINE)


def words(said: str) -> str:
    """What a program of the toolkit ended with, whole, without what it only remarks on its way there."""
    told = [json.loads(text) if text.startswith('"') else text for text in _ERROR.findall(said)]
    return "; ".join(told) or said.strip()


def generate_failed(said: str, status: int) -> Finding:
    """`said` is the program's standard error; a driver answers, or it would not have been asked."""
    return Finding(
        WARNING,
        "cdi-generate-failed",
        f"{GENERATE} failed: {words(said) or f'exit {status}'}",
        said.strip() or f"exit {status}",
        "a description of the GPUs that the driver sees",
        "compare `cat /proc/driver/nvidia/version` with `ldconfig -p | grep libnvidia-ml`; after an update "
        "of the driver restart the host; then run the same install again",
    )


def unknown_version(said: str) -> Finding:
    return Finding(
        WARNING,
        "cdi-toolkit-unknown",
        f"nvidia-ctk does not say its version, so nothing is known about CDI: {said.strip() or 'no answer'}",
        said.strip() or "no answer",
        "`nvidia-ctk --version` with a version",
        "run `nvidia-ctk --version` and look at what it says; `which -a nvidia-ctk` shows a second one",
    )


def stale(path: str, reason: str, *, refreshed: bool = False) -> Finding:
    """A file that describes GPUs where there is nothing to describe; a refreshed one is the toolkit's own."""
    maker = "the toolkit made it" if refreshed else "this installer did not make it"
    return Finding(
        WARNING,
        "cdi-stale",
        f"{path} describes GPUs, {maker}, and {reason}: containers that use it fail",
        path,
        "none, as long as no driver answers",
        f"remove it (`rm {path}`); "
        + (
            f"`systemctl restart {cdi_refresh.SERVICE}` makes it anew once a driver answers"
            if refreshed
            else "who made it can make it anew once a driver answers"
        ),
    )


def overrules(path: str, ours: str, text: str, driver: str) -> Finding:
    """The toolkit's own file says something else than the toolkit would say now."""
    older = f" and does not name the driver {driver}" if driver and driver not in text else ""
    return Finding(
        WARNING,
        "cdi-stale",
        f"{path} is not what {GENERATE} says now{older}, and it wins over {ours}",
        path,
        f"what {GENERATE} says now",
        f"`systemctl restart {cdi_refresh.SERVICE}` makes it anew; nothing, if {_SETTINGS} wants it so",
    )


def refresh_failed(units: list[str], why: str, *, template: bool) -> Finding:
    names = " and ".join(units)
    return Finding(
        INFO if template else WARNING,
        "cdi-refresh-failed",
        f"the toolkit's {names} failed: {why}",
        ", ".join(f"{unit} failed" for unit in units),
        "a driver that answers when they start",
        "nothing: they start anew with each clone"
        if template
        else f"see `journalctl -u {cdi_refresh.SERVICE}`; once a driver answers, run the same install again, "
        f"which starts them (`systemctl reset-failed {' '.join(units)}`, `systemctl start` …)",
    )
