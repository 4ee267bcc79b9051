"""All variables of the roles for one target: from its site file, its bundle, and what is known."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.installation.variables import (
    desired_driver,
    desired_gpus,
    playbook_variables,
    target_variables,
)
from graphistry_airgap.installation.vgpu_variables import vgpu_variables
from graphistry_airgap.target.envfile.schema import Schema

if TYPE_CHECKING:
    from graphistry_airgap.installation.request import Target


# large, and handed by roles to a module as they are, which takes a dictionary as JSON too: Ansible looks at
# each value of a structure for templates, several times a play, and at a text once
TEXTS = ("preflight_env_schema", "preflight_driver", "graphistry_services_readers")


@dataclass(frozen=True)
class RoleVariables:
    knowledge: dict[str, Any]
    env_schema: dict[str, Any]

    def __call__(self, target: Target) -> dict[str, Any]:
        desired = desired_gpus(target.site, target.bundle, self.knowledge, target.last)
        platform = target.bundle.platforms[target.provenance.platform]
        driver = desired_driver(target.site, target.bundle, platform, self.knowledge)
        variables = playbook_variables(
            target.site, target.bundle, target.provenance, desired, driver, local=target.host.local
        )
        variables |= vgpu_variables(target.site, target.bundle, target.provenance, self.knowledge)
        variables |= target_variables(Schema(self.env_schema))
        return variables | {name: json.dumps(variables[name]) for name in TEXTS}
