"""Who hosts are, by os-release(5): see `platforms.py`.

Made by scripts/make-platforms from knowledge/platforms/.
"""

from __future__ import annotations

from typing import Any

IDENTITIES: dict[str, dict[str, Any]] = {
    "debian-12": {
        "ids": {
            "debian": "Debian GNU/Linux",
        },
        "version": "12",
        "warn": {},
    },
    "debian-13": {
        "ids": {
            "debian": "Debian GNU/Linux",
        },
        "version": "13",
        "warn": {},
    },
    "rhel-8": {
        "ids": {
            "rhel": "Red Hat Enterprise Linux",
            "rocky": "Rocky Linux",
            "almalinux": "AlmaLinux",
            "ol": "Oracle Linux Server",
        },
        "version": "8",
        "warn": {},
    },
    "rhel-9": {
        "ids": {
            "rhel": "Red Hat Enterprise Linux",
            "rocky": "Rocky Linux",
            "almalinux": "AlmaLinux",
            "ol": "Oracle Linux Server",
            "centos": "CentOS Stream",
        },
        "version": "9",
        "warn": {
            "centos": "CentOS Stream is ahead of RHEL's minor releases, and was not tried",
        },
    },
    "ubuntu-22.04": {
        "ids": {
            "ubuntu": "Ubuntu",
        },
        "version": "22.04",
        "warn": {},
    },
    "ubuntu-24.04": {
        "ids": {
            "ubuntu": "Ubuntu",
        },
        "version": "24.04",
        "warn": {},
    },
}

REFUSED: dict[str, dict[str, Any]] = {
    "ubuntu-20.04": {
        "ids": ["ubuntu"],
        "version": "20.04",
        "reason": "fixes ended in May 2025, Docker at 28.1.1, and ansible-core has left its Python 3.8",
        "hint": "upgrade the host to Ubuntu 22.04 or 24.04, or install on a newer host",
    },
}
