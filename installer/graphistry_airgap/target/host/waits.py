"""What a task waits for, told to the tool that runs it.

The tool names a file in its run's own directory, which ends with the run, and reads it while the task goes
on; whoever runs a playbook by hand names none, and nothing is written.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLACE = "AIRGAP_WAITS"
PAUSE = 5.0


def tell(what: str) -> None:
    """One line in a moment's state: which service, and what its health check said last."""
    place = os.environ.get(PLACE)
    if not place:
        return
    # what is told is a courtesy; a full disk must not end the wait
    with suppress(OSError):
        fresh = Path(f"{place}.new")
        fresh.write_text(" ".join(what.split()), encoding="utf-8")
        fresh.replace(place)


@contextmanager
def telling(look: Callable[[], str]) -> Iterator[None]:
    """Tell what `look` finds every few seconds while another program is waited for."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(PAUSE):
            tell(look())

    watch = threading.Thread(target=repeat, daemon=True)
    if os.environ.get(PLACE):
        watch.start()
    try:
        yield
    finally:
        over.set()
        if watch.is_alive():
            watch.join()
