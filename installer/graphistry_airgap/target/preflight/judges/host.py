"""Judgements about the machine: platform, size, clock, Pythons, hardening, GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...driver.life import later
from ...finding import ERROR, INFO, WARNING, Finding, human
from ...host.dgx import RELEASE
from ...host.identities import IDENTITIES
from ...host.platforms import why_refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# the product's documented minimum; a demonstration or a test runs with less, so they only warn
MINIMUM_CPUS = 4
MINIMUM_MEMORY = 16 * 10**9
_TOLERANCE = 0.95


def platform(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    system = profile["system"]
    found = system["platform"]
    if found != requirements["platform"]:
        reason, way_out = why_refused(found)
        base = f"; it is made from {system['base']}, and has packages of its own" if system["base"] else ""
        base += f"; it is {system['preview']}" if system["preview"] else ""
        yield Finding(
            ERROR,
            "platform-unsupported",
            f"this host runs {system['name'] or found}, the bundle is for {requirements['platform']}{base}"
            + (f": {reason}" if reason else ""),
            found,
            requirements["platform"],
            way_out
            or "use a bundle that was built for this platform, or install on a host of the bundle's platform",
            "/etc/os-release",
        )
    if system["rebuild"]:
        yield Finding(
            WARNING,
            "platform-rebuild",
            f"this host calls itself {system['rebuild']} and has the ID {system['id']}: "
            "a rebuild that was not tried",
            system["rebuild"],
            "nothing",
            "try it on one host first",
            "/etc/os-release",
        )
    if system["warning"]:
        yield Finding(
            WARNING,
            "platform-untried",
            system["warning"],
            system["name"],
            "nothing",
            "try it on one host first",
            "/etc/os-release",
        )
    yield from _kind(system)
    # Debian and rpm have their own names for one architecture
    names = ("", system["architecture"], system["machine"])
    if requirements["architecture"] not in names:
        yield Finding(
            ERROR,
            "architecture-unsupported",
            f"this host is {system['architecture']}, the bundle is for {requirements['architecture']}",
            system["architecture"],
            requirements["architecture"],
            "install on a host of the bundle's architecture",
        )


def _kind(system: Mapping[str, Any]) -> Iterator[Finding]:
    """Systems of a known name that take no packages in the usual way, or have no kernel of their own."""
    if system["image_based"]:
        yield Finding(
            ERROR,
            "host-image-based",
            "this host is made from an image (ostree, bootc): packages cannot be installed in its /usr",
            "/run/ostree-booted",
            "a host whose packages are installed one by one",
            "install on such a host",
            "/run/ostree-booted",
        )
    if "microsoft" in system["kernel"].lower():
        yield Finding(
            ERROR,
            "host-wsl",
            f"this host is a Windows Subsystem for Linux: its kernel is {system['kernel']}",
            system["kernel"],
            "a machine, or a virtual one, with a kernel of the platform's",
            "install on a server",
        )


def dgx(profile: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Finding]:
    """What NVIDIA brings to DGX OS is not replaced, so it has to be there."""
    version = profile["system"]["dgx"]
    if not version:
        return
    lacking = [] if profile["docker"]["engine"]["running"] else ["running Docker"]
    lacking += [] if profile["engines"]["compose"]["stages"] else ["compose plugin"]
    lacking += [] if profile["toolkit"]["there"] else ["nvidia-ctk of NVIDIA's container toolkit"]
    if lacking:
        yield Finding(
            ERROR,
            "dgx-incomplete",
            f"this DGX OS {version} has no {' and no '.join(lacking)}; the bundle's are not installed there",
            f"no {' and no '.join(lacking)}",
            "Docker and the container toolkit as DGX OS has them",
            "`systemctl start docker`, or install NVIDIA's packages (docker-ce, docker-compose-plugin, "
            "nvidia-container-toolkit) from its repositories for DGX OS",
            RELEASE,
        )
        return
    yield Finding(
        INFO,
        "dgx-left-alone",
        f"DGX OS {version}: its driver, Docker and container toolkit are NVIDIA's and stay as they are",
        f"DGX OS {version}",
        "nothing",
        "updates of them come from NVIDIA's repositories, or with a new image",
        RELEASE,
    )


def processor(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """What the platform's programs are compiled for: without it they end with an illegal instruction."""
    needed = IDENTITIES.get(requirements["platform"], {}).get("processor", [])
    flags = profile["resources"]["processor"]
    missing = [flag for flag in needed if flag not in flags]
    if not missing:
        return
    if not flags:
        yield Finding(
            WARNING,
            "processor-unknown",
            "/proc/cpuinfo lists no flags: whether this processor can run the bundle's programs is not known",
            "no flags",
            ", ".join(needed),
            "see what `lscpu` says",
            "/proc/cpuinfo",
        )
        return
    yield Finding(
        ERROR,
        "processor-too-old",
        f"programs of {requirements['platform']} are compiled for x86-64-v3, and this processor, as the "
        f"machine shows it, lacks {', '.join(missing)}",
        f"no {', '.join(missing)}",
        ", ".join(needed),
        "a virtual machine may be given a newer processor model by its hypervisor; else install on a newer "
        "machine, or on one with the major release before",
        "/proc/cpuinfo",
    )


