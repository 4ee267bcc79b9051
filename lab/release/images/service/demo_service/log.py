"""One log format for every small service: time, level, service, message."""

from __future__ import annotations

import logging
import os
import sys


def configure(name: str) -> logging.Logger:
    level = os.environ.get("LOG_LEVEL", "INFO").upper()
    logging.basicConfig(
        stream=sys.stderr,
        level={"TRACE": "DEBUG", "WARN": "WARNING"}.get(level, level if level in _LEVELS else "INFO"),
        format=f"%(asctime)s %(levelname)s {name}: %(message)s",
    )
    return logging.getLogger(name)


_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR"}
