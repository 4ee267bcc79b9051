"""A signed apt archive that stands in for Ubuntu's: three suites of a series, its components, phased updates.

By hand: `python -m lab.repositories.ubuntu SERIES OUT POOL…`.

The packages have Ubuntu's names, versions and dependencies; what runs in them are Debian's binaries, out of
the .debs that lie below the directories POOL.  The key exists only while this runs; OUT/key.gpg is its public
half.  An OUT that was made from the same files is left as it is: a new signature would change every bundle.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.repositories.making import Key, RepositoryError, digest, find_deb, make_once, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PACKAGES = Path(__file__).resolve().parent / "ubuntu-packages"
# by codename, the version
SERIES = {"jammy": "22.04", "noble": "24.04"}
COMPONENTS = ("main", "restricted", "universe", "multiverse")
# of the archive; a host may have i386 beside amd64, for which it holds something, too
ARCHITECTURES = ("amd64", "i386")
RELEASE = """\
Origin: Ubuntu
Label: Ubuntu
Suite: {suite}
Version: {version}
Codename: {series}
Date: Thu, 01 Jan 2026 00:00:00 UTC
Architectures: amd64 arm64 armhf i386 ppc64el riscv64 s390x
Components: {components}
Description: Ubuntu {title} (a stand-in of the lab)
Acquire-By-Hash: yes
SHA256:
{files}"""
CONTROL = """\
Package: {name}
Version: {version}
Architecture: amd64
Priority: {priority}
Section: {section}
Origin: Ubuntu
Maintainer: airgap lab <lab@example.invalid>
{depends}Description: Stand-in for Ubuntu's {name}, around Debian's binaries
"""


def build(series: str, out: Path, pools: Sequence[Path]) -> None:
    """The archive and key.gpg, unless they are there."""
    packages_of = PACKAGES / f"{series}.json"
    table: dict[str, list[dict[str, Any]]] = json.loads(packages_of.read_text(encoding="utf-8"))
    table.pop("about")
    rows = [row for suite in table.values() for row in suite]
    debs = {name: find_deb(name, pools) for row in rows for name in row.get("debs", ())}
    inputs = digest([Path(__file__), packages_of, *debs.values()])

    def fill(key: Key, work: Path) -> None:
        archive = _Archive(series, out, debs, work, key)
        for suite, packages in table.items():
            archive.suite(suite, packages)
        (out / "key.gpg").write_bytes(key.gpg("--export"))

    make_once(out, inputs, fill)


@dataclass(frozen=True)
class _Archive:
    """`debs` are Debian's by name; `work` is a directory for what is under way."""

    series: str
    out: Path
    debs: Mapping[str, Path]
    work: Path
    key: Key

    def suite(self, name: str, rows: list[dict[str, Any]]) -> None:
        stanzas: dict[str, list[str]] = {component: [] for component in COMPONENTS}
        for row in rows:
            deb = self._package(row, self.work / name / row["name"])
            stanzas[row["component"]].append(_stanza(self.out, deb, row))
        folder = self.out / "dists" / name
        listed = [
            line
            for component in COMPONENTS
            for architecture in ARCHITECTURES
            for line in _index(
                folder,
                f"{component}/binary-{architecture}",
                "\n".join(stanzas[component]) if architecture == "amd64" else "",
            )
        ]
        plain = self.work / name / "Release"
        text = RELEASE.format(
            suite=name,
            version=SERIES[self.series],
            series=self.series,
            title=self.series.title(),
            components=" ".join(COMPONENTS),
            files="".join(listed),
        )
        plain.write_text(text, encoding="utf-8")
        signed = folder / "InRelease"
        self.key.gpg("--digest-algo", "SHA512", "--clearsign", "-o", str(signed), str(plain))

    def _package(self, row: dict[str, Any], root: Path) -> Path:
        found = [self.debs[name] for name in row.get("debs", ())]
        root.mkdir(parents=True)
        if found:
            run(["dpkg-deb", "--raw-extract", found[0], root])
        for deb in found[1:]:
            run(["dpkg-deb", "--extract", deb, root])
        for name, target in row.get("links", {}).items():
            link = root / name.lstrip("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)
        version = row.get("version") or f"{_upstream(found[0])}-0ubuntu1"
        (root / "DEBIAN").mkdir(exist_ok=True)
        (root / "DEBIAN" / "md5sums").unlink(missing_ok=True)
        control = CONTROL.format(
            name=row["name"],
            version=version,
            priority=row.get("priority", "optional"),
            section="admin" if row["component"] == "main" else f"{row['component']}/admin",
            depends=f"Depends: {row['depends']}\n" if "depends" in row else "",
        )
        (root / "DEBIAN" / "control").write_text(control, encoding="utf-8")
        folder = self.out / "pool" / row["component"] / row["name"][0] / row["name"]
        folder.mkdir(parents=True, exist_ok=True)
        deb = folder / f"{row['name']}_{version.partition(':')[2] or version}_amd64.deb"
        # Ubuntu's are zstd since 21.10
        run(["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", root, deb])
        return deb


def _stanza(out: Path, deb: Path, row: dict[str, Any]) -> str:
    control = subprocess.run(["dpkg-deb", "-f", deb], check=True, capture_output=True, text=True).stdout
    data = deb.read_bytes()
    more = [
        f"Filename: {deb.relative_to(out)}",
        f"Size: {len(data)}",
        f"SHA256: {hashlib.sha256(data).hexdigest()}",
    ]
    if "phased" in row:
        more.append(f"Phased-Update-Percentage: {row['phased']}")
    return "\n".join([control.strip(), *more, ""])


def _index(folder: Path, path: str, text: str) -> list[str]:
    """Lines of the Release file about one index, which lies there by its name and by its hash."""
    plain = text.encode()
    packed = lzma.compress(plain)
    (folder / path / "by-hash" / "SHA256").mkdir(parents=True)
    (folder / path / "Packages.xz").write_bytes(packed)
    (folder / path / "by-hash" / "SHA256" / hashlib.sha256(packed).hexdigest()).write_bytes(packed)
    return [
        f" {hashlib.sha256(data).hexdigest()} {len(data)} {path}/{name}\n"
        for name, data in (("Packages", plain), ("Packages.xz", packed))
    ]


def _upstream(deb: Path) -> str:
    match = re.match(r"[^_]+_(?:\d+%3a)?(\d+(?:\.\d+)*)", deb.name)
    if match is None:
        raise RepositoryError(f"no version in the name {deb.name}")
    return match[1]


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in SERIES:
        sys.exit(f"usage: python -m lab.repositories.ubuntu {'|'.join(SERIES)} OUT POOL…")
    try:
        build(sys.argv[1], Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
    except RepositoryError as problem:
        sys.exit(f"ubuntu repository: {problem}")
