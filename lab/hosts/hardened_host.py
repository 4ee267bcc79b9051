"""A hardened host: a lab host with what a STIG does to a server, as far as a container can be held to it.

`hardening/files` is laid over the host's file system, packages come from Debian.  Real: mounts without
exec, umask 077, sysctls that have a namespace (`net.*`), OpenSSL's and libgcrypt's FIPS modes, sudo with a
terminal, fapolicyd.  Stand-ins: user namespaces are refused by a seccomp filter with the kernel's own error,
where `user.max_user_namespaces=0` would refuse them; sysctls of the whole machine and audit rules lie in
their files and are not loaded, for a container shares the machine's kernel.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from lab.hosts.derived_image import derive
from lab.hosts.sealed_host import IMAGE, SealedHost

if TYPE_CHECKING:
    from collections.abc import Sequence

HARDENED_IMAGE = "airgap-lab/debian-13-hardened"
SHARE = "/srv/share"
OPERATOR = "deploy"
_KIT = Path(__file__).resolve().parent / "hardening"
# without the policy, a maintainer script would start services where no systemd runs
_RECIPE = f"""
set -eu
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -qy install --no-install-recommends auditd fapolicyd lynis openssl openssl-provider-fips sudo
rm -rf /usr/sbin/policy-rc.d /var/lib/apt/lists/* /var/cache/apt/*
openssl fipsinstall -quiet -out /etc/ssl/fipsmodule.cnf -module /usr/lib/*/ossl-modules/fips.so
chmod 644 /etc/ssl/fipsmodule.cnf
useradd --create-home --shell /bin/bash {OPERATOR}
# the kernel takes audit rules from the machine's own process tree only; the scanner runs when it is asked to
systemctl disable auditd.service audit-rules.service lynis.timer
rm -f /etc/systemd/system/systemd-sysctl.service
sed -i 's/^#* *UMASK.*/UMASK 077/' /etc/login.defs
for file in /etc/profile /etc/bash.bashrc /root/.profile /root/.bashrc; do echo 'umask 077' >>"$file"; done
mkdir -p {SHARE} /media/bundle /etc/fapolicyd/rules.d
"""
# What Red Hat installs, but for three.  20 and 21 open holes for dracut and dnf.  30 refuses
# programs started through the dynamic loader, and fapolicyd takes Debian's runc, linked dynamically, for one.
_RULES = (
    "10-languages",
    "40-bad-elf",
    "41-shared-obj",
    "42-trusted-elf",
    "70-trusted-lang",
    "72-shell",
    "90-deny-execute",
    "95-allow-open",
)
# in a container the root is an overlay, and fapolicyd cannot become its own user without CAP_SYS_RESOURCE
_FAPOLICYD = {
    "watch_fs": "overlay,ext4,tmpfs,xfs",
    "trust": "debdb,file",
    "uid": "root",
    "gid": "root",
}


def make_image(base: str = IMAGE, image: str = HARDENED_IMAGE) -> None:
    """Make the image from another host image, unless it was made from the same one and the same kit."""
    rules = " ".join(f"/usr/share/fapolicyd/sample-rules/{name}.rules" for name in _RULES)
    settings = [f"s/^{key} = .*/{key} = {value}/" for key, value in _FAPOLICYD.items()]
    script = f"{_RECIPE}\ncp {rules} /etc/fapolicyd/rules.d/\n"
    script += f"sed -i '{';'.join(settings)}' /etc/fapolicyd/fapolicyd.conf\n"
    derive(
        image,
        base=base,
        label="airgap-lab.hardening",
        recipe=_digest(),
        command=["sh", "-c", script],
        files=_KIT / "files",
    )


class HardenedHost(SealedHost):
    """Its medium is a share that was mounted without exec; what is put on it comes in at /srv/share."""

    def boot(self, medium: Path, *, image: str = HARDENED_IMAGE, mounts: Sequence[str] = ()) -> None:
        self.start(
            image=image,
            mounts=[f"{medium}:{SHARE}:ro", *mounts],
            tmp="noexec,nosuid,nodev",
            seccomp=os.fspath(_KIT / "no-user-namespaces.json"),
        )


def _digest() -> str:
    digest = hashlib.sha256(f"{_RECIPE} {_RULES} {_FAPOLICYD}".encode())
    for path in sorted((_KIT / "files").rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(_KIT)} ".encode() + path.read_bytes())
    return digest.hexdigest()
