"""The part of the command line that is about GPUs."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_gpu_plan(command: argparse.ArgumentParser) -> None:
    """`gpu plan`: where the GPUs come from, which of them, and how many workers."""
    source = command.add_mutually_exclusive_group()
    source.add_argument(
        "--capture", type=Path, metavar="FILE", help="plan for the machine of a saved `nvidia-smi -q -x`"
    )
    source.add_argument("--preset", metavar="NAME", help="plan for a hardware preset of the vendor's wizard")
    source.add_argument(
        "--gpu-count", type=_count, metavar="N", help="plan for N GPUs of which nothing else is known"
    )
    command.add_argument(
        "--gpu-indices", metavar="LIST", default="", help="which GPUs: 0,2,5-7 or GPU-<uuid>,… (default: all)"
    )
    command.add_argument(
        "--workers",
        metavar="F,S,D",
        default="",
        help="workers of forge-etl-python, streamgl-gpu and dask-cuda-worker for each GPU "
        "(default 4,4,1, fewer where memory is short)",
    )
    command.add_argument("--allow-mig", action="store_true", help="plan for GPUs that are cut by MIG, too")
    command.add_argument("--env", action="store_true", help="print lines for custom.env and nothing else")


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100_000:
        raise argparse.ArgumentTypeError("a number of GPUs is from 1 to 100000")
    return number
