"""Rules between variables: each kind of rule in the schema is one function here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .gpus import same
from .values import are_integers, gpu_list, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .schema import Schema

    Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Broken:
    """A rule that does not hold: `name` is the variable to look at first."""

    severity: str
    code: str
    name: str
    message: str
    hint: str


@dataclass(frozen=True)
class Facts:
    """What a rule may ask: this file's values, those that count when all files are read, and defaults."""

    schema: Schema
    values: Mapping[str, str]
    counting: Mapping[str, str]

    def value(self, name: str) -> str:
        found = self.counting.get(name)
        return found if found is not None else (self.schema.default(name) or "")


def broken(facts: Facts) -> Iterator[Broken]:
    for rule in facts.schema.rules:
        yield from _KINDS[rule["rule"]](rule, facts)


def _ordered(rule: Rule, facts: Facts) -> Iterator[Broken]:
    found = [
        (name, amount)
        for name in rule["names"]
        if name in facts.counting and (amount := number(facts.counting[name])) is not None
    ]
    for (lower, low), (higher, high) in zip(found, found[1:]):
        own = {lower, higher} & set(facts.values)
        if own and low[0] == high[0] and low[1] >= high[1]:
            yield Broken(
                "error",
                "values-out-of-order",
                lower if lower in own else higher,
                f"{lower} ({facts.counting[lower]}) must be below {higher} ({facts.counting[higher]})",
                f"lower the first or raise the second: {rule['reason']}",
            )


def _requires(rule: Rule, facts: Facts) -> Iterator[Broken]:
    name = rule["name"]
    if facts.values.get(name, "").casefold() != rule["value"].casefold():
        return
    for other, wanted in rule["needs"].items():
        good = facts.value(other).casefold() == wanted if wanted else facts.value(other) != ""
        if not good:
            needs = f"{other}={wanted}" if wanted else other
            message = f"{name}={rule['value']} needs {needs}"
            hint = f"set {needs} as well: {rule['reason']}"
            yield Broken(rule["severity"], "value-needs-another", name, message, hint)


def _forbids(rule: Rule, facts: Facts) -> Iterator[Broken]:
    name = rule["name"]
    if facts.values.get(name, "").casefold() != rule["value"].casefold():
        return
    for other, unwanted in rule["not"].items():
        if facts.value(other) == unwanted:
            message = f"{name}={rule['value']} does not go with {other}={unwanted}"
            hint = f"set {other} to something else: {rule['reason']}"
            yield Broken(rule["severity"], "value-needs-another", name, message, hint)


def _subset(rule: Rule, facts: Facts) -> Iterator[Broken]:
    name, other = rule["name"], rule["of"]
    if not {name, other, rule["fallback"]} & set(facts.values):
        return

    def given(of: str) -> list[str]:
        counting = facts.counting
        return gpu_list(counting.get(of) or counting.get(rule["fallback"]) or rule["default"])

    # an index and a UUID may be the same GPU; nobody can tell from the file
    if are_integers(given(name)) != are_integers(given(other)):
        return
    if lacking := [gpu for gpu in given(name) if not any(same(gpu, one) for one in given(other))]:
        yield Broken(
            rule["severity"],
            "gpu-not-shared",
            name,
            f"{name} has GPU {', '.join(lacking)}, which {other} lacks",
            f"give {other} the same GPUs: {rule['reason']}",
        )


def _integers(rule: Rule, facts: Facts) -> Iterator[Broken]:
    name, fallback = rule["name"], rule["fallback"]
    given = gpu_list(facts.values.get(fallback, ""))
    if name not in facts.counting and given and all(gpu.startswith("GPU-") for gpu in given):
        yield Broken(
            rule["severity"],
            "gpu-ids-for-opencl",
            fallback,
            f"{fallback} holds UUIDs and {name} is not set",
            f"set {name} to indices such as 0: {rule['reason']}",
        )


_KINDS: dict[str, Callable[[Rule, Facts], Iterator[Broken]]] = {
    "ordered": _ordered,
    "requires": _requires,
    "forbids": _forbids,
    "subset": _subset,
    "integers": _integers,
}
