"""The interface of the roles, and values of their types as Ansible itself makes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from graphistry_airgap.content import content_root
from graphistry_airgap.core.adapters.documents import read_yaml
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphistry_airgap.installation.fleet.overrides import Override


def role_specs() -> dict[str, dict[str, dict[str, Any]]]:
    """Each role's variables with their argument specification."""
    found = {}
    for path in sorted(Path(content_root(), "roles").glob("*/meta/argument_specs.yml")):
        document = read_yaml(path, what="the interface of a role")
        found[path.parents[1].name] = document["argument_specs"]["main"]["options"]
    return found


def typed(override: Override, spec: Mapping[str, Any]) -> Any:
    """The value as the role gets it, since INI has texts alone; raises InputError where it cannot be that."""
    ruled = {key: spec[key] for key in ("type", "elements", "choices") if key in spec}
    done = ArgumentSpecValidator({override.variable: ruled}).validate({override.variable: override.value})
    if done.error_messages:
        raise InputError(
            f"{override.variable} of the inventory's host {override.host}: {'; '.join(done.error_messages)}",
            code="inventory-value",
            hint=str(spec.get("description", "see the role's README")),
            details={"found": str(override.value), "needed": str(spec.get("type", "str"))},
        )
    return done.validated_parameters[override.variable]
