main() {
    exec 3>&1 1>&2
    json=yes quiet=yes
    trap cleanup EXIT
    trap interrupted HUP INT TERM
    bundle=$(readlink -f -- "$1") keyring=$2 site=$DEFAULT_SITE
    NAME='the check of the bundle' HINT_UNSIGNED=''
    HINT_KEYRING='name a file of your trusted public keys (gpg --export KEY > FILE) as the keyring of the task'
    # what install.sh says of the place that it works in
    PROGRAM=/run/graphistry-airgap
    check_bundle
    [ -d "$PROGRAM" ] || mkdir -m 700 -- "$PROGRAM"
    need_room 16
    stage=$(mktemp -d "$PROGRAM/verify.XXXXXX")
    check_signature
    if [ -n "${3-}" ]; then
        needed=$3 ASKS='the machine that the play runs from'
        require_signers "$count"
    fi
    check_list
    check_names
    check_every_byte
    printf '{"sums":"%s","signers":"%s"}\n' "$checked" "$signers" >&3
    finished=yes
}

main "$@"
