#!/bin/sh
# The platform's Python from the bundle, as install.sh brings it: Ansible's modules need one on the host.
# install.sh itself would go on and install everything, which is converge's job here.
set -eu

bundle=/media/bundle
runtime=$bundle/runtime/debian-13
apt=/var/tmp/molecule-apt
[ ! -x /usr/bin/python3 ] || exit 0
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/none"
sed -n 's/^source //p' "$runtime/bootstrap" |
    sed "s|@BUNDLE@|$bundle|; s|@KEYS@|$bundle/packages/debian-13/keys|" >"$apt/sources.list"
set -- -o "Dir::Etc::sourcelist=$apt/sources.list" -o "Dir::Etc::sourceparts=$apt/none" \
    -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o Acquire::Languages=none
apt-get "$@" -qq update
# shellcheck disable=SC2046  # one word per package
DEBIAN_FRONTEND=noninteractive apt-get "$@" -qq -y --no-install-recommends install \
    $(sed -n 's/^package //p' "$runtime/bootstrap") >/dev/null
rm -rf "$apt"
