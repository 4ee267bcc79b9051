"""Decide what an installation works on: which bundle, site file and keyring, all checked."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphistry_airgap.bundle.checksums import SUMS
from graphistry_airgap.bundle.verify import ALL_BYTES
from graphistry_airgap.core import places
from graphistry_airgap.core.errors import AirgapError, HostError, InputError, attempt, raise_all
from graphistry_airgap.installation import site_places
from graphistry_airgap.installation.allowed import require_one_answer
from graphistry_airgap.installation.fleet.found_host import FoundHost, require_own_reboot
from graphistry_airgap.installation.fleet.inventory import THIS_MACHINE
from graphistry_airgap.installation.receipt import Provenance
from graphistry_airgap.installation.signers import signers_needed
from graphistry_airgap.installation.site_networks import require_pools
from graphistry_airgap.knowledge.platforms import PLATFORMS
from graphistry_airgap.target.finding import errors
from graphistry_airgap.target.host.platforms import why_refused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from graphistry_airgap.bundle.manifest import Bundle
    from graphistry_airgap.bundle.verify import VerifiedBundle
    from graphistry_airgap.core.progress import Progress
    from graphistry_airgap.installation.fleet.answers import Answers
    from graphistry_airgap.installation.fleet.inventory import InventoryHost
    from graphistry_airgap.installation.fleet.overrides import Override
    from graphistry_airgap.installation.ports import Receipts
    from graphistry_airgap.installation.site_file import Site
    from graphistry_airgap.target.finding import Finding


@dataclass(frozen=True)
class Request:
    """What the command line named; None means the default."""

    bundle: Path | None
    site: Path | None
    keyring: Path | None
    allow_unsigned: bool
    bytes_checked: str | None = None
    allow_older: bool = False
    inventory: Path | None = None


@dataclass(frozen=True)
class Target:
    """Everything that was decided before a host is touched.

    `last` is the host's receipt; `begun` says that stages of an earlier run are on their way there, or were
    killed; `alone` that the run has no other host.
    """

    site: Site
    site_path: Path
    bundle: Bundle
    provenance: Provenance
    keyring: Path | None
    inventory: Path | None = None
    host: InventoryHost = THIS_MACHINE
    overrides: tuple[Override, ...] = ()
    last: dict[str, Any] | None = None
    begun: bool = False
    alone: bool = True

    @property
    def connection(self) -> dict[str, Any]:
        """How Ansible reaches the host, whose modules run on the platform's interpreter for them."""
        python = PLATFORMS[self.provenance.platform].modules_python
        return {**self.host.connection, "ansible_python_interpreter": python}

    @property
    def installed(self) -> bool:
        """Whether the run before brought the host to its end with the very same bundle."""
        if self.begun or not self.last or not self.last.get("complete"):
            return False
        return bool(self.last["bundle"].get("sums_sha256") == self.provenance.sums)

    @property
    def package_system(self) -> str:
        return self.bundle.platforms[self.provenance.platform].package_system


@dataclass(frozen=True)
class Decided:
    """What each host of a run is to be; `refused` has those that cannot be asked or do not fit, with why."""

    targets: list[Target]
    refused: dict[str, AirgapError] = field(default_factory=dict)

    def here(self) -> Decided:
        """The tool's own machine alone; raises why it is none of them."""
        targets = [target for target in self.targets if target.host.local]
        if not targets:
            raise_all([*self.refused.values()])
            raise InputError(
                "no host of the inventory is this machine",
                code="inventory-hosts",
                hint="what waits for a reboot is this machine's: name it, with `ansible_connection: local`",
                details={"found": "other hosts alone", "needed": "a host with `ansible_connection: local`"},
            )
        return Decided(targets)


