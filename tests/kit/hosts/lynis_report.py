"""What the hardening scanner lynis says about a host, in lines that two scans can be compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.hosts.sealed_host import SealedHost

REPORT = "/var/log/lynis-report.dat"
KINDS = ("warning[]=", "suggestion[]=", "details[]=", "exception_event[]=")


def scan(host: SealedHost) -> set[str]:
    """Run the scanner from its Debian package, and return every finding with its details."""
    host.require(["lynis", "audit", "system", "--quick", "--no-colors", "--quiet"], timeout=600)
    text = host.read(REPORT).decode(errors="replace")
    return {line.strip() for line in text.splitlines() if line.startswith(KINDS)}


def identifier(finding: str) -> str:
    """`FIRE-4513` of `suggestion[]=FIRE-4513|…`."""
    return finding.partition("=")[2].partition("|")[0]
