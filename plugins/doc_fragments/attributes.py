"""What holds for every module of the collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible's own name for it."""

    DOCUMENTATION = r"""
options: {}
author:
  - The graphistry-airgap developers (@graphistry)
attributes:
  check_mode:
    description: Says what a run would do, and does nothing.
  diff_mode:
    description: Returns what differs, before and after.
  platform:
    description: Where the module runs.
    support: full
    platforms: linux
"""
