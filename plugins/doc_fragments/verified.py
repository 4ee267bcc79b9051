"""What holds for the modules that use a bundle."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible's own name for it."""

    DOCUMENTATION = r"""
options: {}
notes:
  - Uses a bundle that M(graphistry.airgap.bundle) has verified in the same run, and refuses any other.
  - So it does in check mode.
"""
