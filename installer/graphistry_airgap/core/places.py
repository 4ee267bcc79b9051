"""Fixed places on a host; documentation and operators depend on them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from graphistry_airgap.target.host import lock

PROGRAM: Final = Path("/opt/graphistry-airgap")
TOOL: Final = PROGRAM / "bin" / "graphistry-airgap"
# each bundle's own Python environment; `TOOL` is a link into one of them
RUNTIMES: Final = PROGRAM / "runtimes"
# dpkg's list from before install.sh added the platform's Python; gone once a receipt holds the difference
PACKAGES_BEFORE: Final = PROGRAM / "packages-before"
CONFIG: Final = Path("/etc/graphistry-airgap")
SITE_FILE: Final = CONFIG / "site.yml"
KEYRING: Final = CONFIG / "trusted.gpg"
# one line: how many keys of the keyring must have signed a bundle
REQUIRED: Final = CONFIG / "trusted.required"
STATE: Final = Path("/var/lib/graphistry-airgap")
RECEIPT: Final = STATE / "receipt.json"
RESUME: Final = STATE / "resume.json"
# there until what the stages changed stands in a receipt; what a killed run began is for the next one to end
STAGES_BEGUN: Final = STATE / "stages-begun.jsonl"
# what is kept here of other hosts, a directory each
HOSTS: Final = STATE / "hosts"
RECEIPTS: Final = STATE / "receipts"
LOGS: Final = STATE / "log"
REPORTS: Final = STATE / "reports"
# what runs on a host knows these two, too
RUN: Final = lock.RUN
LOCK: Final = lock.LOCK
RESUME_UNIT: Final = "graphistry-airgap-resume.service"
RESTART_UNIT: Final = "graphistry-airgap-restart"
