"""Signed dnf repositories that stand in for those of an EL, of Docker and of NVIDIA.

By hand: `python -m lab.repositories.rpm OUT POOL…`.

The rpms have the vendors' names and dependencies; what runs in them are Debian's binaries, out of the .debs
that lie below the directories POOL.  Keys exist only while this runs; OUT/key.asc is the public half.  An OUT
that was made from the same files is left as it is: a new signature would change every bundle.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.repositories.making import EPOCH, Key, RepositoryError, digest, find_deb, make_once, run

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
PACKAGES = HERE / "rpm-packages" / "packages.json"
PROGRAMS = HERE / "vendor"
DRIVER = "nvidia-driver"
DEFAULT_STREAMS = {DRIVER: "580-open", "container-tools": "rhel8"}
VENDORS = ("docker", "nvidia")
# an EL whose hosts have no /usr/bin/python3, which the stand-ins of NVIDIA's programs need
WITHOUT_PYTHON3 = 8
# the first EL whose repositories have no module streams: NVIDIA's branches have the same names there
WITHOUT_STREAMS = 10
# Debian's ways of starting, and what nobody reads on a sealed host
LEFT_OUT = ("etc/init.d", "etc/default", "usr/share", "usr/lib/binfmt.d")

SPEC = """\
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
%global _build_id_links none
Name: {name}
{epoch}Version: {version}
Release: {release}
Summary: Stand-in for {name} of the lab, around Debian's binaries
License: see Debian's packages
AutoReqProv: no
{tags}
%description
Stand-in for {name} of the lab.
%install
cp -a {root}/. %{{buildroot}}
{post}
%files
{files}"""
STREAM = """\
---
document: modulemd
version: 2
data:
  name: {module}
  stream: "{stream}"
  version: {version}
  context: {context}
  arch: x86_64
  summary: A stand-in of the lab
  description: Empty packages with the vendor's names.
  license:
    module: [MIT]
  profiles:
    default:
      rpms: [{rpms}]
  artifacts:
    rpms:
{artifacts}
...
"""
DEFAULTS = """\
---
document: modulemd-defaults
version: 1
data:
  module: {module}
  stream: "{stream}"
  profiles:
    "{stream}": [default]
