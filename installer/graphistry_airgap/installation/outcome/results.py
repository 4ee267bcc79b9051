"""The results of a run's hosts as one: a single host's own, of several each one's code and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.errors import AirgapError, worst_of_hosts
from graphistry_airgap.core.result import Result, error_object, failed

if TYPE_CHECKING:
    from collections.abc import Mapping


def of_all(results: Mapping[str, Result], refused: Mapping[str, AirgapError]) -> Result:
    """`results` has those of the hosts that were not refused; hosts are told in the order of their names."""
    every = {**results, **{name: failed(error) for name, error in refused.items()}}
    if len(every) == 1:
        (single,) = every.values()
        return single
    names = sorted(every)
    hosts = [_host(name, every[name]) for name in names]
    data: dict[str, Any] = {"hosts": hosts}
    if counted := [host["changed"] for host in hosts if "changed" in host]:
        data["changed"] = sum(counted)
    return Result(
        data=data,
        messages=[f"{name}: {line}" for name in names for line in every[name].messages],
        exit_code=worst_of_hosts(every[name].exit_code for name in names),
        errors=[named(error, name) for name in names for error in every[name].errors],
    )


def _host(name: str, result: Result) -> dict[str, Any]:
    return {
        "host": name,
        "exit_code": int(result.exit_code),
        "errors": [error_object(error) for error in result.errors],
        **result.data,
    }


def named(error: AirgapError, host: str) -> AirgapError:
    """The same error, which says whose it is."""
    details = {"host": host, **error.details}
    return type(error)(f"{host}: {error.message}", code=error.code, hint=error.hint, details=details)
