#!/bin/sh
# What two hosts with the same driver have in common, line by line; argument: the names of the driver's packages.
set -eu

kernel=$(cat /proc/sys/kernel/osrelease)
# shellcheck disable=SC2086  # a list of names
dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' $1
dpkg --audit
dkms status
find "/lib/modules/$kernel/updates" -type f | sort | while read -r module; do
    echo "$module $(modinfo -F version "$module") $(modinfo -F vermagic "$module") $(modinfo -F license "$module")"
done
find /var/lib/dkms -printf '%p %y %m %l\n' | LC_ALL=C sort
find /etc/dkms /etc/modprobe.d /etc/systemd/system/nvidia-persistenced.service.d -printf '%p %y %m %l\n' | LC_ALL=C sort
sha256sum /etc/modprobe.d/graphistry-airgap* /etc/systemd/system/nvidia-persistenced.service.d/*
lsinitramfs "/boot/initrd.img-$kernel" | grep modprobe.d | LC_ALL=C sort
find /boot -printf '%p %y %m\n' | LC_ALL=C sort
systemctl is-enabled nvidia-persistenced.service
