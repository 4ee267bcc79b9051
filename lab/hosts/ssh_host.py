"""Hosts that are reached by ssh from another one, and the wire between them.

Real are OpenSSH's server and client, host keys and the key of the one who may log in.  The wire is a veth
pair between the hosts' own network namespaces: it leads nowhere else, and each host keeps its trap.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from lab.hosts import rpm_host
from lab.hosts.derived_image import derive, make_first_image
from lab.hosts.sealed_host import IMAGE, docker

if TYPE_CHECKING:
    from lab.hosts.sealed_host import SealedHost

SSH_IMAGE = "airgap-lab/debian-13-ssh"
RPM_SSH_IMAGE = "airgap-lab/rocky-9-stand-in-ssh"
# addresses for documentation (RFC 5737)
FROM, TO = "203.0.113.1", "203.0.113.2"
KEY = "/root/.ssh/id_ed25519"
# host keys are each host's own, made when it boots
_RECIPE = """
set -eu
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -qy install --no-install-recommends openssh-server openssh-client python3-minimal
rm -rf /usr/sbin/policy-rc.d /var/lib/apt/lists/* /var/cache/apt/* /etc/ssh/ssh_host_*
printf 'UseDNS no\\nPermitRootLogin prohibit-password\\n' >/etc/ssh/sshd_config.d/lab.conf
mkdir -p /etc/systemd/system/ssh.service.d
printf '[Service]\\nExecStartPre=\\nExecStartPre=/usr/bin/ssh-keygen -A\\n' \\
    >/etc/systemd/system/ssh.service.d/keys.conf
systemctl enable ssh.service
"""


def make_images() -> None:
    make_first_image()
    derive(
        SSH_IMAGE,
        base=IMAGE,
        label="airgap-lab.ssh-host",
        recipe=_RECIPE,
        command=["sh", "-c", _RECIPE],
    )
    rpm_host.make_ssh_image(SSH_IMAGE, RPM_SSH_IMAGE)


def wire(one: SealedHost, other: SealedHost) -> None:
    """A link on which `one` is FROM and `other` is TO; again after either was restarted."""
    pids = [docker("inspect", "-f", "{{.State.Pid}}", host.name) for host in (one, other)]
    _in(pids[0], "ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire0", "netns", pids[1])
    for pid, own, far in ((pids[0], FROM, TO), (pids[1], TO, FROM)):
        # the kernel speaks by itself on a link that comes up, to nobody who asked
        _in(pid, "sysctl", "-qw", "net.ipv6.conf.wire0.disable_ipv6=1")
        _in(pid, "ip", "address", "add", own, "peer", far, "dev", "wire0")
        _in(pid, "ip", "link", "set", "wire0", "up")


def let_in(one: SealedHost, other: SealedHost) -> None:
    """Root of `one` may log in at `other` as root, and knows its key."""
    one.require(["mkdir", "-p", "-m", "700", "/root/.ssh"])
    one.require(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f", KEY])
    other.put(one.read(f"{KEY}.pub"), "/root/.ssh/authorized_keys", mode=0o600)
    key = other.read("/etc/ssh/ssh_host_ed25519_key.pub").decode().split()
    one.put(f"{TO} {key[0]} {key[1]}\n".encode(), "/root/.ssh/known_hosts", mode=0o600)


def _in(pid: str, *command: str) -> None:
    done = subprocess.run(["nsenter", "-t", pid, "-n", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
