"""The licence client nvidia-gridd: its service, and what nvidia-smi says it has achieved."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..gpu import model as gpu_model, smi as gpu_smi
from ..host import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

UNIT = "nvidia-gridd.service"
_PAUSE = 1.0
_LOG_LINES = "15"


class Run(Protocol):
    def __call__(self, args: list[str], /, **options: Any) -> tuple[int, str, str]: ...


class GriddError(Exception):
    """`log` holds the last journal lines of the client."""

    def __init__(self, message: str, *, log: str = "") -> None:
        super().__init__(message)
        self.log = log


@dataclass(frozen=True)
class Gridd:
    run: Run
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def answer(self) -> gpu_smi.Answer:
        return gpu_smi.ask(lambda argv, environment: self.run(list(argv), environ_update=dict(environment)))

    def is_enabled(self) -> bool:
        return self.run(["systemctl", "is-enabled", "--quiet", UNIT])[0] == 0

    def is_active(self) -> bool:
        return self.run(["systemctl", "is-active", "--quiet", UNIT])[0] == 0

    def enable(self) -> None:
        self._systemctl("enable", UNIT)

    def reread_units(self) -> None:
        self._systemctl("daemon-reload")

    def restart(self) -> None:
        self.run(["systemctl", "reset-failed", UNIT])
        self._systemctl("restart", UNIT)

    def wait(self, limit: float) -> gpu_smi.Answer:
        """The answer in which every vGPU is licensed; raises when that takes longer than `limit` seconds."""
        deadline = self.clock() + limit
        while True:
            answer = self.answer()
            if is_licensed(answer):
                return answer
            if self.clock() >= deadline:
                raise GriddError(
                    f"{unlicensed(answer)} {limit:g} s after nvidia-gridd was told to get one",
                    log=self.log(),
                )
            self.pause(_PAUSE)

    def log(self) -> str:
        command = [
            "journalctl",
            "--unit",
            UNIT,
            "--lines",
            _LOG_LINES,
            "--output",
            "cat",
            "--no-pager",
            "--quiet",
        ]
        return self.run(command)[1].strip()

    def _systemctl(self, *arguments: str) -> None:
        status, _, error = self.run(["systemctl", *arguments])
        if status:
            raise GriddError(refusal.told(f"`systemctl {' '.join(arguments)}` fails", error), log=self.log())


def virtual(answer: gpu_smi.Answer) -> list[gpu_model.Gpu]:
    return [gpu for gpu in answer.gpus if gpu.is_vgpu]


def is_licensed(answer: gpu_smi.Answer) -> bool:
    found = virtual(answer)
    return bool(found) and all(gpu.licence == gpu_model.LICENSED for gpu in found)


def unlicensed(answer: gpu_smi.Answer) -> str:
    """In which state the guest is, for a message."""
    if answer.state != gpu_smi.ANSWERED:
        return f"nvidia-smi gives no answer ({answer.detail})"
    without = [gpu.label for gpu in virtual(answer) if gpu.licence != gpu_model.LICENSED]
    return f"{', '.join(without) or 'the guest'} has no licence"
