# What this machine needs to build bundles and run sealed hosts; sourced by scripts/demo and scripts/test with
# `checkout` set to the checkout's directory. Everything here does nothing when it is already done.
# shellcheck shell=sh disable=SC2154,SC3013  # the caller sets `checkout`; dash and bash know -nt

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
dockerd_pid=$checkout/build/lab/dockerd.pid
dockerd_log=$checkout/build/lab/dockerd.log

need_root() {
    [ "$(id -u)" = 0 ] || {
        echo "$0: run this as root: it installs Debian packages and runs Docker" >&2
        exit 5
    }
}

# Install the Debian packages of the programs that are missing.
need_lab_programs() {
    missing=
    for pair in python3:python3 docker:docker.io dockerd:docker.io debootstrap:debootstrap \
        zstd:zstd xz:xz-utils ip:iproute2 nsenter:util-linux sysctl:procps tcpdump:tcpdump curl:curl \
        shellcheck:shellcheck busybox:busybox gpg:gnupg gpgconf:gpgconf gpgv:gpgv apt-ftparchive:apt-utils dpkg-deb:dpkg \
        dnf:dnf rpm:rpm rpmbuild:rpm rpmsign:rpm createrepo_c:createrepo-c; do
        command -v "${pair%:*}" >/dev/null || missing="$missing ${pair#*:}"
    done
    for pair in pip:python3-pip ensurepip:python3-venv; do
        python3 -c "import ${pair%:*}" 2>/dev/null || missing="$missing ${pair#*:}"
    done
    [ -n "$missing" ] || return 0
    echo "installing:$missing" >&2
    apt-get -qq update
    # shellcheck disable=SC2086  # a list of names
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
}

need_dockerd() {
    docker info >/dev/null 2>&1 && return 0
    mkdir -p "$(dirname "$dockerd_log")"
    if [ -d /run/systemd/system ]; then
        systemctl start docker
    else
        rm -f "$dockerd_pid"
        # a killed dockerd leaves this behind, and the next one waits for whoever has that number now
        stale=/var/run/docker/containerd/containerd.pid
        [ "$(cat "/proc/$(cat "$stale" 2>/dev/null || echo 0)/comm" 2>/dev/null)" = containerd ] || rm -f "$stale"
        setsid dockerd --pidfile "$dockerd_pid" >"$dockerd_log" 2>&1 </dev/null &
    fi
    tries=0
    until docker info >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 60 ] || {
            echo "$0: dockerd does not answer; its log is $dockerd_log" >&2
            exit 1
        }
        sleep 1
    done
}

# End the dockerd that need_dockerd started, if it did.
end_dockerd() {
    [ -s "$dockerd_pid" ] || return 0
    pid=$(cat "$dockerd_pid")
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || return 0
    kill "$pid"
    while [ -e "/proc/$pid/comm" ] && ! grep -q '^State:.Z' "/proc/$pid/status"; do sleep 0.2; done
}

# need_tool [EXTRA] makes .venv with the tool, EXTRA being a group of setup.py's extras.
need_tool() {
    stamp=$checkout/.venv/.graphistry-airgap${1:+-$1}
    [ -x "$checkout/.venv/bin/graphistry-airgap" ] && [ "$stamp" -nt "$checkout/setup.py" ] && return 0
    echo "making .venv" >&2
    [ -x "$checkout/.venv/bin/python" ] || python3 -m venv "$checkout/.venv"
    "$checkout/.venv/bin/pip" install --quiet --editable "$checkout${1:+[$1]}"
    touch "$stamp"
}

# The collections of requirements.yml, taken out of PyPI's `ansible` package: molecule's connection to the
# sealed hosts needs one of them, and Galaxy is not needed on the machines that run the tests. Beside them, by links,
# this checkout as a collection.
need_collections() {
    collections=$checkout/build/collections
    [ "$collections/.complete" -nt "$checkout/requirements.yml" ] || fetch_collections
    rm -rf "$collections/ansible_collections/graphistry"
    link_collection "$collections"
}

# link_collection FOLDER lets Ansible find this checkout there as graphistry.airgap.
link_collection() {
    "$checkout/.venv/bin/python" - "$1" <<'PYTHON'
import pathlib, sys
from graphistry_airgap.content import link_collection

link_collection(pathlib.Path(sys.argv[1]))
PYTHON
}

fetch_collections() {
    echo "fetching Ansible collections" >&2
    rm -rf "$collections" "$collections.download"
    "$checkout/.venv/bin/pip" download --quiet --no-deps --dest "$collections.download" 'ansible==12.3.0'
    python3 - "$collections" "$collections.download"/ansible-*.whl <<'PYTHON'
import sys, zipfile

wanted = ("ansible_collections/community/docker/", "ansible_collections/community/library_inventory_filtering_v1/")
with zipfile.ZipFile(sys.argv[2]) as wheel:
    wheel.extractall(sys.argv[1], [name for name in wheel.namelist() if name.startswith(wanted)])
PYTHON
    rm -rf "$collections.download"
    touch "$collections/.complete"
}
