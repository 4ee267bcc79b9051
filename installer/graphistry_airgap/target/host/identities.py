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
        "previews": {},
        "processor": [],
        "kernel_modules": [],
    },
    "debian-13": {
        "ids": {
            "debian": "Debian GNU/Linux",
        },
        "version": "13",
        "warn": {},
        "previews": {},
        "processor": [],
        "kernel_modules": [],
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
        "previews": {},
        "processor": [],
        "kernel_modules": [],
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
        "previews": {},
        "processor": [],
        "kernel_modules": [],
    },
    "rhel-10": {
        "ids": {
            "rhel": "Red Hat Enterprise Linux",
            "rocky": "Rocky Linux",
            "almalinux": "AlmaLinux",
            "ol": "Oracle Linux Server",
            "centos": "CentOS Stream",
        },
        "version": "10",
        "warn": {
            "centos": "CentOS Stream is ahead of RHEL's minor releases, and was not tried",
        },
        "previews": {
            "almalinux": "AlmaLinux Kitten, a rolling preview of the next minor release",
        },
        "processor": [
            "cx16",
            "lahf_lm",
            "popcnt",
            "sse4_1",
            "sse4_2",
            "ssse3",
            "abm",
            "avx",
            "avx2",
            "bmi1",
            "bmi2",
            "f16c",
            "fma",
            "movbe",
            "xsave",
        ],
        "kernel_modules": ["xt_addrtype"],
    },
    "ubuntu-22.04": {
        "ids": {
            "ubuntu": "Ubuntu",
        },
        "version": "22.04",
        "warn": {},
        "previews": {},
        "processor": [],
        "kernel_modules": [],
    },
    "ubuntu-24.04": {
        "ids": {
            "ubuntu": "Ubuntu",
        },
        "version": "24.04",
        "warn": {},
        "previews": {},
        "processor": [],
        "kernel_modules": [],
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
