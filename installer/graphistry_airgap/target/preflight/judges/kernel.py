"""Kernels that lack modules: the running one those that Docker needs, it or the one that the host boots next
NVIDIA's.

Kernels come with updates, long after an installation; the GPUs are gone with the
boot that follows.  `status` and preflight ask the same questions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...driver import next_boot as kernel_boot, prebuilt as driver_prebuilt
from ...finding import ERROR, WARNING, Finding
from . import driver as findings_driver

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

RUNNING, NEXT = "kernel-without-driver", "next-kernel-without-driver"


def next_boot(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """For preflight; what the running kernel lacks is a matter of the driver's plan."""
    desired = requirements.get("driver")
    if not desired or not profile.get("driver"):
        return
    carried = {*desired["packages"]["headers"], *driver_prebuilt.everywhere(desired)}
    coming = findings_driver.plan(profile, requirements).prebuilt
    found = judge(profile["boot"], desired["platform"], carried, expected=False, coming=coming)
    yield from (one for one in found if one.code == NEXT)


def for_docker(profile: Mapping[str, Any], requirements: Mapping[str, Any]) -> Iterator[Finding]:
    """Docker's rules need modules that a minimal installation may lack, and it ends without them."""
    docker, kernel = profile["docker"], profile["system"]["kernel"]
    settings = docker["settings"]
    own_rules = settings["network"]["iptables"] is False or settings["firewall_backend"] == "nftables"
    if own_rules or (docker["engine"]["running"] and not docker["engine"]["error"]):
        return
    coming = [
        item["name"]
        for item in profile["packages"]["wanted"]
        if item.get("kernel") == kernel and item["state"] in ("absent", "older")
    ]
    for module, there in profile["system"]["modules"].items():
        if there or coming:
            continue
        carried = sorted({item["kernel"] for item in requirements["packages"] if item.get("kernel")})
        brings = f"the bundle brings what has it for {', '.join(carried) or 'no kernel'}"
        way = (
            f'build the bundle with `platforms.{requirements["platform"]}.kernels: ["{kernel}"]` (for the '
            f"system's own kernels that is kernel-modules-extra-{kernel}), boot one of those that it is made "
            "for, or bring the module by your own process"
        )
        if there is None:
            yield Finding(
                WARNING,
                "docker-module-unknown",
                f"whether the running kernel {kernel} has the module {module}, which Docker needs, is not "
                f"known: it has no list of its modules; {brings}",
                f"no list of the modules of {kernel}",
                module,
                f"see that `modprobe {module}` succeeds; if not, {way}",
                f"/lib/modules/{kernel}",
            )
            continue
        yield Finding(
            ERROR,
            "docker-module-missing",
            f"the running kernel {kernel} has no module {module}: Docker would not start and say `Extension "
            f"{module[len('xt_') :]} revision 0 not supported, missing kernel module?`; {brings}",
            f"no {module} for {kernel}",
            module,
            way,
            f"/lib/modules/{kernel}",
        )


def judge(
    boot: Mapping[str, Any],
    platform: str,
    carried: Container[str],
    *,
    expected: bool,
    coming: Iterable[str] = (),
) -> Iterator[Finding]:
    """`carried`: kernels whose headers or modules the bundle brings; `expected`: a driver was installed here.

    Without that, a host whose kernels all lack modules is one that has no driver.  `coming` are kernels that
    get ready-made modules by this run.
    """
    kernels = {one["name"]: one for one in boot["kernels"]}
    there = {name for name, one in kernels.items() if one["has_modules"]}
    served = sorted(there.union(coming), key=kernel_boot.age)
    running = next((name for name, one in kernels.items() if one["running"]), "")
    if not served and not expected:
        return
    when = "with this run " if coming else ""
    others = f"; {when}there are some for {', '.join(served)}" if served else " any more"
    if running and running not in served:
        yield Finding(
            ERROR,
            RUNNING,
            f"the running kernel {running} has no NVIDIA modules{others}",
            f"no modules for {running}",
            "modules for the running kernel",
            _way(kernels[running], platform, carried) + (f"; or boot {served[-1]} again" if served else ""),
        )
    upcoming = boot["next"]
    if upcoming and upcoming not in (running, *served):
        yield Finding(
            WARNING,
            NEXT,
            f"the host boots {upcoming} next, and that kernel has no NVIDIA modules{others}",
            f"no modules for {upcoming}",
            f"modules for {upcoming}",
            _way(kernels[upcoming], platform, carried)
            + (f"; until then keep booting {served[-1]}" if served else ""),
        )


def _way(kernel: Mapping[str, Any], platform: str, carried: Container[str]) -> str:
    name = kernel["name"]
    later = "" if kernel["running"] else f"boot {name}, then "
    if kernel["has_headers"] or name in carried:
        return f"{later}run the same install again, which brings them"
    return (
        f"carry in a bundle built for {name} (in its spec `platforms.{platform}.driver.kernels: [{name}]`), "
        f"{later}install from it"
    )
