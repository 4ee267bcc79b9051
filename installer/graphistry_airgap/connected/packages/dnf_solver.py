"""Resolves packages with dnf, as a program of its own: dnf's library belongs to the system's Python.

It reads a request from stdin and writes the answer to stdout, both JSON; `dnf_closure` says what is in them.
Nothing is installed: dnf is shown the repositories alone, over an installation without any package, and asked
for the base together with what is wanted.  What the base alone would bring is then taken away.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

import dnf
import dnf.const
import dnf.exceptions
import dnf.module.module_base
import dnf.subject
import hawkey

FOLDERS = {"cachedir": "cache", "persistdir": "persist", "logdir": "log", "installroot": "root"}


class UnsolvedError(Exception):
    """Ends the program with an answer that says why there is no other."""

    def __init__(self, kind: str, **facts: Any) -> None:
        super().__init__(kind)
        self.answer = {"problem": kind, **facts}


class Solver:
    def __init__(self, workspace: Path, request: dict[str, Any]) -> None:
        self.base = dnf.Base(_configuration(workspace, request))
        for number, name in enumerate(request["repositories"]):
            repository = self.base.repos.add_new_repo(
                name, self.base.conf, baseurl=[(workspace / "mirror" / name).as_uri()]
            )
            # of equal packages the first repository's
            repository.cost = 1000 + number
        try:
            self.base.fill_sack(load_system_repo=False)
        except dnf.exceptions.Error as error:
            raise UnsolvedError("metadata", said=str(error)) from None
        self._enable(request["modules"])
        self._leave_out(request["driver_branch"])

    def _enable(self, modules: list[str]) -> None:
        container = dnf.module.module_base.ModuleBase(self.base)
        try:
            container.enable(modules)
        except dnf.exceptions.Error as error:
            names = {module.partition(":")[0] for module in modules}
            found = [one for name in names for one in container.get_modules(name)[0]]
            there = {f"{one.getName()}:{one.getStream()}" for one in found}
            raise UnsolvedError("modules", said=str(error), there=sorted(there)) from None

    def _leave_out(self, branch: str) -> None:
        """Where branches of a driver have the same names, all versions but those of the wanted one.

        By version alone: nothing else has one like 580.95.05, and without a stream dnf takes the newest.
        """
        if not branch:
            return
        known = self.base.sack.query().available()
        own = known.filter(version__glob=f"{branch}.*")
        names = sorted({package.name for package in own})
        self.base.sack.add_excludes(known.filter(name=names).difference(own))

    def install(self, wanted: list[str], *, over: frozenset[Any] = frozenset()) -> frozenset[Any]:
        """All packages of an installation with those of `over` and these names."""
        self.base.reset(goal=True)
        try:
            self.base.install_specs([*sorted(map(str, over)), *wanted])
            self.base.resolve()
        except dnf.exceptions.Error as error:
            raise UnsolvedError("packages", wanted=wanted, said=str(error)) from None
        return frozenset(self.base.transaction.install_set)

    def available(self, wanted: str) -> list[Any]:
        return list(dnf.subject.Subject(wanted).get_best_query(self.base.sack).available())


def _configuration(workspace: Path, request: dict[str, Any]) -> Any:
    # where a user's dnf keeps its locks
    dnf.const.TMPDIR = str(workspace)
    made = dnf.conf.Conf()
    for option, folder in FOLDERS.items():
        (workspace / folder).mkdir(exist_ok=True)
        setattr(made, option, str(workspace / folder))
    (workspace / "dnf.conf").touch()
    # for modules libdnf reads the machine's own settings, too, unless it is told of others
    ctypes.CDLL("libdnf.so.2").dnf_context_set_config_file_path(bytes(workspace / "dnf.conf"))
    made.reposdir = made.varsdir = made.pluginpath = made.protected_packages = []
    made.plugins = made.install_weak_deps = made.zchunk = made.deltarpm = False
    made.gpgcheck = made.best = True
    made.module_platform_id = request["module_platform"]
    made.substitutions.update(
        arch=request["architecture"], basearch=request["architecture"], releasever=request["release"]
    )
    return made


def solve(workspace: Path, request: dict[str, Any]) -> dict[str, Any]:
    solver = Solver(workspace, request)
    try:
        base = solver.install(request["base"])
    except UnsolvedError as problem:
        raise UnsolvedError("base", said=problem.answer["said"]) from None
    groups = {
        group: solver.install(names, over=base) - base for group, names in sorted(request["groups"].items())
    }
    images = {}
    for kernel, roots in sorted(request["kernels"].items()):
        _require_kernel(solver, kernel, roots)
        images[kernel] = max(solver.available(roots["image"])).evr
        # on the host the kernel is there; what only it needs stays out
        host = solver.install([roots["image"]], over=base)
        for group, names in sorted(roots["groups"].items()):
            groups[group] = solver.install(names, over=host) - host
    return {
        "groups": {group: [_entry(one) for one in sorted(found)] for group, found in groups.items()},
        "images": images,
    }


def _require_kernel(solver: Solver, kernel: str, roots: dict[str, Any]) -> None:
    names = [*(name for group in sorted(roots["groups"]) for name in roots["groups"][group]), roots["image"]]
    absent = [name for name in names if not solver.available(name)]
    if absent:
        stem = absent[0][: -len(kernel) - 1]
        known = {f"{one.version}-{one.release}.{one.arch}" for one in solver.available(stem)}
        raise UnsolvedError("kernel", kernel=kernel, missing=absent, stem=stem, known=sorted(known))


def _entry(package: Any) -> dict[str, Any]:
    kind, digest = package.chksum
    return {
        "name": package.name,
        "version": package.evr,
        "architecture": package.arch,
        "repository": package.reponame,
        "filename": package.location,
        "size": package.downloadsize,
        "checksum": [hawkey.chksum_name(kind), digest.hex()],
    }


def main() -> None:
    workspace = Path(sys.argv[1])
    try:
        answer = solve(workspace, json.load(sys.stdin))
    except UnsolvedError as problem:
        answer = problem.answer
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
