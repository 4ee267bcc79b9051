# finish STATUS: end with the noted problems
finish() {
    finished=yes
    if [ "$json" = yes ]; then
        printf '{"version":1,"command":"install","ok":false,"exit_code":%d,"data":{},"messages":[],"errors":[%s]}\n' \
            "$1" "$problems" | as_text >&3
    fi
    exit "$1"
}

# fail STATUS CODE MESSAGE HINT [PATH]
fail() {
    status=$1
    shift
    problem "$@"
    finish "$status"
}

cleanup() {
    status=$?
    trap '' HUP INT TERM
    [ -z "$half_made" ] || rm -rf -- "$half_made"
    [ -z "$stage" ] || rm -rf -- "$stage"
    [ "$made_program" = no ] || rmdir -- "$PROGRAM" 2>/dev/null || :
    if [ "$status" -ne 0 ] && [ "$finished" = no ]; then
        trap - EXIT
        fail 70 bug "$NAME ended unexpectedly with status $status" \
            'the last lines above say what failed (a full disk?); the same command again starts over'
    fi
}

interrupted() {
    fail 130 interrupted 'interrupted' 'the same command again starts over'
}
