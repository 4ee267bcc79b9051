"""Name of each platform: `ID` of os-release(5), and what `VERSION_ID` is or begins with.

Made by scripts/make-platforms from knowledge/platforms/.
"""

from __future__ import annotations

IDENTITIES = {
    "debian-12": (("debian",), "12"),
    "debian-13": (("debian",), "13"),
    "rhel-9": (("rhel", "rocky", "almalinux", "ol", "centos"), "9"),
    "ubuntu-24.04": (("ubuntu",), "24.04"),
}
