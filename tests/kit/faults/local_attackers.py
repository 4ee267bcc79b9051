"""An unprivileged account on a sealed host that tries what such an account can, before and during an install.

Each attack is a shell script that runs as that user for as long as the test wants; what it gets hold of is in
a log of its own.  What it plants would leave a file in `EXECUTED` if anybody ran it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.hosts.sealed_host import SealedHost

USER = "local"
HOME = f"/home/{USER}"
EXECUTED, LOGS = f"{HOME}/executed", f"{HOME}/logs"
VICTIM, VICTIMS = "/etc/victim", "/etc/victims"
# by this our endpoint is told from other programs' ports
REGISTRY = "Docker-Distribution-Api-Version"
SHARED = "/tmp /var/tmp /dev/shm /run/lock"
# names that such programs have been known to use, and some that ours might
_NAMES = (
    "graphistry-airgap graphistry-airgap-run-0 airgap-preflight-0 .ansible ansible ansible-tmp "
    "pip .docker docker docker-compose install.sh lock lock-frontend apt-key-gpghome apt.conf"
)
ATTACKS = {
    # links under every name that could be guessed, and a look at what root puts beside them
    "names": f"""
        for folder in {SHARED}; do
            for name in {_NAMES}; do
                ln -s {VICTIM} "$folder/$name" 2>/dev/null
                ln -s {VICTIMS} "$folder/$name.d" 2>/dev/null
            done
        done
        while :; do
            find {SHARED} -mindepth 1 -user root ! -path '*/systemd-private-*' -printf '%p %M\\n' 2>/dev/null
            sleep 0.1
        done >>{LOGS}/names""",
    # what all processes were started with
    "arguments": f"""
        while :; do
            cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'
            sleep 0.05
        done | awk '!seen[$0]++ {{ print; fflush() }}' >>{LOGS}/arguments""",
    # a client of every port that opens on the loopback
    "ports": f"""
        while :; do
            for hex in $(awk '$2 ~ /^0100007F:/ && $4 == "0A" {{ print substr($2, 10) }}' /proc/net/tcp); do
                for path in /v2/_catalog /v2/graphistry-airgap-import/manifests/x /v2/../../etc/shadow; do
                    exec 3<>/dev/tcp/127.0.0.1/$((16#$hex)) || continue
                    printf 'GET %s HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' "$path" >&3
                    answer=$path
                    while IFS= read -r -t 2 line <&3 && [ "$line" != $'\\r' ]; do answer+=" $line"; done
                    echo "${{answer//$'\\r'/}}"
                    exec 3>&-
                done
            done 2>/dev/null
            sleep 0.1
        done >>{LOGS}/ports""",
    # what is root's alone
    "reads": f"""
        while :; do
            echo looked
            find /var/lib/graphistry-airgap /run/graphistry-airgap -mindepth 1
            cat /etc/graphistry-airgap/administrator.yml /var/graphistry/releases/*/data/config/custom.env
            cat /opt/graphistry-airgap/.staging.*/*
            sleep 0.1
        done 2>/dev/null >>{LOGS}/reads""",
}
_TOUCH = f"open('{EXECUTED}/%s', 'w')\n"
_PLUGIN = "from ansible.plugins.callback import CallbackBase\n" + _TOUCH
_APT = "".join(f'{hook}::Pre-Invoke {{ "touch {EXECUTED}/apt"; }};\n' for hook in ("DPkg", "APT::Update"))
_MODULE = "ansible_collections/graphistry/airgap/plugins/modules/tree.py"
_MODULES = ("sitecustomize", "ansible", "yaml", "json", "venv", "pip")
PLANTED = {
    **{f"{HOME}/{name}.py": _TOUCH % name for name in _MODULES},
    f"{HOME}/graphistry_airgap/__init__.py": _TOUCH % "package",
    f"{HOME}/.local/lib/python3.13/site-packages/usercustomize.py": _TOUCH % "usercustomize",
    f"{HOME}/.local/lib/python3.13/site-packages/x.pth": f"import os; {_TOUCH % 'pth'}",
    f"{HOME}/.ansible/plugins/callback/evil.py": _PLUGIN % "callback",
    f"{HOME}/.ansible/collections/{_MODULE}": _TOUCH % "module",
    f"{HOME}/collections/{_MODULE}": _TOUCH % "collection",
    f"{HOME}/library/stat.py": _TOUCH % "library",
    f"{HOME}/ansible.cfg": f"[defaults]\ncallbacks_enabled = evil\nlibrary = {HOME}/library\n"
    f"collections_path = {HOME}/collections\n",
    f"{HOME}/.docker/cli-plugins/docker-compose": f"#!/bin/sh\ntouch {EXECUTED}/compose\n",
    f"{HOME}/.docker/config.json": '{"credsStore": "evil"}\n',
    f"{HOME}/bin/docker-credential-evil": f"#!/bin/sh\ntouch {EXECUTED}/credentials\n",
    f"{HOME}/bin/apt-get": f"#!/bin/sh\ntouch {EXECUTED}/path\n",
    f"{HOME}/bin/sha256sum": f"#!/bin/sh\ntouch {EXECUTED}/path\n",
    f"{HOME}/.config/pip/pip.conf": "[global]\nindex-url = http://127.0.0.1:1/\n",
    f"{HOME}/apt.conf": _APT,
    f"{HOME}/shell": f"touch {EXECUTED}/shell\n",
    f"{HOME}/docker-compose.override.yml": "services: {evil: {image: evil}}\n",
    f"{HOME}/.gitconfig": f"[core]\n\tfsmonitor = touch {EXECUTED}/git\n",
}
# what `sudo -E` of a careless operator would hand on
ENVIRONMENT = {
    "HOME": HOME,
    "PATH": f"{HOME}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PYTHONPATH": HOME,
    "PYTHONSTARTUP": f"{HOME}/sitecustomize.py",
    "PYTHONINSPECT": "1",
    "PYTHONUSERBASE": f"{HOME}/.local",
    "ANSIBLE_CONFIG": f"{HOME}/ansible.cfg",
    "ANSIBLE_LIBRARY": f"{HOME}/library",
    "ANSIBLE_COLLECTIONS_PATH": f"{HOME}/collections",
    "ANSIBLE_CALLBACK_PLUGINS": f"{HOME}/.ansible/plugins/callback",
    "APT_CONFIG": f"{HOME}/apt.conf",
    "DOCKER_HOST": "tcp://127.0.0.1:1",
    "DOCKER_CONFIG": f"{HOME}/.docker",
    "COMPOSE_FILE": f"{HOME}/docker-compose.override.yml",
    "GIT_CONFIG_GLOBAL": f"{HOME}/.gitconfig",
    "PIP_CONFIG_FILE": f"{HOME}/.config/pip/pip.conf",
    "GNUPGHOME": HOME,
    "LD_LIBRARY_PATH": HOME,
    "TMPDIR": HOME,
    "ENV": f"{HOME}/shell",
    "BASH_ENV": f"{HOME}/shell",
    "http_proxy": "http://127.0.0.1:1",
}


def prepare(host: SealedHost) -> None:
    """The account, what it has planted, and root's files at which its links point."""
    host.require(["useradd", "--create-home", "--shell", "/bin/bash", USER])
    host.put(b"root's own\n", VICTIM, mode=0o600)
    host.require(["mkdir", VICTIMS])
    for path, text in PLANTED.items():
        host.require(["mkdir", "-p", path.rpartition("/")[0]])
        host.put(text.encode(), path, mode=0o755)
    host.require(["mkdir", "-p", LOGS, EXECUTED])
    host.require(["chown", "-R", f"{USER}:", HOME])
    host.require(["chmod", "777", HOME, EXECUTED])


@contextmanager
def attacking(host: SealedHost) -> Iterator[None]:
    for name, script in ATTACKS.items():
        host.put(script.encode(), f"{HOME}/{name}.sh", mode=0o755)
        start = ["systemd-run", "--quiet", "--collect", f"--uid={USER}", f"--unit=attack-{name}"]
        host.require([*start, "bash", f"{HOME}/{name}.sh"])
    try:
        yield
    finally:
        host.exec(["systemctl", "stop", *(f"attack-{name}.service" for name in ATTACKS)])


def log(host: SealedHost, name: str) -> list[str]:
    return host.read(f"{LOGS}/{name}").decode("utf-8", "replace").splitlines()
