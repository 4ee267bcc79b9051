"""Facts, and what is desired, for decisions about the driver, as probe and tool would hand them over."""

from graphistry_airgap.knowledge.knowledge import load_knowledge

KERNEL = "6.12.117+deb13-cloud-amd64"
KNOWLEDGE = {name: load_knowledge()[name] for name in ("releases", "architectures", "drivers")}
# one PCI device of each generation: K80, M60, P40, V100, T4, A100, H100, L40S, B200
DEVICES = {
    "Kepler": "0x102d",
    "Maxwell": "0x13f2",
    "Pascal": "0x1b38",
    "Volta": "0x1db4",
    "Turing": "0x1eb8",
    "Ampere": "0x20b0",
    "Hopper": "0x2330",
    "Ada Lovelace": "0x26b9",
    "Blackwell": "0x2901",
}


def gpu(generation="Turing", number=0, *, vgpu=False):
    return {"address": f"0000:{number + 1:02x}:00.0", "device": DEVICES[generation], "vgpu": vgpu}


def kernel(name=KERNEL, *, running=True, headers="whole", modules="", variant="", **more):
    return {
        "name": name,
        "running": running,
        "installed": True,
        "headers": headers,
        "headers_detail": "" if headers == "whole" else f"/lib/modules/{name}/build: {headers}",
        "has_headers": headers == "whole",
        "has_modules": bool(modules),
        "modules": modules,
        "variant": variant,
        "by_runfile": False,
        **more,
    }


def package(name, version, *, held=False):
    return {"name": name, "version": f"{version}-2", "driver": version, "held": held}


def signing(required="", **more):
    found = {"required": required, "shim": True, "key": "/var/lib/dkms/mok.pub"}
    return {**found, "has_key": False, "enrolled": False, **more}


def facts(*gpus, **more):
    """A bare host with headers of its kernel, whose package is there where anything of them is."""
    there = all(one["headers"] != "absent" for one in more.get("kernels", ()) if one["running"])
    return {
        "kernel": KERNEL,
        "kernels": [kernel()],
        "loaded": "",
        "loaded_variant": "",
        "nouveau": False,
        "signing": signing(),
        "dgx": False,
        "runfile": "",
        "packages": [],
        "other_kernel": "",
        "headers_package": {"name": f"linux-headers-{KERNEL}", "whole": there, "begun": False},
        "images": {KERNEL: "6.12.117-1"},
        "initramfs": "update-initramfs",
        "gpus": list(gpus),
        **more,
    }


def bundle(version="580.126.20", modules=("open", "proprietary"), kernels=(KERNEL,)):
    """(what bundle.json says of the driver, its package groups)."""
    both = {"open": "nvidia-open-kernel-dkms", "proprietary": "nvidia-kernel-dkms"}
    groups = {
        variant: [{"name": name, "version": f"{version}-2"}] if variant in modules else []
        for variant, name in both.items()
    }
    groups["programs"] = [{"name": name, "version": f"{version}-2"} for name in ("libcuda1", "nvidia-smi")]
    groups["headers"] = {
        name: [{"name": f"linux-headers-{name}", "version": "6.12.117-1"}] for name in kernels
    }
    entry = {"branch": version.partition(".")[0], "version": version, "modules": list(modules)}
    entry |= {"kernels": list(kernels), "kernel_images": dict.fromkeys(kernels, "6.12.117-1")}
    return entry, groups


def desired(version="580.126.20", modules=("open", "proprietary"), kernels=(KERNEL,), **more):
    """`version` "" for a bundle without driver; the rest are the site file's answers."""
    entry, groups = bundle(version, modules, kernels)
    if not version:
        entry, groups = {}, {"programs": [], "open": [], "proprietary": [], "headers": {}}
    return {
        "install": "auto",
        "modules": "auto",
        "replace": False,
        "waive_range": False,
        "release": "v2.50.1",
        "cuda": "12",
        "platform": "debian-13",
        "purpose": "server",
        "reboot": "manual",
        "vgpu": False,
        "bundle": entry,
        "packages": groups,
        "knowledge": KNOWLEDGE,
        **more,
    }