@dataclass(frozen=True)
class Targets:
    """`ask_hosts` is `Hosts.ask`."""

    receipts: Receipts
    read_answers: Callable[[Path, Path | None], list[Answers]]
    signers_required: Callable[[], int | None]
    allowed_here: Callable[[], Collection[str]]
    open_bundle: Callable[..., VerifiedBundle]
    bundle_digest: Callable[[Path, str], str]
    ask_hosts: Callable[..., dict[str, dict[str, Any] | AirgapError]]
    other_release: Callable[[str, Bundle], list[Finding]]
    progress: Progress

    def decide(self, request: Request, *, thorough: bool | None = None) -> Decided:
        """Site file first (exit 2), then the bundle (exit 4), then whether they fit each host (exit 3).

        Every byte of the bundle is read unless all hosts hold its result already;
        what such a run still uses is hashed where it is used.  A single host's refusal is raised.
        """
        own = self.receipts.load() or {}
        inputs = own.get("inputs", {})
        site_path = request.site or _known(inputs.get("site")) or places.SITE_FILE
        inventory = request.inventory or _known(inputs.get("inventory"))
        answers = self.read_answers(site_path, inventory)
        needed = signers_needed(answers[0].signers, self.signers_required(), site_path)
        allowed = self.allowed_here()
        for one in answers:
            require_pools(one.site, one.said_in("docker.address_pools"))
            site_places.check(one.site, one.said_in)
            require_one_answer(one.site.hardening_allow, allowed, site_path)
            require_own_reboot(one)
        path = request.bundle or _known(own.get("bundle", {}).get("path"))
        if path is None:
            raise InputError(
                "no bundle was named and no receipt remembers one",
                code="no-bundle",
                hint="name it: --bundle PATH",
            )
        keyring = request.keyring or places.KEYRING
        found = {
            name: said if isinstance(said, AirgapError) else attempt(partial(FoundHost.read, said))
            for name, said in self._ask(answers, path).items()
        }
        if len(answers) == 1:
            raise_all([said for said in found.values() if isinstance(said, AirgapError)])
        if thorough is None:
            thorough = not self._all_hold_result([(found[one.host.name], one.site) for one in answers], path)
        opened = self._open(path, keyring, request, signers_needed=needed, read_all=thorough)
        alone = len(answers) == 1
        of_host = partial(
            self._target, opened=opened, request=request, paths=(site_path, inventory), alone=alone
        )
        targets: list[Target] = []
        refused: dict[str, AirgapError] = {}
        for one in answers:
            host = found[one.host.name]
            made = host if isinstance(host, AirgapError) else attempt(partial(of_host, one, host))
            if isinstance(made, AirgapError):
                refused[one.host.name] = made
            else:
                targets.append(made)
        if alone:
            raise_all([*refused.values()])
        return Decided(targets, refused)

    def _ask(self, answers: list[Answers], bundle: Path) -> dict[str, dict[str, Any] | AirgapError]:
        """The bundle here is for its own reader, which tells of a medium that is silent."""
        there = {"medium": str(bundle.absolute())}
        return self.ask_hosts(
            [(one.host, {"ask": "read"} | ({} if one.host.local else there)) for one in answers]
        )

    def _all_hold_result(self, hosts: list[tuple[FoundHost | AirgapError, Site]], path: Path) -> bool:
        """Reads nothing of the bundle where a host holds none; one that cannot be asked needs none."""
        held = {host.result_of(site) for host, site in hosts if isinstance(host, FoundHost)}
        return "" not in held and held <= {self._sums(path)}

    def _target(
        self,
        answers: Answers,
        host: FoundHost,
        *,
        opened: VerifiedBundle,
        request: Request,
        paths: tuple[Path, Path | None],
        alone: bool,
    ) -> Target:
        """Raises HostError where the bundle is not this host's."""
        site, bundle = answers.site, opened.bundle
        site_path, inventory = paths
        if host.platform not in bundle.platforms:
            reason, way_out = why_refused(host.platform)
            raise HostError(
                f"this host is {host.platform}; the bundle is made for {', '.join(bundle.platforms)}"
                + (f": {reason}" if reason else ""),
                code="wrong-platform",
                hint=way_out
                or "build a bundle whose spec names this platform, or install on a host it is made for",
                details={"found": host.platform, "needed": ", ".join(bundle.platforms)},
            )
        if answers.host.local:
            _refuse_other(self.other_release(site.root, bundle))
        else:
            host.require_medium(opened)
        older_than = _older_than(host.receipt or {}, opened, allowed=request.allow_older)
        provenance = Provenance(
            path=str(opened.path),
            id=bundle.id,
            created=bundle.created,
            release=bundle.release.version,
            sums=opened.sums_sha256,
            signers=tuple(opened.signature.signers),
            signed=opened.signature.signed,
            verified=opened.mode,
            platform=host.platform,
            keys=tuple(
                {"repository": r.name, "path": path, "sha256": bundle.files[path].sha256}
                # without its vendor's signature a list is vouched for by the bundle's alone
                | ({} if r.metadata_signed else {"metadata": "unsigned"})
                for r in bundle.platforms[host.platform].repositories
                for path in dict.fromkeys((r.signed_by, *r.package_keys))
            ),
            older_than=older_than,
        )
        return Target(
            site,
            site_path,
            host.part_of(bundle),
            provenance,
            (request.keyring or places.KEYRING) if opened.signature.signed else None,
            inventory,
            answers.host,
            answers.overrides,
            host.receipt,
            host.stages_begun,
            alone=alone,
        )

    def _open(
        self, path: Path, keyring: Path, request: Request, *, signers_needed: int, read_all: bool
    ) -> VerifiedBundle:
        """Bytes that install.sh has just compared with the same SHA256SUMS are not read again."""
        self.progress.stage("bundle")
        begun = time.monotonic()
        done = read_all and request.bytes_checked is not None and request.bytes_checked == self._sums(path)
        opened = self.open_bundle(
            path,
            keyring,
            allow_unsigned=request.allow_unsigned,
            signers_needed=signers_needed,
            read_all=read_all and not done,
            progress=self.progress.task,
        )
        # the list that counts is the one whose signature was checked, not the one that was looked at before
        if done and opened.sums_sha256 == request.bytes_checked:
            opened = replace(opened, mode=ALL_BYTES)
        self.progress.stage_done("bundle", 0, time.monotonic() - begun, failed=False)
        return opened

    def _sums(self, path: Path) -> str | None:
        try:
            return self.bundle_digest(path, SUMS)
        except AirgapError:
            return None  # opening the bundle says what is wrong with it


