"""A module that uses a bundle is told which run it belongs to."""

from __future__ import annotations

from ..plugin_utils.this_run import ActionModule

__all__ = ["ActionModule"]
