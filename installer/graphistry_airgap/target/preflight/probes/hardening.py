"""What hardening did to this host that an installation must know: forwarding, fapolicyd, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...hardening import exceptions, sysctl as sysctl_files

if TYPE_CHECKING:
    from ...host.machine import Host

# tells fapolicyd about each package that rpm installs; dpkg has nothing like it
_TELLS_FAPOLICYD = "/usr/lib64/rpm-plugins/fapolicyd.so"


def hardening(host: Host) -> dict[str, Any]:
    return {
        "forwarding_off": sysctl_files.forwarding_off(host, without=exceptions.SYSCTL_FILE),
        "forwarding_overridden": sysctl_files.forwarding_off(host, after=exceptions.SYSCTL_FILE),
        "forwarding_off_late": sysctl_files.forwarding_off_late(host),
        "fapolicyd_told": host.path(_TELLS_FAPOLICYD).exists(),
        "fapolicyd_trusted": exceptions.trusted_files(host),
        "user_namespaces": host.word("/proc/sys/user/max_user_namespaces") != "0",
        "apparmor": host.word("/sys/module/apparmor/parameters/enabled") == "Y",
    }
