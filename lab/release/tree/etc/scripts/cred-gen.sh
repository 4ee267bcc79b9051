#!/bin/sh
# Prints a fresh set of secrets for data/config/custom.env on stdout. The vendor's script is believed to trace,
# so this one does: what it prints on stderr holds the secrets too and belongs into no log.
set -eu
set -x
random() { head -c 64 /dev/urandom | base64 -w 0 | tr -d '=+/' | cut -c "1-$1"; }

echo "DJANGO_SECRET_KEY=$(random 50)"
echo "GRAPHISTRY_NEXUS_ENCRYPTION_KEYS=$(head -c 32 /dev/urandom | base64 -w 0)"
echo "GRAPHISTRY_NEXUS_SIGNING_KEY=$(cat /proc/sys/kernel/random/uuid)"
echo "GRAPHISTRY_NEXUS_SIGNING_SALT=$(random 32)"
echo "AUTH_LDAP_BIND_PASSWORD=$(random 32)"
