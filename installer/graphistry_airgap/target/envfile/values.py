"""Whether a value is of the type that its variable needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Spec = Mapping[str, Any]

_BOOLEANS = frozenset({"true", "false", "1", "0", "yes", "no", "on", "off", "t", "f", "y", "n"})
_UUID = "GPU-00000000-0000-0000-0000-000000000000"
_INSTANCE = (
    r"MIG-[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|MIG-GPU-[0-9A-Fa-f\-]{36}/[0-9]+/[0-9]+"
)
_PATTERNS = {
    "cron": (r"[0-9A-Za-z*/,\-]+(?: +[0-9A-Za-z*/,\-]+){4}", "five fields of cron, such as '5 */12 * * *'"),
    "size": (r"[0-9]+[kKmMgG]?", "a size such as 200M or 10G"),
    "bytes-or-none": (r"[0-9]+|None", "a number of bytes, or None"),
    "url": (r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s/]+\S*", "an address such as https://host/path"),
    "host": (r"[A-Za-z0-9._:\[\]\-]+", "a host name or an address"),
    "path": (r"\.{0,2}/\S.*", "a path"),
    "compose-file": (r"[A-Za-z0-9._/\-]+\.ya?ml", "a compose file, relative to the release"),
    "bcrypt": (r"|\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}", "a bcrypt hash in single quotes, or nothing"),
    "origins": (
        r"|(?:\*|https?://[^\s,/]+)(?:\s*,\s*(?:\*|https?://[^\s,/]+))*",
        "origins such as https://host, with commas between",
    ),
    "gpu-integers": (r"|[0-9]+(?:,[0-9]+)*", "indices such as 0,1: OpenCL does not know UUIDs"),
}


def needed(spec: Spec, value: str) -> str:
    """What the variable needs instead of this value; empty when the value is good."""
    kind = spec["type"]
    if kind in _PATTERNS:
        pattern, text = _PATTERNS[kind]
        return "" if re.fullmatch(pattern, value) else text
    check = _CHECKS.get(kind)
    return check(spec, value) if check else ""


def gpu_list(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def are_integers(items: list[str]) -> bool:
    return all(re.fullmatch("[0-9]+", item) for item in items)


def is_gpu_uuid(item: str) -> bool:
    """Also the beginning of one, which is enough for CUDA."""
    whole = item + _UUID[len(item) :]
    return len(item) > len("GPU-") and re.fullmatch(_UUID.replace("0", "[0-9A-Fa-f]"), whole) is not None


def is_instance(item: str) -> bool:
    return re.fullmatch(_INSTANCE, item) is not None


def threshold(value: str) -> tuple[str, int] | None:
    """Unit and number of `70%` or `8192MB`; the two units cannot be compared."""
    match = re.fullmatch(r"([0-9]+)(%|MB)", value)
    return (match[2], int(match[1])) if match else None


def number(value: str) -> tuple[str, int] | None:
    return threshold(value) or (("", int(value)) if re.fullmatch("[0-9]+", value) else None)


def _choice(spec: Spec, value: str) -> str:
    return "" if value in spec["values"] else " or ".join(spec["values"])


def _boolean(_: Spec, value: str) -> str:
    return "" if value.lower() in _BOOLEANS else "true or false"


def _integer(spec: Spec, value: str) -> str:
    low, high, step = spec.get("minimum"), spec.get("maximum"), spec.get("multiple")
    text = "a whole number"
    text += f", {low} or more" if low is not None and high is None else ""
    text += f", {low} to {high}" if low is not None and high is not None else ""
    text += f", a multiple of {step}" if step else ""
    # more digits than this no counter holds, and Python would refuse to convert thousands of them
    if not re.fullmatch("-?[0-9]{1,18}", value):
        return text
    found = int(value)
    outside = (low is not None and found < low) or (high is not None and found > high)
    return text if outside or (step and found % step) else ""


def _integer_or_max(spec: Spec, value: str) -> str:
    return "" if value == "max" else f"{text}, or max" if (text := _integer(spec, value)) else ""


def _port(_: Spec, value: str) -> str:
    return _integer({"minimum": 1, "maximum": 65535}, value)


def _threshold(_: Spec, value: str) -> str:
    found = threshold(value)
    good = found is not None and (found[0] == "MB" or found[1] <= 100)
    return "" if good else "a share such as 70% or an amount such as 8192MB"


def _gpus(_: Spec, value: str) -> str:
    items = gpu_list(value)
    if value.strip() and not all(item.strip() for item in value.split(",")):
        return "no empty entry: CUDA takes no GPU behind one"
    if any(item.startswith("MIG-") for item in items):
        text = "one MIG instance, named MIG-…: CUDA takes no second one, and no GPU beside it"
        return "" if len(items) == 1 and is_instance(items[0]) else text
    if are_integers(items) or all(is_gpu_uuid(item) for item in items):
        return ""
    return "indices such as 0,1 or UUIDs such as GPU-…, never both in one list"


_CHECKS: dict[str, Callable[[Spec, str], str]] = {
    "choice": _choice,
    "boolean": _boolean,
    "integer": _integer,
    "integer-or-max": _integer_or_max,
    "port": _port,
    "threshold": _threshold,
    "gpus": _gpus,
}
