"""A signed apt archive that stands in for Ubuntu's: three suites of a series, its components, phased updates.

By hand: `python -m lab.repositories.ubuntu SERIES OUT POOL…`.

The packages have Ubuntu's names, versions and dependencies; what runs in them are Debian's binaries, out of
the .debs that lie below the directories POOL. NVIDIA's driver is `ubuntu_driver`'s; OUT/cuda is a
repository of the shape of NVIDIA's own for Ubuntu, flat and with another version of the same branch. The
key exists only while this runs; OUT/key.gpg is its public half. An OUT that was made from the same files is
left as it is: a new signature would change every bundle.
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

from lab.repositories import kernel_module, ubuntu_driver
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
FLAT = """\
Origin: NVIDIA
Label: NVIDIA CUDA
Architecture: x86_64
Date: Thu, 01 Jan 2026 00:00:00 UTC
Description: NVIDIA's repository for Ubuntu (a stand-in of the lab)
SHA256:
{files}"""
# the series that has NVIDIA's driver; its version in the archive, and in NVIDIA's repository, which is newer
WITH_DRIVER = "noble"
BRANCH, DRIVER, VENDOR_DRIVER, KINDS = "580", "580.126.20", "580.178.04", ("open", "proprietary")
KERNELS = {"6.8.0-45-generic": "6.8.0-45.45", "6.8.0-47-generic": "6.8.0-47.47"}
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
    if series == WITH_DRIVER:
        table[f"{series}-updates"] += driver_rows()
    rows = [row for suite in table.values() for row in suite]
    debs = {name: find_deb(name, pools) for row in rows for name in row.get("debs", ())}
    sources = (__file__, ubuntu_driver.__file__, kernel_module.__file__)
    inputs = digest([*map(Path, sources), packages_of, *debs.values()])

    def fill(key: Key, work: Path) -> None:
        archive = _Archive(series, out, debs, work, key)
        for suite, packages in table.items():
            archive.suite(suite, packages)
        if series == WITH_DRIVER:
            archive.flat("cuda", list(ubuntu_driver.vendor_driver(VENDOR_DRIVER, KINDS)))
        (out / "key.gpg").write_bytes(key.gpg("--export"))

    make_once(out, inputs, fill)


def driver_rows() -> list[dict[str, Any]]:
    """A driver with its modules for each kernel, and what is left of an older branch."""
    rows: list[dict[str, Any]] = [*ubuntu_driver.server_driver(BRANCH, DRIVER, KINDS)]
    for kernel, build in KERNELS.items():
        rows += ubuntu_driver.kernel_packages(kernel, build)
        rows += ubuntu_driver.ready_made(BRANCH, DRIVER, KINDS, kernel, build)
        rows.append(ubuntu_driver.signatures(kernel, build))
    rows += ({"name": name, "version": "1", "component": "main"} for name in ("dkms", "gcc", "make"))
    return [*rows, ubuntu_driver.transition("570", BRANCH, DRIVER)]


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

    def flat(self, name: str, rows: list[dict[str, Any]]) -> None:
        """A repository of another vendor below this one's directory, without suites and components."""
        folder = self.out / name
        debs = [self._package(row, self.work / name / row["name"], folder) for row in rows]
        text = "\n".join(_stanza(folder, deb, row) for deb, row in zip(debs, rows, strict=True))
        (folder / "Packages.xz").write_bytes(lzma.compress(text.encode()))
        plain = self.work / name / "Release"
        plain.write_text(FLAT.format(files="".join(_listed("Packages", text.encode()))), encoding="utf-8")
        signed = folder / "InRelease"
        self.key.gpg("--digest-algo", "SHA512", "--clearsign", "-o", str(signed), str(plain))

    def _package(self, row: dict[str, Any], root: Path, folder: Path | None = None) -> Path:
        """`folder` is where it comes to lie, if not in the pool."""
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
        for name, content in row.get("files", {}).items():
            (root / name.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            (root / name.lstrip("/")).write_bytes(content)
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
        if "postinst" in row:
            (root / "DEBIAN" / "postinst").write_text(row["postinst"], encoding="utf-8")
            (root / "DEBIAN" / "postinst").chmod(0o755)
        folder = folder or self.out / "pool" / row["component"] / row["name"][0] / row["name"]
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
    return _listed(f"{path}/Packages", plain)


def _listed(path: str, plain: bytes) -> list[str]:
    """Lines of a Release file about an index, plain and packed."""
    return [
        f" {hashlib.sha256(data).hexdigest()} {len(data)} {path}{suffix}\n"
        for suffix, data in (("", plain), (".xz", lzma.compress(plain)))
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
