"""What an operator puts on a fresh host besides the bundle: keyring, site file, administrator's secret."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from lab.hosts.sealed_host import SealedHost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Host = TypeVar("Host", bound=SealedHost)

MEDIUM = "/media/bundle"
ETC = "/etc/graphistry-airgap"
KEYRING = f"{ETC}/trusted.gpg"
SITE_FILE = f"{ETC}/site.yml"
ADMINISTRATOR_FILE = f"{ETC}/administrator.yml"
INSTALLED_TOOL = "/opt/graphistry-airgap/bin/graphistry-airgap"
RECEIPT = "/var/lib/graphistry-airgap/receipt.json"
PASSWORD = "correct-horse-Battery-9"  # noqa: S105  (of throw-away hosts)
INSTALL = ("sh", f"{MEDIUM}/install.sh", "--keyring", KEYRING)

SITE = """\
schema: 1
purpose: {purpose}
docker:
  image_store: {image_store}
"""
ADMINISTRATOR_OF_SITE = """\
administrator:
  secret_file: {file}
"""
ADMINISTRATOR = """\
username: admin
email: admin@example.invalid
password: {password}
"""


def site_file(*, purpose: str = "server", image_store: str = "default") -> str:
    text = SITE.format(purpose=purpose, image_store=image_store)
    return text + (ADMINISTRATOR_OF_SITE.format(file=ADMINISTRATOR_FILE) if purpose == "server" else "")


def place(host: SealedHost, *, keyring: Path, site: str, password: str | None) -> None:
    """Put the operator's files on the host; without a password no administrator's file."""
    host.put(keyring, KEYRING)
    host.put(site.encode(), SITE_FILE)
    if password is not None:
        host.put(ADMINISTRATOR.format(password=password).encode(), ADMINISTRATOR_FILE, mode=0o600)


@contextmanager
def prepared(
    host: Host, boot: Callable[[], None], *, keyring: Path, site: str, password: str | None = PASSWORD
) -> Iterator[Host]:
    """The host, booted anew and with the operator's files on it; it is gone afterwards."""
    host.stop()
    with host:
        boot()
        place(host, keyring=keyring, site=site, password=password)
        yield host
