#!/bin/sh
# CMD_NAME=create_user (GRAPHISTRY_USERNAME, GRAPHISTRY_EMAIL and GRAPHISTRY_PASSWORD in the environment) or
# CMD_NAME=list_accounts: an administrative command inside nexus. Values never stand in an argument list.
set -eu
: "${CMD_NAME:?name a command: create_user, list_accounts}"
cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.."

case $CMD_NAME in
create_user)
    : "${GRAPHISTRY_USERNAME:?}" "${GRAPHISTRY_EMAIL:?}" "${GRAPHISTRY_PASSWORD:?}"
    export GRAPHISTRY_USERNAME GRAPHISTRY_EMAIL GRAPHISTRY_PASSWORD
    exec ./graphistry exec -T -e GRAPHISTRY_USERNAME -e GRAPHISTRY_EMAIL -e GRAPHISTRY_PASSWORD \
        nexus manage create_user </dev/null
    ;;
list_accounts) exec ./graphistry exec -T nexus manage list_accounts </dev/null ;;
*)
    echo "unknown CMD_NAME '$CMD_NAME'; known: create_user, list_accounts" >&2
    exit 2
    ;;
esac
