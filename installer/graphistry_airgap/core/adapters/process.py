"""The only door to other programs on the connected side and in the tool itself.

Ansible modules have `module.run_command`; everything else goes through `run`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from graphistry_airgap.core.errors import HostEnvironmentError, StageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

FIXED_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# seconds that a program has to end once it is told to
_GRACE = 5


@dataclass(frozen=True)
class Outcome:
    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.returncode == 0

    @property
    def words(self) -> str:
        """What the program said: its errors, or where it has none of them everything else."""
        return self.stderr.strip() or self.stdout.strip()

    def refusal(self, ours: str) -> str:
        """The program's words first and whole, `ours` after them."""
        return f"{self.words}\n{ours}" if self.words else f"{ours}: status {self.returncode}, without a word"


def own_python() -> tuple[str, ...]:
    """Our interpreter for another process: isolated, and as blind to compiled files as we are."""
    blind = ("-X", f"pycache_prefix={sys.pycache_prefix}") if sys.pycache_prefix else ()
    return (sys.executable, "-I", "-B", *blind)


def require(program: str, *, package: str) -> None:
    """Raise `HostEnvironmentError` naming the Debian package when a program is missing."""
    if shutil.which(program, path=FIXED_PATH) is None:
        raise HostEnvironmentError(
            f"the program {program} is needed and was not found in {FIXED_PATH}",
            code="program-missing",
            hint=f"install the package {package}",
            details={"program": program, "package": package},
        )


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float | None = None,
) -> Outcome:
    """Run a program with a fixed PATH, C locale and captured output.

    It never raises: a program that is not there or not done in time has the status that a shell or
    `timeout` would give it.
    """
    try:
        done = subprocess.run(
            list(argv),
            cwd=cwd,
            env=_environment(env),
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        return Outcome(tuple(argv), 127, "", f"{argv[0]}: {error.strerror}")
    except subprocess.TimeoutExpired:
        return Outcome(tuple(argv), 124, "", f"{argv[0]} did not end within {timeout:.0f} s")
    return Outcome(tuple(argv), done.returncode, done.stdout, done.stderr)


@contextmanager
def beside(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float
) -> Iterator[Callable[[], Outcome]]:
    """Run a program beside the block, as `run` does; the function that the block gets waits for its end.

    A program that nobody has waited for, or not long enough, is ended with the block, and with it what it
    started: they are a process group.
    """
    process = subprocess.Popen(
        list(argv),
        cwd=cwd,
        env=_environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        process_group=0,
    )

    def outcome() -> Outcome:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            return Outcome(tuple(argv), 124, "", f"{argv[0]} did not end within {timeout:.0f} s")
        return Outcome(tuple(argv), process.returncode, out, err)

    with process:
        try:
            yield outcome
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    for wish in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, wish)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    return {
        "PATH": FIXED_PATH,
        "LC_ALL": "C.UTF-8",
        "HOME": os.environ.get("HOME", "/root"),
        **(more or {}),
    }


def attached(argv: Sequence[str], *, env: Mapping[str, str]) -> int:
    """Run a program that speaks for itself, on our own output; returns its exit status."""
    return subprocess.run(list(argv), env=dict(env), stdin=subprocess.DEVNULL, check=False).returncode


@contextmanager
def streaming(
    argv: Sequence[str], *, stdin: int | IO[bytes] | None = None, stdout: int | IO[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a filter beside us, to read from or write to; raises `StageError` when it fails.

    The program is killed when the block raises, and waited for in every case.
    """
    env = {"PATH": FIXED_PATH, "LC_ALL": "C.UTF-8"}
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(list(argv), stdin=stdin, stdout=stdout, stderr=words, env=env)
        broken = False
        try:
            yield process
        except BrokenPipeError:
            broken = True
        except BaseException:
            process.kill()
            raise
        finally:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    _close(pipe)
            process.wait()
        if process.returncode or broken:
            words.seek(0)
            said = words.read().decode(errors="replace")
            raise StageError(
                Outcome(tuple(argv), process.returncode, "", said).refusal(
                    f"{argv[0]} could not do its work"
                ),
                code="program-failed",
                hint="what it said names the cause; a full disk and a damaged input are the usual ones",
            )


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return
