main() {
    for argument in "$@"; do
        [ "$argument" != --json ] || json=yes
    done
    exec 3>&1 1>&2
    trap cleanup EXIT
    trap interrupted HUP INT TERM
    left=$#
    while [ "$left" -gt 0 ]; do
        left=$((left - 1))
        argument=$1
        shift
        case $argument in
        --json) ;;
        --keyring)
            keyring=${1-}
            case $left:$keyring in
            0:* | *:--*) fail 2 usage '--keyring needs a file' 'see: sh install.sh --help' ;;
            esac
            left=$((left - 1))
            shift
            ;;
        --keyring=*) keyring=${argument#*=} ;;
        --site)
            site=${1-}
            set -- "$@" --site
            ;;
        --bundle | --bundle=*) fail 2 usage '--bundle is not for install.sh: it installs the bundle that it lies in' 'leave it out' ;;
        -h | --help)
            usage >&3
            finished=yes
            exit 0
            ;;
        *)
            [ "$argument" = "${argument#--site=}" ] || site=${argument#--site=}
            [ "$argument" != --quiet ] || quiet=yes
            [ "$argument" != --allow-unsigned ] || allow_unsigned=yes
            set -- "$@" "$argument"
            ;;
        esac
    done
    [ "$(id -u)" -eq 0 ] || fail 5 not-root 'install.sh changes the host and must run as root' 'run it with sudo or as root'
    keyring=${keyring:-$DEFAULT_KEYRING}
    # as the tool takes it: the one that was named, else the last installation's
    [ -n "$site" ] || site=$(installed_value site)
    site=${site:-$DEFAULT_SITE}
    bundle=$(dirname -- "$(readlink -f -- "$0")")
    check_bundle

    open_stage
    check_signature
    check_list
    check_names
    check_platform
    load_package_system
    check_release
    own=$(bootstrap_lines interpreter)
    allow_interpreter
    allow_fapolicyd
    checked=
    runtime=$PROGRAM/runtimes/$(runtime_name)
    if [ ! -f "$runtime/.complete" ] || ! python_fits; then
        room=400 # the copies, package lists, the packages, the environment
        [ -z "$own" ] || room=800
        need_room "$room"
        copy_checked "^(runtime/$platform|packages/$platform/keys)/"
        if ! python_fits; then
            check_usr
            check_package_state
            say 'this host needs packages: checking every byte of the bundle first'
            check_every_byte
            install_python
        fi
        make_runtime
    elif trust_is_stale; then
        trust_program
    fi
    keep_two_environments

    rm -rf -- "$stage"
    trap - EXIT HUP INT TERM
    exec 9<&-
    [ -z "$checked" ] || set -- --bytes-checked "$checked" "$@"
    [ ! -f "$keyring" ] || set -- --keyring "$(readlink -f -- "$keyring")" "$@"
    [ "$json" = no ] || set -- --json "$@"
    exec env -i PATH="$FIXED_PATH" HOME=/root LC_ALL=C.UTF-8 TERM="$terminal" \
        "$runtime/bin/graphistry-airgap" install --bundle "$bundle" "$@" 1>&3 3>&-
}

main "$@"
