"""Another program's refusal as an operator reads it: its own words first and whole, ours after them."""

from __future__ import annotations


def words(out: str, error: str) -> str:
    """What a program said: its errors, or where it has none of them everything else."""
    return error.strip() or out.strip()


def first(said: str, ours: str) -> str:
    return "\n".join(filter(None, [said.strip(), ours]))


def told(ours: str, said: str) -> str:
    """`ours` names what was to be done; that a program gave no reason is told, too."""
    return first(said, ours if said.strip() else f"{ours}, and no reason was given")
