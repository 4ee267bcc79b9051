"""nexus' administrative commands. Secrets come from the environment: an argument list is readable by all."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from demo_service import accounts
from demo_service.dependencies import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable


def list_accounts() -> str:
    return "\n".join(accounts.names())


def create_user() -> str:
    values = [
        os.environ.get(name, "")
        for name in ("GRAPHISTRY_USERNAME", "GRAPHISTRY_EMAIL", "GRAPHISTRY_PASSWORD")
    ]
    if not all(values):
        raise SystemExit("create_user needs GRAPHISTRY_USERNAME, GRAPHISTRY_EMAIL and GRAPHISTRY_PASSWORD")
    username, email, password = values
    try:
        account = accounts.create(username, email, password)
    except accounts.AccountExistsError:
        return f"exists: {username}"
    return f"created: {username}{' (administrator)' if account.is_superuser else ''}"


def main() -> None:
    commands: dict[str, Callable[[], str]] = {"create_user": create_user, "list_accounts": list_accounts}
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in commands:
        raise SystemExit(f"unknown command {name!r}; known: {', '.join(commands)}")
    try:
        accounts.migrate()
        output = commands[name]()
    except UnavailableError as error:
        raise SystemExit(f"{name}: {error}") from error
    if output:
        print(output)


if __name__ == "__main__":
    main()
