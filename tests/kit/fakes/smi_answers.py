"""Answers of `nvidia-smi -q -x`, written for tests: what an installer looks at, in the drivers' shapes."""

from __future__ import annotations

UUID = "GPU-00000000-0000-4000-8000-{:012d}"
VGPU_DRIVER = "580.126.20"


def gpu(
    index: int = 0,
    *,
    name: str = "Tesla T4",
    architecture: str | None = "Turing",
    device: str = "1EB810DE",
    memory: str | None = "15360 MiB",
    mode: str | None = "None",
    licence: str | None = None,
    licence_element: str = "vgpu_software_licensed_product",
    mig: tuple[str, ...] | None = None,
    compute_mode: str = "Default",
    uuid: str | None = None,
    recovery: str | None = None,
    more: str = "",
) -> str:
    """One `<gpu>`; None leaves the field out, as drivers do that do not know it; `more` is XML."""
    licensed = f"<{licence_element}><license_status>{licence}</license_status></{licence_element}>"
    instances = "".join(
        f"<mig_device><index>{n}</index>{_memory(total)}</mig_device>" for n, total in enumerate(mig or ())
    )
    parts = [
        f'<gpu id="00000000:{index + 1:02X}:00.0">',
        f"<product_name>{name}</product_name>",
        _optional("product_architecture", architecture),
        f"<mig_mode><current_mig>{'N/A' if mig is None else 'Enabled'}</current_mig></mig_mode>",
        f"<mig_devices>{instances or 'None'}</mig_devices>",
        f"<uuid>{uuid or UUID.format(index)}</uuid>",
        _optional("gpu_virtualization_mode", mode and f"<virtualization_mode>{mode}</virtualization_mode>"),
        licensed if licence else "",
        f"<pci><pci_device_id>{device}</pci_device_id></pci>",
        _memory(memory) if memory else "",
        f"<compute_mode>{compute_mode}</compute_mode>",
        _optional("gpu_recovery_action", recovery),
        more,
        "</gpu>",
    ]
    return "".join(parts)


def vgpu(index: int = 0, *, profile: str = "T4-8Q", licence: str | None = "Licensed", **fields: str) -> str:
    size = profile.rstrip("ABCQ").rpartition("-")[2]
    given = {"name": f"GRID {profile}", "memory": f"{int(size) * 1024} MiB", "mode": "VGPU", **fields}
    return gpu(index, licence=licence, **given)


def answer(*gpus: str, driver: str = "595.58.03", dtd: str = "v12", attached: int | None = None) -> bytes:
    """A whole answer; `dtd` as in `nvsmi_device_v12.dtd`."""
    lines = [
        '<?xml version="1.0" ?>',
        f'<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_{dtd}.dtd">',
        "<nvidia_smi_log>",
        "<timestamp>Mon Apr 24 16:22:39 2028</timestamp>",
        f"<driver_version>{driver}</driver_version><cuda_version>13.2</cuda_version>",
        f"<attached_gpus>{len(gpus) if attached is None else attached}</attached_gpus>",
        *gpus,
        "</nvidia_smi_log>",
    ]
    return "\n".join(lines).encode() + b"\n"


def _optional(tag: str, content: str | None) -> str:
    return f"<{tag}>{content}</{tag}>" if content else ""


def _memory(total: str) -> str:
    return f"<fb_memory_usage><total>{total}</total><used>1 MiB</used></fb_memory_usage>"
