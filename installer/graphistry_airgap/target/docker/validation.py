"""What dockerd itself says of a configuration file, before it has to start with it.

`dockerd --validate` is known from 23.0 on; an older one cannot be asked.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# with `default` as its value dockerd makes the user dockremap, even while it only validates (seen with 26.1)
_MAKES_A_USER = "userns-remap"
_LIMIT = ("timeout", "20")


def refusal(
    run: Callable[[list[str]], tuple[int, str, str]], argv: Sequence[str], text: str, path: str
) -> str:
    """Why dockerd, started as `argv` says, does not take `text` as its file `path`; empty where it does.

    Empty also where there is no dockerd or an old one: then the table of settings is all there is.
    """
    if any(_MAKES_A_USER in words for words in (text, *argv)):
        return ""
    with tempfile.TemporaryDirectory(prefix="graphistry-airgap-") as folder:
        file = Path(folder, "daemon.json")
        file.write_text(text, encoding="utf-8")
        program, *given = argv or ["dockerd"]
        command = [*_LIMIT, program, "--validate", *_without_file(given), f"--config-file={file}"]
        try:
            status, out, error = run(command)
        except OSError:
            return ""
        words = (error or out).strip().replace(os.fspath(file), path)
    cannot = status in (0, 124, 126, 127) or "--validate" in words
    return "" if cannot else words


def _without_file(arguments: Sequence[str]) -> list[str]:
    found: list[str] = []
    skip = False
    for word in arguments:
        if skip:
            skip = False
        elif word == "--config-file":
            skip = True
        elif not word.startswith("--config-file="):
            found.append(word)
    return found
