"""Which tests on sealed hosts `scripts/test` runs: all that are in no group, and of each group a sample.

A group shows one subject on several kinds of hosts, each at length.  Which of it run is chosen by the
commit's name, so that every commit runs others and two runs of one commit the same; `AIRGAP_MATRIX_SEED`
repeats a sample, `scripts/test --all` runs them all, and so does whoever names the file.

`python -m tests.kit.sample` prints what pytest is to leave out, as its arguments, and says on standard error
what runs.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path("tests") / "integration"
_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Group:
    """`runs` of the files, by their names without `test_` and `.py`."""

    name: str
    runs: int
    files: tuple[str, ...]


GROUPS = (
    Group("a platform", 2, ("debian_12", "rhel_8", "rhel_10", "rpm_host", "ubuntu", "ubuntu_22")),
    Group("a driver by the tool", 1, ("dgx", "driver", "rpm_driver", "ubuntu_driver")),
    Group("a GPU's settings", 1, ("gpu", "toolkit", "vgpu")),
    Group("a host that lives", 2, ("docker_lives", "env_changes", "hardened", "other_release")),
    Group("the tool from elsewhere", 1, ("collection_host", "fleet", "former_tool")),
)


@cache
def commit() -> str:
    """The commit that is checked out, `unknown` without one."""
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=_CHECKOUT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def seed() -> str:
    """The commit: workers choose alike, each commit another sample; `AIRGAP_MATRIX_SEED` repeats one."""
    return os.environ.get("AIRGAP_MATRIX_SEED") or commit()


def chosen(seed: str) -> dict[str, tuple[str, ...]]:
    """By group, the files that run."""
    chance = random.Random(seed)  # noqa: S311  (a sample, no secret)
    return {group.name: tuple(sorted(chance.sample(group.files, group.runs))) for group in GROUPS}


def left_out(seed: str) -> list[Path]:
    """The files that do not run, from the checkout's root."""
    runs = {name for names in chosen(seed).values() for name in names}
    return [FOLDER / f"test_{name}.py" for group in GROUPS for name in group.files if name not in runs]


if __name__ == "__main__":
    for name, files in chosen(seed()).items():
        sys.stderr.write(f"sample {seed()}: {name}: {', '.join(files)}\n")
    sys.stdout.write(" ".join(f"--ignore={path}" for path in left_out(seed())) + "\n")
