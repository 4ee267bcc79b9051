"""The steps of an installation, in their fixed order.

Each has a playbook of the same name, except the last two, which the tool runs
itself once the playbooks are through.  Where a host was installed before, the stages
from the second on are first asked, all at once, whether anything is left for them.
"""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    PREFLIGHT = "preflight"
    REPOSITORY = "repository"
    DRIVER = "driver"
    DOCKER = "docker"
    TOOLKIT = "toolkit"
    IMAGES = "images"
    RELEASE = "release"
    CONFIGURATION = "configuration"
    TLS = "tls"
    SERVICES = "services"
    VERIFY = "verify"
    RECEIPT = "receipt"


PLAYBOOK_STAGES = tuple(Stage)[: tuple(Stage).index(Stage.VERIFY)]
TEMPLATE_STAGES = PLAYBOOK_STAGES[: PLAYBOOK_STAGES.index(Stage.CONFIGURATION) + 1]
