"""A small signed dnf repository, made by rpm's own tools; its packages hold no files.

So they can be installed on whatever machine the tests run on, into a database of their own.
"""

import hashlib
import os
import subprocess
from pathlib import Path

SPEC = """\
Name: {name}
Version: {version}
Release: {release}
Summary: test
License: MIT
{fields}
%description
test
{scripts}
%files
"""
# a package's file name holds no epoch, as with the vendors
FILE_NAME = "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm"


def tool(argv, **options):
    return subprocess.run(
        [os.fspath(word) for word in argv], check=True, capture_output=True, text=True, **options
    ).stdout


class RpmKey:
    """A throw-away signing key with a GnuPG home of its own."""

    def __init__(self, home, name):
        self.home, self.name = home, f"{name} <{name}@example.com>"
        home.mkdir(mode=0o700)
        self.gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--yes"]
        made = ["--passphrase", "", "--quick-generate-key", self.name, "rsa3072", "sign", "never"]
        tool([*self.gpg, *made])
        self.public = tool([*self.gpg, "--armor", "--export"])

    def sign_packages(self, *files):
        defines = {"_gpg_name": self.name, "_gpg_path": self.home, "__gpg": "/usr/bin/gpg"}
        words = [word for pair in defines.items() for word in ("--define", f"{pair[0]} {pair[1]}")]
        tool(["rpmsign", *words, "--addsign", *files])

    def sign_metadata(self, repomd):
        tool([*self.gpg, "--armor", "--detach-sign", repomd])

    def close(self):
        subprocess.run(["gpgconf", "--homedir", os.fspath(self.home), "--kill", "all"], check=False)


class RpmBundle:
    """A bundle directory with one dnf repository; what `bundle.json` says of it is made on the spot."""

    name = "appstream"
    path = f"packages/rhel-9/{name}"
    key_path = f"packages/rhel-9/keys/{name}.asc"

    def __init__(self, root, key):
        self.root, self.key = root, key
        self.repository = root / self.path
        self.repository.mkdir(parents=True)
        (root / self.key_path).parent.mkdir(parents=True)
        (root / self.key_path).write_text(key.public, encoding="ascii")
        self.metadata_signed = True

    def add(self, name, version, *, key=None, sign=True, scripts="", **fields):
        """`version` is `[epoch:]version-release`."""
        epoch, _, rest = version.rpartition(":")
        number, _, release = rest.partition("-")
        tags = {"Epoch": epoch, **fields} if epoch else fields
        lines = "\n".join(f"{tag}: {value}" for tag, value in tags.items())
        spec = self.root.parent / "package.spec"
        spec.write_text(
            SPEC.format(name=name, version=number, release=release, fields=lines, scripts=scripts)
        )
        defines = {"_topdir": self.root.parent / "rpmbuild", "_rpmdir": self.repository}
        words = [word for pair in defines.items() for word in ("--define", f"{pair[0]} {pair[1]}")]
        words += ["--define", f"_build_name_fmt {FILE_NAME}"]
        tool(["rpmbuild", "-bb", "--quiet", "--target", "x86_64", *words, spec])
        file = self.repository / f"{name}-{number}-{release}.x86_64.rpm"
        if sign:
            (key or self.key).sign_packages(file)
        return file

    def publish(self):
        tool(["createrepo_c", "--quiet", "--no-database", self.repository])
        if self.metadata_signed:
            self.key.sign_metadata(self.repository / "repodata/repomd.xml")

    def entry(self):
        keys = {"signed_by": self.key_path, "package_keys": [self.key_path]}
        return {"name": self.name, "path": self.path, **keys, "metadata_signed": self.metadata_signed}

    def digests(self):
        files = (path for path in (self.root / "packages").rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
        }


def wanted(*names):
    """`engine=2.0-1.el9` as an entry of a bundle's list."""
    pairs = (name.split("=") for name in names)
    return [{"name": name, "version": version, "architecture": "x86_64"} for name, version in pairs]


def installed(home):
    """Name to version of what the package database of this home has."""
    environment = {**os.environ, "HOME": os.fspath(home)}
    rows = tool(["rpm", "-qa", "--qf", "%{NAME} %{VERSION}-%{RELEASE}\n"], env=environment).splitlines()
    return dict(row.split(" ", 1) for row in rows)


def own_database(monkeypatch, folder: Path):
    """Let rpm and dnf keep their database in this folder, as they do on Debian below HOME."""
    folder.mkdir()
    monkeypatch.setenv("HOME", os.fspath(folder))
    tool(["rpmdb", "--initdb"])
