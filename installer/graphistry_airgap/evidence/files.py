"""A report's two files, and who ran what where."""

from __future__ import annotations

import os
import platform
import pwd
from pathlib import Path
from typing import Any

from graphistry_airgap.core.adapters.files import write_atomic
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.version import __version__


class EvidenceFiles:
    """`NAME.json` for programs, `NAME.html` for people; never in the place of something else."""

    def check(self, report: Path) -> None:
        """Refuse a bad place before a bundle is read for minutes."""
        if report.suffix != ".json":
            raise InputError(
                f"the report {report} must be named *.json; the readable page gets the same name with .html",
                code="report-name",
                hint=f"--report {report.with_suffix('.json') if report.name else report / 'evidence.json'}",
            )
        for path in (report, report.with_suffix(".html")):
            if os.path.lexists(path):
                raise InputError(
                    f"{path} exists, and evidence is never overwritten",
                    code="report-exists",
                    hint="name another file, or move that one away",
                )
        parent = report.absolute().parent
        if not os.access(parent, os.W_OK | os.X_OK):
            raise InputError(
                f"the directory {parent} is not there or not writable",
                code="report-unwritable",
                hint="name a directory that you may write",
            )

    def check_outside(self, report: Path, bundle: Path) -> None:
        """Whatever lies there: what lacks its bundle.json may be a bundle, too."""
        # a loop of links makes Path.resolve raise
        if Path(os.path.realpath(report)).is_relative_to(os.path.realpath(bundle)):
            raise InputError(
                f"the report {report} would lie inside the bundle, which must stay as it was signed",
                code="report-in-bundle",
                hint="name a place outside the bundle",
            )

    def save(self, report: Path, document: bytes, page: str) -> list[str]:
        """The JSON file comes last: where it is, both are whole."""
        readable = report.with_suffix(".html")
        write_atomic(readable, page)
        write_atomic(report, document)
        return [str(report), str(readable)]


def circumstances() -> dict[str, Any]:
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    return {
        "tool": {"name": "graphistry-airgap", "version": __version__, "python": platform.python_version()},
        "host": {"name": platform.node(), "system": _system(), "kernel": platform.release()},
        "user": user,
    }


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()
