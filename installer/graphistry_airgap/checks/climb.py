"""Climb the ladder of GPU tests on this host: the driver first, then one container for each rung, at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from graphistry_airgap.checks import causes as rung_causes, ladder as rungs, proof as proofs
from graphistry_airgap.checks.ladder import FAILED, PASSED, SKIPPED, Outcome
from graphistry_airgap.checks.machine import env_paths
from graphistry_airgap.target.envfile import context as env_context
from graphistry_airgap.target.gpu import discovery as gpu_host, smi as gpu_smi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from graphistry_airgap.checks.proof import Proof
    from graphistry_airgap.target.host.machine import Host

    Run = Callable[[Sequence[str]], tuple[int, str, str]]

HIGHER = range(rungs.GPUS, rungs.COMPUTE + 1)
FLAVOUR = "CUDA_SHORT_VERSION"
HOOK = "nvidia-container-runtime-hook"
_UNKNOWN_OPTION = "could not select device driver"
_OLD_DOCKER = (
    "Docker runs since before the toolkit came, and learns --gpus only when it starts; Graphistry does not "
    "need it"
)


def climb(machine: Host, facts: Mapping[str, Any], proof: Proof | None = None) -> dict[int, Outcome]:
    """The outcome of each rung; `facts` are the post-install tests', `proof` is where outcomes are kept."""

    def run(argv: Sequence[str]) -> tuple[int, str, str]:
        return machine.run(argv, {})

    flavour = _flavour(machine, facts)
    images = rungs.choose(facts["images"], flavour)
    plain = _plain(run, images.plain)
    plainly = replace(machine, run=lambda argv, _: run(["env", "LC_ALL=C", *argv]))
    found = gpu_host.discover(plainly)
    host = _host(found, wanted=facts["gpu"])
    lower = {rungs.PLAIN: plain, rungs.HOST: host}
    if host.state != PASSED:
        why = host.reason if host.state == SKIPPED else f"rung {rungs.HOST} failed"
        return {**lower, **{rung: Outcome(SKIPPED, why) for rung in HIGHER}}
    seen = tuple(gpu.uuid for gpu in found.answer.gpus if gpu.uuid)
    attempts = {rung: _Attempt(run, rung, rungs.image_of(rung, images), seen) for rung in HIGHER}
    if proof is None:
        return {**lower, **_together(attempts)}
    key = proofs.key(found.answer, facts["images"], flavour, machine.word(proofs.BOOT_ID))
    if facts.get("unchanged") and (known := proof.load(key)).keys() == attempts.keys():
        # one container shows whether what was shown can still be true
        now = attempts[rungs.DEFAULT].outcome()
        if now.state == PASSED:
            return {**lower, **known, rungs.DEFAULT: now}
    outcomes = _together(attempts)
    proof.save(key, outcomes)
    return {**lower, **outcomes}


def _together(attempts: Mapping[int, _Attempt]) -> dict[int, Outcome]:
    with ThreadPoolExecutor(max_workers=len(attempts)) as pool:
        climbed = pool.map(_Attempt.outcome, attempts.values())
        return rungs.once(dict(zip(attempts, climbed, strict=True)))


def _flavour(machine: Host, facts: Mapping[str, Any]) -> str:
    """What the running stack uses: the operator's setting, else the release's own."""
    paths = env_paths(facts["release_directory"])
    texts = {kind: text.encode() for kind, path in paths.items() if (text := machine.text(path)) is not None}
    return env_context.read_context(texts).interpolated.get(FLAVOUR) or str(facts["cuda"])


def _host(found: gpu_host.Found, *, wanted: bool) -> Outcome:
    """A GPU that the site wants used must answer; elsewhere its silence is a fact about the host."""
    answer = found.answer
    if answer.state == gpu_smi.ANSWERED and answer.gpus:
        return Outcome(PASSED)
    if answer.state == gpu_smi.ANSWERED:
        reason = "the driver sees no GPU"
    elif not found.pci and answer.state in (gpu_smi.ABSENT, gpu_smi.NO_DRIVER):
        reason = "there is no NVIDIA GPU on the PCI bus"
    else:
        reason = f"no driver answers: {answer.detail}"
    return Outcome(FAILED if wanted else SKIPPED, reason)


def _plain(run: Run, names: Sequence[str]) -> Outcome:
    for name in names:
        done = run(rungs.command(rungs.PLAIN, name, stand_in=False))
        if done[0] != rungs.NO_PROGRAM or name == names[-1]:
            return rungs.judge(rungs.PLAIN, done, seen=(), stand_in=False)
    return Outcome(FAILED, "the bundle has no image to start")


@dataclass(frozen=True)
class _Attempt:
    run: Run
    rung: int
    image: str
    seen: tuple[str, ...]

    def outcome(self) -> Outcome:
        if not self.image:
            if self.rung == rungs.BASE:
                return Outcome(SKIPPED, "the bundle has no graphistry-forge-base image")
            return Outcome(FAILED, "the bundle has no image of the release's CUDA flavour for it")
        stand_in = self._is_stand_in()
        done = self.run(rungs.command(self.rung, self.image, stand_in=stand_in))
        if self.rung == rungs.GPUS and done[0] and _UNKNOWN_OPTION in done[2]:
            return self._without_option(done[2])
        return rungs.judge(self.rung, done, seen=self.seen, stand_in=stand_in)

    def _is_stand_in(self) -> bool:
        status, out, _ = self.run(["docker", "image", "inspect", "-f", "{{json .Config.Labels}}", self.image])
        return status == 0 and rungs.STAND_IN_LABEL in (json.loads(out) or {})

    def _without_option(self, said: str) -> Outcome:
        if self.run(["which", HOOK])[0] == 0:
            return Outcome(SKIPPED, _OLD_DOCKER)
        why = f"{HOOK} of the toolkit is missing: {rung_causes.cause(said)}"
        return Outcome(FAILED, why, rungs.MEND[rungs.GPUS])
