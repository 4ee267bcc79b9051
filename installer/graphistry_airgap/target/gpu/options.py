"""What an operator may ask for: which GPUs, how many workers for each, MIG or not."""

from __future__ import annotations

import re
from dataclasses import dataclass

MULTIPLIERS = (4, 4, 1)
# more would be a typing error: no list of GPUs of one server is longer
_LONGEST_RANGE = 4096
_UUID = re.compile(r"GPU-[0-9A-Za-z][0-9A-Za-z-]*")
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")


class OptionError(ValueError):
    """An option that cannot be read; `code` is stable, `hint` shows the right form."""

    def __init__(self, message: str, code: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


@dataclass(frozen=True)
class Options:
    """`ids` are indices or UUIDs as text, empty for all; `multipliers` None lets the memory decide."""

    ids: tuple[str, ...] = ()
    multipliers: tuple[int, int, int] | None = None
    allow_mig: bool = False

    @property
    def by_uuid(self) -> bool:
        return bool(self.ids) and not self.ids[0].isdigit()


def read(*, indices: str = "", workers: str = "", allow_mig: bool = False) -> Options:
    return Options(read_ids(indices), read_multipliers(workers), allow_mig)


def read_ids(text: str) -> tuple[str, ...]:
    """`0,2,5-7` or `GPU-…,GPU-…`; never both."""
    hint = "write indices and ranges such as 0,2,5-7, or UUIDs such as GPU-8e3b…,GPU-41c0…"
    if not text.strip():
        return ()
    ids: list[str] = []
    for part in (part.strip() for part in text.split(",")):
        if _UUID.fullmatch(part):
            ids.append(part)
            continue
        found = _RANGE.fullmatch(part)
        if found is None:
            raise OptionError(f"`{part[:60]}` is no GPU index, range or UUID", "gpu-ids-invalid", hint)
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first or last - first >= _LONGEST_RANGE:
            raise OptionError(f"`{part}` is no range of GPUs", "gpu-ids-invalid", hint)
        ids += [str(index) for index in range(first, last + 1)]
    if len({one.isdigit() for one in ids}) > 1:
        raise OptionError(
            "indices and UUIDs are mixed; the services accept one kind in a list",
            "gpu-ids-mixed",
            hint,
        )
    if len(set(ids)) != len(ids):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise OptionError(f"GPU {twice} is named twice", "gpu-ids-invalid", hint)
    return tuple(ids)


def read_multipliers(text: str) -> tuple[int, int, int] | None:
    """`F,S,D`: workers of forge-etl-python, streamgl-gpu and dask-cuda-worker for each GPU."""
    if not text.strip():
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 3 or not all(re.fullmatch(r"[1-9][0-9]{0,3}", part) for part in parts):
        raise OptionError(
            f"`{text[:60]}` does not say how many workers to run",
            "gpu-workers-invalid",
            "write three numbers from 1, for forge-etl-python, streamgl-gpu and dask-cuda-worker on each "
            "GPU: 4,4,1",
        )
    return int(parts[0]), int(parts[1]), int(parts[2])