...
"""


def packages_of(major: int) -> dict[str, list[dict[str, Any]]]:
    """The rows of each repository for an EL; those of vendors say what is of EL 9."""
    text = PACKAGES.read_text(encoding="utf-8")
    own, vendors = json.loads(text), json.loads(text.replace(".el9", f".el{major}"))
    rows = {f"el{major}": own[f"el{major}"], **{name: vendors[name] for name in VENDORS}}
    for row in (row for packages in rows.values() for row in packages):
        row["python"] = "/usr/bin/python3.12" if major == WITHOUT_PYTHON3 else "/usr/bin/python3"
        if major >= WITHOUT_STREAMS:
            row.pop("stream", None)
        row["requires"] = [*row.get("requires", ()), *row.pop(f"requires_el{major}", ())]
    return rows


def build(out: Path, pools: Sequence[Path], *, major: int = 9) -> None:
    """All repositories and key.asc, unless they are there."""
    table = packages_of(major)
    rows = [row for repository in table.values() for row in repository]
    debs = {name: find_deb(name, pools) for row in rows for name in row.get("debs", ())}
    trees = [path for path in PACKAGES.parent.rglob("*") if path.is_file()]
    programs = [PROGRAMS / row["name"] / program for row in rows for program in row.get("programs", ())]
    inputs = f"{major} {digest([Path(__file__), *trees, *programs, *debs.values()])}"

    def fill(key: Key, work: Path) -> None:
        for name, packages in table.items():
            _repository(out.absolute() / name, packages, debs, key, work / name)
        (out / "key.asc").write_bytes(key.gpg("--armor", "--export"))

    make_once(out, inputs, fill)


def _repository(
    path: Path, packages: list[dict[str, Any]], debs: dict[str, Path], key: Key, work: Path
) -> None:
    work.mkdir()
    specs = [_write_spec(row, debs, work) for row in packages]
    defines = {
        "_topdir": work / "rpmbuild",
        "_rpmdir": path / "Packages",
        "_buildhost": "lab.invalid",
        # a fifth of the time that the usual w19 takes
        "_binary_payload": "w3.zstdio",
    }
    run(["rpmbuild", "-bb", "--quiet", "--target", "x86_64", *_defines(defines), *specs])
    rpms = sorted(path.rglob("*.rpm"))
    signing = {"__gpg": shutil.which("gpg"), "_gpg_path": key.home, "_gpg_name": key.fingerprint()}
    run(["rpmsign", *_defines(signing), "--addsign", *rpms])
    run(["createrepo_c", "--quiet", "--no-database", path])
    if modular := [row for row in packages if "stream" in row]:
        modules = work / "modules.yaml"
        modules.write_text(_streams(modular), encoding="utf-8")
        run(["modifyrepo_c", "--mdtype=modules", modules, path / "repodata"])
    repomd = path / "repodata" / "repomd.xml"
    key.gpg("--armor", "--detach-sign", "--digest-algo", "SHA512", os.fspath(repomd))


def _write_spec(row: dict[str, Any], debs: dict[str, Path], work: Path) -> Path:
    """The spec file, and beside it the tree that the package shall hold."""
    found = [debs[name] for name in row.get("debs", ())]
    version = row.get("version") or _upstream(found[0])
    root = work / f"{row['name']}-{version}-{row['release']}"
    root.mkdir()
    for deb in found:
        run(["dpkg-deb", "--extract", deb, root])
    for program in row.get("programs", ()):
        (root / "usr/bin").mkdir(parents=True, exist_ok=True)
        text = (PROGRAMS / row["name"] / program).read_text(encoding="utf-8")
        copy = root / "usr/bin" / program
        copy.write_text(text.replace("#!/usr/bin/python3", f"#!{row['python']}", 1), encoding="utf-8")
        copy.chmod(0o755)
    for folder, source in row.get("trees", {}).items():
        shutil.copytree(PACKAGES.parent / source, root / folder)
    for name, target in row.get("links", {}).items():
        link = root / Path("/usr/sbin", name).relative_to("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    for folder in LEFT_OUT:
        shutil.rmtree(root / folder, ignore_errors=True)
    spec = root.with_name(f"{root.name}.spec")
    spec.write_text(_spec(row, version, root), encoding="utf-8")
    return spec


def _spec(row: dict[str, Any], version: str, root: Path) -> str:
    tags = [
        f"{tag}: {value}"
        for tag in ("BuildArch", "Requires", "Provides", "Conflicts", "Recommends")
        for value in row.get(tag.lower(), ())
    ]
    if "stream" in row:
        module, stream = _module(row)
        tags.append(f"ModularityLabel: {module}:{stream}:{EPOCH}:{_context(stream)}")
    files = sorted(path for path in root.rglob("*") if path.is_symlink() or path.is_file())
    return SPEC.format(
        name=row["name"],
        epoch=f"Epoch: {row['epoch']}\n" if "epoch" in row else "",
        version=version,
        release=row["release"],
        tags="\n".join(tags),
        root=root,
        post=f"%post\n{row['post']}" if "post" in row else "",
        files="".join(f'"/{path.relative_to(root)}"\n' for path in files),
    )


def _module(row: dict[str, Any]) -> tuple[str, str]:
    """Name and stream of the module that a package is of."""
    return row.get("module", DRIVER), row["stream"]


def _streams(rows: list[dict[str, Any]]) -> str:
    text = ""
    for name in sorted({_module(row)[0] for row in rows}):
        text += DEFAULTS.format(module=name, stream=DEFAULT_STREAMS[name])
    for module, stream in sorted({_module(row) for row in rows}):
        members = [row for row in rows if _module(row) == (module, stream)]
        artifacts = [
            f"    - {row['name']}-{row.get('epoch', 0)}:{row['version']}-{row['release']}"
            + f".{row.get('buildarch', ['x86_64'])[0]}"
            for row in members
        ]
        text += STREAM.format(
            module=module,
            stream=stream,
            version=EPOCH,
            context=_context(stream),
            rpms=", ".join(row["name"] for row in members),
            artifacts="\n".join(artifacts),
        )
    return text


def _context(stream: str) -> str:
    return hashlib.sha256(stream.encode()).hexdigest()[:8]


def _upstream(deb: Path) -> str:
    """`26.1.5` out of `docker.io_26.1.5+dfsg1-9_amd64.deb`."""
    match = re.match(r"[^_]+_(?:\d+%3a)?(\d+(?:\.\d+)*)", deb.name)
    if match is None:
        raise RepositoryError(f"no version in the name {deb.name}")
    return match[1]


def _defines(values: dict[str, Any]) -> list[str]:
    return [word for name, value in values.items() for word in ("--define", f"{name} {value}")]


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: python -m lab.repositories.rpm OUT POOL…")
    try:
        build(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
    except RepositoryError as problem:
        sys.exit(f"rpm repository: {problem}")