def resources(profile: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Finding]:
    found = profile["resources"]
    if found["cpus"] < MINIMUM_CPUS:
        yield Finding(
            WARNING,
            "cpu-below-minimum",
            f"{found['cpus']} processor cores are fewer than the product's minimum of {MINIMUM_CPUS}",
            str(found["cpus"]),
            str(MINIMUM_CPUS),
            "give the machine more cores before it serves users",
        )
    if found["memory"] < MINIMUM_MEMORY * _TOLERANCE:
        yield Finding(
            WARNING,
            "memory-below-minimum",
            f"{human(found['memory'])} of memory are less than the product's minimum of 16 GB",
            human(found["memory"]),
            "16 GB",
            "give the machine more memory before it serves users",
        )


def clock(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    found = profile["clock"]
    created = requirements["bundle_created"]
    if created and found["now"] < created:
        yield Finding(
            ERROR,
            "clock-before-bundle",
            f"the clock says {found['now']}, and the bundle was made at {created}",
            found["now"],
            f"a time after {created}",
            "set the clock (`timedatectl set-time`); signatures and certificates are judged by it",
        )
    if found["synchronized"] is False:
        yield Finding(
            INFO,
            "clock-not-synchronized",
            "the kernel says that no time service keeps the clock",
            "not synchronized",
            "a time source inside the closed network",
            "sessions and certificates depend on the clock",
        )


def pythons(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    yield from python_lives(requirements["pythons"], today=profile["clock"]["now"])


def python_lives(found: Iterable[Mapping[str, Any]], *, today: str) -> Iterator[Finding]:
    """Of `[{name, ends, own}]` those that are mended no more on that day (`2026-11-30…`), or for no year."""
    for one in found:
        if one["ends"] >= later(today):
            continue
        over = one["ends"] < today[:7]
        what = (
            f"{one['name']}, which came with the bundle,"
            if one["own"]
            else f"{one['name']}, its Python with it,"
        )
        yield Finding(
            WARNING,
            "interpreter-over" if over else "interpreter-ending",
            f"{what} "
            + ("gets no fixes any more, for security neither" if over else "gets fixes for less than a year"),
            f"{one['name']}, mended until {one['ends']}",
            "a Python that is mended for another year",
            "build the bundle with a newer version of this tool, which takes a newer interpreter"
            if one["own"]
            else "upgrade the host, or have its maker mend it longer by contract",
        )


def hardening(profile: Mapping[str, Any], _: Mapping[str, Any]) -> Iterator[Finding]:
    found = profile["hardening"]
    if found["selinux"] == "enforcing":
        yield Finding(
            WARNING,
            "selinux-enforcing",
            "SELinux is enforcing; the release's bind mounts carry no labels of their own",
            "enforcing",
            "a policy that lets containers read the release's data directories",
            "watch the audit log for denials after the services start",
        )
    if profile["gpus"] and not profile["gpu"]:
        yield Finding(
            INFO,
            "gpu-present",
            f"{len(profile['gpus'])} NVIDIA device(s) on the PCI bus; the site file wants no GPU settings",
            ", ".join(item["address"] for item in profile["gpus"]),
            "`gpu: auto` in the site file, if the services are to use them",
        )
