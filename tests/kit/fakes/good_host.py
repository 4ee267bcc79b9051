"""A host in order as preflight sees it, and what is required of it: no judge finds anything.

Tests change what they are about (`changed`), so that a judge always meets a whole profile.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

GIB = 1 << 30
DATA_ROOT, CONTAINERD, ROOT = "/var/lib/docker", "/var/lib/containerd", "/var/graphistry"


def mount(path: str, **changed: Any) -> dict[str, Any]:
    place = {"resolved": path, "mount": "/", "kind": "ext4", "options": ["rw", "relatime"], "obstacle": ""}
    return {**place, "inodes": 30_000_000, "inodes_total": 32_000_000, **changed}


def disk(device: str, free: int) -> dict[str, Any]:
    return {"lies_at": "/", "device": device, "free": free, "total": 500 * GIB}


PATHS = ("/", "/usr", "/etc", "/opt", "/var/lib", "/var/lib/dpkg", CONTAINERD, DATA_ROOT, ROOT)
PLACES: dict[str, Any] = {
    "mounts": {path: mount(path) for path in PATHS},
    "bundle": "/media/bundle",
    "remount_hooks": [],
    "image_based": False,
}
STORAGE: dict[str, Any] = {"prior": [], "overlay": True, "d_type": True}
ENGINES: dict[str, Any] = {
    "programs": [],
    "masked": [],
    "compose": {"stages": "", "unit": "", "versions": {}},
    "dormant": [],
}
REQUIREMENTS: dict[str, Any] = {
    "platform": "debian-13",
    "architecture": "amd64",
    "purpose": "server",
    "bundle": "/media/bundle",
    "bundle_created": "2026-11-20T08:00:00Z",
    "package_system": "apt",
    "repositories": [],
    "packages": [{"name": "docker.io", "version": "26.1.5+dfsg1-9"}],
    "images": [],
    "ports": [80, 443],
    "data_root": "/var/lib/docker",
    "image_store": "default",
    "address_pools": [],
    "allow_restart": False,
    "root": "/var/graphistry",
    "release_version": "v2.50.1",
    "release_files": {},
    "administrator_file": "/etc/administrator.yml",
    "waive": [],
    "hardening_allow": [],
    "pythons": [],
    "gpu": {},
    "vgpu": {},
    "env_schema": {},
}
DAEMON: dict[str, Any] = {
    "flags": [],
    "argv": [],
    "conflicts": [],
    "twice": [],
    "judged": [],
    "refusal": "",
    "refusal_then": "",
    "restart": [],
    "optional": [],
    "problem": None,
}
PROFILE: dict[str, Any] = {
    "system": {
        "platform": "debian-13",
        "id": "debian",
        "version": "13",
        "name": "Debian GNU/Linux 13 (trixie)",
        "architecture": "amd64",
        "machine": "x86_64",
        "kernel": "6.12",
        "kernel_headers": True,
        "rebuild": "",
        "warning": "",
        "base": "",
        "preview": "",
        "dgx": "",
        "image_based": False,
        "modules": {},
    },
    "resources": {"cpus": 8, "memory": 64 * GIB, "processor": ["fpu", "sse2"]},
    "disks": {path: disk("8:1", 400 * GIB) for path in PATHS},
    "places": PLACES,
    "engines": ENGINES,
    "gpus": [],
    "gpu": {},
    "toolkit": {"there": False, "mode": "auto"},
    "vgpu": {"guest": "no-gpu"},
    "env_files": [],
    "hardening": {
        "secure_boot": False,
        "nouveau": False,
        "selinux": "off",
        "fapolicyd": False,
        "fips": False,
    },
    "hardened": {
        "forwarding_off": [],
        "forwarding_overridden": [],
        "forwarding_off_late": False,
        "fapolicyd_told": False,
        "fapolicyd_trusted": 0,
        "user_namespaces": True,
        "apparmor": False,
    },
    "clock": {"now": "2026-11-21T00:00:00Z", "synchronized": True},
    "ports": [80, 443],
    "listening": [],
    "routes": [{"network": "192.0.2.0/24", "device": "eth0", "gateway": False, "docker": False}],
    "name_servers": ["192.0.2.254"],
    "addresses": ["192.0.2.1"],
    "firewall": {
        "nft": {"loaded": True, "error": "", "entries": []},
        "legacy": {"loaded": False, "error": "", "policy": "", "rules": [], "docker": False},
        "bridge_calls": "1",
        "firewalld": {"running": False, "strict": False, "bound": []},
        "ufw": {"enabled": False, "manages_all": False},
    },
    "release_networks": {"project": "graphistry", "networks": ["grph_net"], "services": 15},
    "docker": {
        "settings": {
            "path": "/etc/docker/daemon.json",
            "exists": False,
            "error": "",
            "keys": [],
            "flags": [],
            "data_root": None,
            "address_pools": [],
            "firewall_backend": None,
            "live_restore": False,
            "containerd_store": None,
            "network": {
                "bip": None,
                "dns": None,
                "fixed_cidr": None,
                "ip": None,
                "bridge": None,
                "iptables": None,
                "host_binding": None,
            },
        },
        "engine": {
            "running": False,
            "error": "",
            "containers": [],
            "present": [],
            "networks": [],
            "bridges": [],
        },
        "daemon": DAEMON,
        "data_root": "/var/lib/docker",
        "containerd_root": "/var/lib/containerd",
        "classic_images": False,
        "snap": False,
        "written_pools": [],
        "storage": STORAGE,
    },
    "packages": {
        "wanted": [],
        "assumed": [],
        "rivals": {},
        "unfinished": [],
        "triggered": [],
        "journal": 0,
        "lock": {},
    },
    "administrator": {
        "path": "/etc/administrator.yml",
        "exists": True,
        "error": "",
        "mode": "0600",
        "owner": 0,
        "keys": ["email", "password", "username"],
        "weaknesses": [],
    },
    "releases": {
        "installed": ["v2.50.1"],
        "current": "releases/v2.50.1",
        "differing": [],
        "environment": {"path": "/var/graphistry/custom.env", "exists": True, "mode": "0600", "names": []},
    },
    "installation": {
        "installed": "v2.50.1",
        "bundle": "/media/bundle",
        "ours": ["v2.50.1"],
        "root": "",
        "projects": [],
        "trees": [],
        "volumes": [],
        "images": [],
        "network": False,
        "unread": [],
    },
    "transaction": None,
}
RUNNING: dict[str, Any] = {
    "running": True,
    "version": "26.1.5",
    "data_root": "/var/lib/docker",
    "containerd_store": False,
    "live_restore": False,
}


def changed(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with values replaced; a key is a dotted path."""
    result = copy.deepcopy(dict(document))
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = result
        for name in parents:
            place = place[name]
        merged = isinstance(value, dict) and isinstance(place[last], dict)
        place[last] = place[last] | value if merged else value
    return result
