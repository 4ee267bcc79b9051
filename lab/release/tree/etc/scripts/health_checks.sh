#!/bin/sh
# One line for each service of the compose file, PASS or FAIL; exit 1 when one fails.
set -eu
cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.."

format='{{.State.Status}}, {{if .State.Health}}{{.State.Health.Status}}{{else}}without a health state{{end}}'
services=$(./graphistry config --services)
failed=0
for service in $services; do
    container=$(./graphistry ps -a -q "$service")
    state=absent
    if [ -n "$container" ]; then
        state=$(docker inspect -f "$format" "$container")
    fi
    case $state in
    "running, healthy") verdict=PASS ;;
    *) verdict=FAIL failed=1 ;;
    esac
    printf '%s %s (%s)\n' "$verdict" "$service" "$state"
done
exit "$failed"
