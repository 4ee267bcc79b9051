"""Bundles that somebody has tampered with: every class of file by every kind of change, from one seed.

`tamperings` lists them; each changes a copy of one good bundle and may use its older sibling and the keys.
What a signer's own hand would have to do (a list that names `/etc/passwd`) is signed by the trusted key.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.kit.bundles.mini_bundle import PLATFORM, MiniBundle, sha256
from tests.kit.bundles.openpgp_keys import LONG_AGO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kit.bundles.openpgp_keys import Keys

SEED = 5
OLD, TAKEN_BACK = "old", "taken back"
SUMS, SIGNATURE, MANIFEST = "SHA256SUMS", "SHA256SUMS.asc", "bundle.json"
RHEL = "packages/rhel-9/baseos"
# one file of each class; image blobs are added from the bundle itself
CLASSES = {
    "manifest": MANIFEST,
    "lock": "lock.json",
    "list of checksums": SUMS,
    "signature": SIGNATURE,
    "installer": "install.sh",
    "image layout": "images/oci-layout",
    "image index": "images/index.json",
    "package": f"packages/{PLATFORM}/debian/pool/main/p/python3_3.13.5-1_amd64.deb",
    "package index": f"packages/{PLATFORM}/debian/dists/trixie/main/binary-amd64/Packages.xz",
    "vendor's signature": f"packages/{PLATFORM}/debian/dists/trixie/InRelease",
    "repository key": f"packages/{PLATFORM}/keys/debian.gpg",
    "rpm": f"{RHEL}/Packages/p/python3.12-3.12.9-1.el9.x86_64.rpm",
    "rpm metadata": f"{RHEL}/repodata/repomd.xml",
    "rpm metadata's signature": f"{RHEL}/repodata/repomd.xml.asc",
    "rpm key": "packages/rhel-9/keys/baseos.asc",
    "wheel": f"runtime/{PLATFORM}/pip-25.3-py3-none-any.whl",
    "requirements": f"runtime/{PLATFORM}/requirements.txt",
    "bootstrap": f"runtime/{PLATFORM}/bootstrap",
    "release file": "release/docker-compose.yml",
    "release script": "release/etc/scripts/nexus-command.sh",
    "sbom": "sbom.cdx.json",
    "provenance": "provenance.json",
}
PARTNER = "release/VERSION"


@dataclass(frozen=True)
class Tampering:
    """`apply` changes the copy at a path; `kind` and `file_class` say what it does to what."""

    file_class: str
    kind: str
    apply: Callable[[Path], None]
    detail: str = ""

    @property
    def case(self) -> str:
        return " ".join(filter(None, (self.kind, self.file_class, self.detail)))


class Original:
    """The good bundle, an older one by the same signer, and the keys."""

    def __init__(self, root: Path, keys: Keys, *, scripts: dict[str, bytes] | None = None) -> None:
        self.keys = keys
        self._scripts = scripts or {}
        self.older = self._make(root / "older", "2.49.0").path
        self.mini = self._make(root / "good", "2.50.1")
        self.path = self.mini.path
        keys.make(OLD, at=LONG_AGO)
        keys.make(TAKEN_BACK)
        self.by_taken_back = keys.sign((self.path / SUMS).read_bytes(), TAKEN_BACK)
        keys.revoke(TAKEN_BACK)
        image = self.mini.manifest["images"][0]
        blobs = {
            "image manifest": image["manifest"]["digest"],
            "image config": image["config"],
            "layer": image["layers"][0]["digest"],
        }
        self.classes = CLASSES | {name: f"images/blobs/sha256/{digest[7:]}" for name, digest in blobs.items()}

    def _make(self, path: Path, version: str) -> MiniBundle:
        mini = MiniBundle(path)
        mini.manifest["release"]["version"] = f"v{version}"
        mini.manifest["id"] = sha256(version.encode())[:32]
        for name in CLASSES.values():
            mini.files.setdefault(name, f"{name} of {version}\n".encode())
        mini.files |= self._scripts
        mini.files["release/VERSION"] = f"v{version}\n".encode()
        for name in (MANIFEST, SUMS, SIGNATURE):
            mini.files.pop(name, None)
        mini.write()
        mini.sign(self.keys, "signer")
        return mini

    def sign_again(self, path: Path, name: str = "signer", **how: Any) -> None:
        (path / SIGNATURE).write_bytes(self.keys.sign((path / SUMS).read_bytes(), name, **how))

    def relist(self, path: Path) -> None:
        """SHA256SUMS and its signature again over a changed bundle.json."""
        lines = (path / SUMS).read_text(encoding="utf-8").splitlines(keepends=True)
        digest = sha256((path / MANIFEST).read_bytes())
        kept = [line for line in lines if not line.endswith(f"  {MANIFEST}\n")]
        text = "".join(sorted([*kept, f"{digest}  {MANIFEST}\n"], key=lambda line: line[66:].encode()))
        (path / SUMS).write_text(text, encoding="utf-8")
        self.sign_again(path)


def tamperings(original: Original) -> list[Tampering]:
    chance = random.Random(SEED)  # noqa: S311 -- the same choices each time
    found = [
        *_of_each_class(original, chance),
        *_extra_files(chance),
        *_signatures(original),
        *_armor(original, chance),
        *_replays(original),
        *_lists(original),
        *_manifests(original),
    ]
    assert len({one.case for one in found}) == len(found)
    return found


# ---- every class of file ----------------------------------------------------------------------------------


def _of_each_class(original: Original, chance: random.Random) -> Iterator[Tampering]:
    for file_class, name in original.classes.items():
        size = (original.path / name).stat().st_size
        bit, cut = chance.randrange(size * 8), chance.randrange(1, size)
        changes: dict[str, Callable[[Path], None]] = {
            "bit flip": lambda path, bit=bit: _flip(path, bit),
            "truncate": lambda path, cut=cut: os.truncate(path, cut),
            "append": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
            "empty": lambda path: path.write_bytes(b""),
            "missing": lambda path: path.unlink(),
            "symbolic link": _link,
            "hard link": _hard_link,
            "directory": _directory,
            "pipe": _pipe,
            "device": _device,
            "other case": lambda path: path.rename(path.with_name(path.name.swapcase())),
            "swap": _swap,
        }
        for kind, change in changes.items():
            yield Tampering(file_class, kind, _at(name, change))
        if (original.older / name).exists() and file_class not in ("image layout",):
            yield from _older_file(original, file_class, name)


def _older_file(original: Original, file_class: str, name: str) -> Iterator[Tampering]:
    old = (original.older / name).read_bytes()
    if old != (original.path / name).read_bytes():
        yield Tampering(file_class, "older file", _at(name, lambda path: path.write_bytes(old)))


def _at(name: str, change: Callable[[Path], Any]) -> Callable[[Path], None]:
    def apply(bundle: Path) -> None:
        change(bundle / name)

    return apply


def _flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(data))


def _root(path: Path) -> Path:
    return next(parent for parent in path.parents if (parent / "release").is_dir())


def _link(path: Path) -> None:
    outside = _root(path).with_suffix(".outside")
    shutil.move(path, outside)
    path.symlink_to(outside)


def _hard_link(path: Path) -> None:
    partner = _root(path) / PARTNER
    path.unlink()
    path.hardlink_to(partner)


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.unlink()
    os.mknod(path, 0o20644, os.makedev(1, 5))  # /dev/zero


def _swap(path: Path) -> None:
    other = _root(path) / PARTNER
    mine, others = path.read_bytes(), other.read_bytes()
    path.write_bytes(others)
    other.write_bytes(mine)


# ---- what nobody listed -----------------------------------------------------------------------------------

EXTRA = {
    "a newer wheel": f"runtime/{PLATFORM}/pip-99.0-py3-none-any.whl",
    "a second requirements file": f"runtime/{PLATFORM}/requirements-2.txt",
    "a package": f"packages/{PLATFORM}/debian/pool/main/e/evil_1_all.deb",
    "a key": f"packages/{PLATFORM}/keys/evil.gpg",
    "a blob": f"images/blobs/sha256/{'0' * 64}",
    "a release file": "release/docker-compose.override.yml",
    "a hidden file": ".profile",
    "a plugin": "action_plugins/setup.py",
    "a configuration": "ansible.cfg",
    "a Python module": "sitecustomize.py",
    "a name like the list's": "SHA256SUMS.old",
    "a name like a signature's": "SHA256SUMS.old.asc",
    "a name like the manifest's": "BUNDLE.JSON",
    "a line break in the name": "release/a\nb",
    "a backslash in the name": "release/a\\b",
    "a name that reads backwards": "release/\u202egpj.sh",
    "a deep path": "/".join(["d"] * 60) + "/x",
}


def _extra_files(chance: random.Random) -> Iterator[Tampering]:
    for detail, name in EXTRA.items():
        data = chance.randbytes(20)
        yield Tampering("extra file", "extra", _planted(name, data), detail)
    yield Tampering("extra file", "extra", _undecodable, "a name that is no UTF-8")
    yield Tampering("extra file", "extra link", lambda bundle: (bundle / "etc").symlink_to("/etc"), "to /etc")
    yield Tampering(
        "extra file", "extra link", lambda bundle: (bundle / "again").symlink_to("."), "to the bundle itself"
    )


def _planted(name: str, data: bytes) -> Callable[[Path], None]:
    def apply(bundle: Path) -> None:
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_bytes(data)

    return apply


def _undecodable(bundle: Path) -> None:
    with open(os.fsencode(bundle) + b"/release/\xff\xfe", "wb") as stream:  # noqa: PTH123 -- bytes
        stream.write(b"x")


# ---- signatures -------------------------------------------------------------------------------------------


def _signatures(original: Original) -> Iterator[Tampering]:
    def signed_by(name: str, **how: Any) -> Callable[[Path], None]:
        return lambda bundle: original.sign_again(bundle, name, **how)

    at_its_time = {"at": "20240110T000000!"}
    yield Tampering("signature", "re-sign", signed_by("stranger"), "by a key that nobody trusts")
    yield Tampering("signature", "re-sign", signed_by("expired", **at_its_time), "by an expired key")
    revoked = _at(SIGNATURE, _writing(original.by_taken_back))
    yield Tampering("signature", "re-sign", revoked, "by a revoked key")
    short = {**at_its_time, "options": ("--default-sig-expire", "20240111T000000")}
    yield Tampering("signature", "re-sign", signed_by(OLD, **short), "that has expired")

    for digest in ("SHA1", "RIPEMD160", "SHA224"):
        weak = signed_by("signer", options=("--digest-algo", digest))
        yield Tampering("signature", "re-sign", weak, f"with {digest}")
    yield Tampering("signature", "re-sign", signed_by("signer", options=("--textmode",)), "over text")

    def stranger_beside(bundle: Path) -> None:
        (bundle / SIGNATURE).unlink()
        name = f"{SUMS}.{original.keys.fingerprint('signer')}.asc"
        (bundle / name).write_bytes(original.keys.sign((bundle / SUMS).read_bytes(), "stranger"))

    yield Tampering("signature", "re-sign", stranger_beside, "by a stranger under the signer's name")

    def changed_and_signed(bundle: Path) -> None:
        (bundle / PARTNER).write_bytes(b"v6.6.6\n")
        text = (bundle / SUMS).read_text(encoding="utf-8")
        old, new = sha256(original.mini.files[PARTNER]), sha256(b"v6.6.6\n")
        (bundle / SUMS).write_text(text.replace(old, new), encoding="utf-8")
        (bundle / "trusted.gpg").write_bytes(original.keys.public("stranger"))
        original.sign_again(bundle, "stranger")

    yield Tampering("signature", "re-sign", changed_and_signed, "with the stranger's key in the bundle")
    for detail, data in {
        "text": b"a signature\n",
        "a public key": original.keys.public("signer", armored=True),
    }.items():
        yield Tampering("signature", "not a signature", _at(SIGNATURE, _writing(data)), detail)
    huge = _at(SIGNATURE, lambda path: path.write_bytes(path.read_bytes() * 200))
    yield Tampering("signature", "not a signature", huge, "of 64 KiB and more")


def _writing(data: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data) and None


def _armor(original: Original, chance: random.Random) -> Iterator[Tampering]:
    armored = (original.path / SIGNATURE).read_bytes()
    for bit in sorted(chance.sample(range(len(armored) * 8), 40)):
        yield Tampering(
            "signature", "armor flip", _at(SIGNATURE, lambda path, b=bit: _flip(path, b)), str(bit)
        )
    lines = armored.split(b"\n")
    spellings = {
        "line ends of Windows": armored.replace(b"\n", b"\r\n"),
        "a comment": b"\n".join([lines[0], b"Comment: x", *lines[1:]]),
        "blanks at a line's end": armored.replace(b"\n", b" \n", 3),
        "text before": b"please trust\n" + armored,
        "text after": armored + b"thanks\n",
        "no checksum": b"\n".join(line for line in lines if not line.startswith(b"=")),
        "twice": armored + armored,
        "longer lines": b"\n".join(lines[:2])
        + b"\n"
        + b"".join(lines[2:-3])
        + b"\n"
        + b"\n".join(lines[-3:]),
        "no armor": original.keys.gpg("--dearmor", stdin=armored),
        "another heading": armored.replace(b"PGP SIGNATURE", b"PGP MESSAGE"),
    }
    for detail, data in spellings.items():
        yield Tampering("signature", "armor", _at(SIGNATURE, _writing(data)), detail)


def _replays(original: Original) -> Iterator[Tampering]:
    def of_older(*names: str) -> Callable[[Path], None]:
        def apply(bundle: Path) -> None:
            for name in names:
                shutil.copy(original.older / name, bundle / name)

        return apply

    yield Tampering("signature", "replay", of_older(SIGNATURE), "an older bundle's signature")
    yield Tampering("list of checksums", "replay", of_older(SUMS), "an older bundle's list")
    yield Tampering(
        "list of checksums", "replay", of_older(SUMS, SIGNATURE), "an older list with its signature"
    )
    yield Tampering(
        "manifest", "replay", of_older(MANIFEST, SUMS, SIGNATURE), "an older manifest, list and signature"
    )
    yield Tampering(
        "image index", "replay", of_older("images/index.json", MANIFEST), "an older index and manifest"
    )


# ---- what the trusted key has signed, and is refused nevertheless -----------------------------------------


def _lists(original: Original) -> Iterator[Tampering]:
    digest = sha256(b"")
    lines = {
        "an absolute path": f"{digest}  /etc/passwd",
        "a path that climbs out": f"{digest}  ../outside",
        "a path that climbs within": f"{digest}  release/../../outside",
        "a dot": f"{digest}  ./install.sh",
        "an empty part": f"{digest}  release//x",
        "a directory's name": f"{digest}  release/",
        "no name": f"{digest}  ",
        "one file twice": f"{digest}  install.sh",
        "itself": f"{digest}  {SUMS}",
        "its signature": f"{digest}  {SIGNATURE}",
        "a backslash": f"\\{digest}  a\\nb",
        "a control character": f"{digest}  a\x1b[2Jb",
        "upper case": f"{digest.upper()}  release/x",
        "a short digest": f"{digest[:-1]}  release/x",
        "the binary mark": f"{digest} *release/x",
        "an absent file": f"{digest}  release/absent",
        "no line at all": "",
    }
    for detail, line in lines.items():

        def apply(bundle: Path, line: str = line) -> None:
            with (bundle / SUMS).open("a", encoding="utf-8") as stream:
                stream.write(f"{line}\n")
            original.sign_again(bundle)

        yield Tampering("list of checksums", "name in the list", apply, detail)

    def cut(bundle: Path) -> None:
        (bundle / SUMS).write_bytes((bundle / SUMS).read_bytes()[:-1])
        original.sign_again(bundle)

    yield Tampering("list of checksums", "name in the list", cut, "a last line that is cut off")


def _manifests(original: Original) -> Iterator[Tampering]:
    other = f"sha256:{'0' * 64}"
    repository = ("platforms", PLATFORM, "repositories", 0)
    changes: dict[str, tuple[tuple[str | int, ...], Any]] = {
        "a newer schema": (("schema",), 99),
        "a schema that is no number": (("schema",), "1"),
        "a release outside": (("release", "path"), "../release"),
        "a version that is a path": (("release", "version"), "../../etc"),
        "a version that is a template": (("release", "version"), "{{ lookup('pipe', 'id') }}"),
        "a runtime outside": (("platforms", PLATFORM, "runtime"), "/usr/lib/python3"),
        "a repository outside": ((*repository, "path"), "../../etc/apt"),
        "a suite with options": ((*repository, "suite"), "trixie] [trusted=yes"),
        "a component with a line": ((*repository, "components"), ["main\ndeb http://elsewhere/ x"]),
        "a key that is not listed": ((*repository, "signed_by"), "packages/evil.gpg"),
        "a package that is an option": (("platforms", PLATFORM, "packages", "python", 0, "name"), "--purge"),
        "a version that is an option": (("platforms", PLATFORM, "packages", "python", 0, "version"), "1 -y"),
        "another image manifest": (("images", 0, "manifest", "digest"), other),
        "another config": (("images", 0, "config"), other),
        "another layer": (("images", 0, "layers", 0, "digest"), other),
        "a digest that is a path": (("images", 0, "config"), "sha256:../../../etc/shadow"),
        "images that are no list": (("images",), {}),
        "platforms that are no object": (("platforms",), []),
        "files that are no object": (("files",), 3),
        "a size that is text": (("files", "install.sh", "size"), "big"),
        "a size that is negative": (("files", "install.sh", "size"), -1),
        "another size": (("files", "install.sh", "size"), 10**15),
        "another sha256": (("files", "install.sh", "sha256"), "0" * 64),
        "a mode with setuid": (("files", "install.sh", "mode"), "4755"),
        "nothing about release": (("release",), None),
    }
    for detail, (where, value) in changes.items():

        def apply(bundle: Path, where: tuple[str | int, ...] = where, value: Any = value) -> None:
            document = json.loads((bundle / MANIFEST).read_bytes())
            inner = document
            for key in where[:-1]:
                inner = inner[key]
            inner[where[-1]] = value
            (bundle / MANIFEST).write_text(json.dumps(document), encoding="utf-8")
            original.relist(bundle)

        yield Tampering("manifest", "contradiction", apply, detail)
    for detail, data in {
        "no JSON": b"{",
        "too deep": b"[" * 99999,
        "no object": b"[]",
        "not a number": b"NaN",
    }.items():

        def replace(bundle: Path, data: bytes = data) -> None:
            (bundle / MANIFEST).write_bytes(data)
            original.relist(bundle)

        yield Tampering("manifest", "contradiction", replace, detail)
