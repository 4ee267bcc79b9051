"""`host profile`: what this machine is and has, for carrying to where bundles are built.

It leaves a closed network, so it holds what a build can use and nothing that names the machine or its users:
each field is picked by hand from what the probes know, and none of theirs is passed on as a whole.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphistry_airgap.core.canonical import readable_json
from graphistry_airgap.core.errors import HostError, InputError
from graphistry_airgap.core.result import Result
from graphistry_airgap.target.driver import kernels as driver_kernels
from graphistry_airgap.target.gpu import pci as gpu_pci
from graphistry_airgap.target.host import resources as probe_host
from graphistry_airgap.target.host.platforms import platform_of
from graphistry_airgap.target.packages import systems as package_systems
from graphistry_airgap.target.preflight.probes import docker as probe_docker
from graphistry_airgap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graphistry_airgap.target.host.machine import Host

SCHEMA = 1
# a key in rpm's database looks like a package
_NO_ARCHITECTURE = "(none)"
# where an installation puts files
_PLACES = ("/", "/opt", "/usr", "/var/graphistry", "/var/lib", "/var/lib/containerd", "/var/lib/docker")


@dataclass(frozen=True)
class MakeHostProfile:
    host: Host
    write: Callable[[Path, bytes], None]
    script: Path

    def run(self, output: Path | None, *, as_script: bool = False) -> Result:
        """The profile of this machine, or the script that makes one elsewhere, into a file or as answer."""
        if as_script:
            return self._hand_over(self.script.read_bytes(), output, {}, ["The script for other hosts"])
        profile = take_profile(self.host)
        said = [
            f"Host profile of {profile['os']['platform']}, kernel {profile['kernel']['running']}, "
            f"{len(profile['packages'])} packages"
        ]
        missing = [f"not read: {finding['message']}" for finding in profile["findings"]]
        return self._hand_over(readable_json(profile), output, {"profile": profile}, [*said, *missing])

    def _hand_over(
        self, content: bytes, output: Path | None, data: dict[str, Any], said: list[str]
    ) -> Result:
        """Without a file the content is the whole answer, so that it can be redirected."""
        if output is None:
            text = content.decode()
            return Result(data=data or {"script": text}, messages=[text.rstrip("\n")])
        try:
            self.write(output, content)
        except OSError as error:
            raise InputError(
                f"{output} cannot be written: {error.strerror}",
                code="output-unwritable",
                hint="name a file in a directory that exists and that you may write to",
                details={"path": str(output)},
            ) from None
        return Result(
            data={**data, "path": str(output.absolute())}, messages=[f"{said[0]}: {output}", *said[1:]]
        )


def take_profile(host: Host) -> dict[str, Any]:
    """The document of `host-profile-v1.json`; what cannot be read is absent and stands in its findings."""
    system = probe_host.system(host)
    package_system, packages = _installed(host)
    if not packages:
        raise HostError(
            "neither dpkg-query nor rpm lists a package of this machine",
            code="packages-unreadable",
            hint="run it on the host itself, with the package database that belongs to it",
        )
    findings: list[dict[str, str]] = []
    return {
        "schema": SCHEMA,
        "made_by": f"graphistry-airgap {__version__}",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "os": {
            "id": system["id"],
            "version_id": system["version"],
            "pretty_name": system["name"],
            "platform": platform_of(system["id"], system["version"]),
        },
        "architecture": system["architecture" if package_system == "apt" else "machine"],
        "kernel": _kernels(host, system["kernel"]),
        "package_system": package_system,
        "packages": packages,
        "gpus": [{"device": device["device"].lower()} for device in gpu_pci.devices(host)],
        **_docker(host, findings),
        "disk": _disk(host),
        **_machine(host, findings),
        "findings": findings,
    }


def _installed(host: Host) -> tuple[str, list[dict[str, str]]]:
    """The package system that lists packages is the machine's own; programs of the other may be there too."""
    for name in package_systems.SYSTEMS:
        found = {
            (one.name, one.version, one.architecture)
            for one in package_systems.of(name, host).installed()
            if one.whole and one.architecture != _NO_ARCHITECTURE
        }
        if found:
            keys = ("name", "version", "architecture")
            return name, [dict(zip(keys, one, strict=True)) for one in sorted(found)]
    return "", []


def _kernels(host: Host, running: str) -> dict[str, Any]:
    found = driver_kernels.kernels(host)
    return {
        "running": running,
        "installed": [kernel["name"] for kernel in found if kernel["installed"]],
        "headers": [kernel["name"] for kernel in found if kernel["has_headers"]],
    }


def _docker(host: Host, findings: list[dict[str, str]]) -> dict[str, Any]:
    found = probe_docker.holdings(host)
    if found is None:
        return {}
    if "error" in found:
        findings.append(_unread("docker-unread", f"Docker runs and cannot be asked ({found['error']})"))
        return {}
    if unread := found.pop("unread"):
        findings.append(_unread("images-unread", f"the configs of {unread} images can be read by root only"))
    return {"docker": found}


def _disk(host: Host) -> list[dict[str, Any]]:
    return [
        {"path": path, "total_bytes": place["total"], "free_bytes": place["free"]}
        for path, place in probe_host.disks(host, _PLACES).items()
    ]


def _machine(host: Host, findings: list[dict[str, str]]) -> dict[str, Any]:
    resources, hardening = probe_host.resources(host), probe_host.hardening(host)
    secure_boot = probe_host.secure_boot(host)
    if secure_boot is None:
        findings.append(_unread("secure-boot-unread", "the firmware's variable cannot be read"))
    return {
        "memory_bytes": resources["memory"],
        "cpus": resources["cpus"],
        **({} if secure_boot is None else {"secure_boot": secure_boot}),
        "selinux": hardening["selinux"],
        "fips": hardening["fips"],
    }


def _unread(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}
