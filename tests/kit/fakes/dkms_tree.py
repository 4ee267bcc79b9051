"""A host's kernel modules as DKMS leaves them, in a directory of a test."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

KERNEL = "6.12.1-amd64"
VERSION = "550.1.2"
MODULES = ["nvidia", "nvidia-uvm"]
FILES = ("nvidia-current", "nvidia-current-uvm")

# What the real one does to these files; the words in $STATE/dkms-fails make the action of that name fail.
DKMS = """
action=$1
echo "dkms $*" >>"$STATE/calls"
tree=$STATE/host/var/lib/dkms/nvidia-current
kernel=$STATE/host/lib/modules/6.12.1-amd64
built=$tree/550.1.2/6.12.1-amd64/x86_64
log=$tree/550.1.2/build/make.log
case $action in
build)
    [ ! -e "$built" ] || exit 3
    mkdir -p "${log%/*}"
    ln -sfn "$STATE/host/usr/src/nvidia-current-550.1.2" "$tree/550.1.2/source"
    if grep -qs build "$STATE/dkms-fails"; then
        cp "$STATE/broken.log" "$log"
        echo "Error! Bad return status for module build" >&2
        exit 10
    fi
    mkdir -p "$built/module" "$built/log"
    for name in nvidia-current nvidia-current-uvm; do echo "550.1.2 $name" >"$built/module/$name.ko.xz"; done
    if grep -qs truncated "$STATE/dkms-fails"; then echo broken >"$built/module/nvidia-current.ko.xz"; fi
    echo fine >"$built/log/make.log"
    rm -rf "${log%/*}"
    ;;
install)
    if grep -qs install "$STATE/dkms-fails"; then exit 6; fi
    [ ! -L "$tree/kernel-6.12.1-amd64-x86_64" ] || exit 5
    mkdir -p "$kernel/updates/dkms"
    for file in "$built"/module/*; do
        [ ! -e "$kernel/updates/dkms/${file##*/}" ] || { echo "archiving as original" >>"$STATE/calls"; }
        cp "$file" "$kernel/updates/dkms/"
        echo "updates/dkms/${file##*/}:" >>"$kernel/modules.dep"
    done
    ln -s "550.1.2/6.12.1-amd64/x86_64" "$tree/kernel-6.12.1-amd64-x86_64"
    ;;
uninstall) rm -f "$tree/kernel-6.12.1-amd64-x86_64" ;;
esac
"""
# the first word of these modules is their version
MODINFO = 'for file; do :; done; read -r version rest <"$file"; echo "$version"'


def make(host: Path) -> Path:
    """Headers and source are there, nothing is built."""
    (host / "lib/modules" / KERNEL / "build/include").mkdir(parents=True)
    (host / f"usr/src/nvidia-current-{VERSION}").mkdir(parents=True)
    return host


def files(host: Path) -> dict[str, bytes]:
    """Every file below the host, links as their target."""
    found = {}
    for path in sorted(host.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(host))] = str(path.readlink()).encode()
        elif stat.S_ISREG(path.stat().st_mode):
            found[str(path.relative_to(host))] = path.read_bytes()
    return found