def _refuse_other(findings: list[Finding]) -> None:
    for finding in errors(findings):
        raise HostError(
            finding.message,
            code=finding.code,
            hint=finding.hint,
            details={"found": finding.found, "needed": finding.needed, "path": finding.path},
        )


def _older_than(last: dict[str, Any], opened: VerifiedBundle, *, allowed: bool) -> str:
    """When the bundle that this one replaced was made, if that was later.

    A run with the installed bundle, be it the one after an interruption, keeps the answer of the first.
    """
    installed = last.get("bundle", {})
    if installed.get("id") == opened.bundle.id:
        return str(installed.get("older_than", ""))
    created = str(installed.get("created", ""))
    if created <= opened.bundle.created:
        return ""
    if not allowed:
        raise _older(opened, installed)
    return created


def _older(opened: VerifiedBundle, installed: dict[str, Any]) -> HostError:
    """Its signature holds, and yet it may be an old medium, or one that somebody swapped for it."""
    return HostError(
        f"the bundle {opened.bundle.id} ({opened.bundle.release.version}) was made {opened.bundle.created}, "
        f"this host was installed from one made {installed['created']} ({installed['release']})",
        code="bundle-older",
        hint="bring the newer bundle; to go back on purpose, add --allow-older (the receipt records it)",
        details={"found": opened.bundle.created, "needed": f"{installed['created']} or later"},
    )


def _known(value: str | None) -> Path | None:
    return Path(value) if value else None
