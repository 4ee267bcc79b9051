# ---- the bundle ---------------------------------------------------------------------------------------------

check_keyring() {
    [ -f "$keyring" ] || fail 2 keyring-missing "the keyring $keyring does not exist" "$HINT_KEYRING"
    [ -r "$keyring" ] || fail 2 keyring-unreadable "the keyring $keyring cannot be read" "$HINT_KEYRING"
    case $(readlink -f -- "$keyring") in
    "${bundle%/}"/*)
        fail 4 keyring-in-bundle "the keyring $keyring lies inside the bundle" \
            'a bundle cannot vouch for itself: name a keyring that came to this host another way'
        ;;
    esac
    if [ "$keyring" = "$DEFAULT_KEYRING" ] && [ -z "$(find -L "$keyring" -maxdepth 0 -user 0 ! -perm /022)" ]; then
        fail 2 keyring-unsafe "$keyring must belong to root and be writable by nobody else" "chown root: and chmod 644 it"
    fi
    # a distribution's whole keyring has 100 KiB
    [ "$(stat -L -c %s -- "$keyring")" -le 4194304 ] || fail 2 keyring-malformed \
        "the keyring $keyring is larger than 4 MiB, which no keyring is" "$HINT_KEYRING"
    load_keyring || fail 2 keyring-malformed "the keyring $keyring is not an OpenPGP keyring" "$HINT_KEYRING"
    [ -s "$stage/keys" ] || fail 2 keyring-empty "the keyring $keyring holds no public key" "$HINT_KEYRING"
}

# SHA256SUMS and signatures are copied first; what is judged is what is used afterwards
check_signature() {
    read_required
    bounded SHA256SUMS 65536
    copy SHA256SUMS "$stage/SHA256SUMS"
    signatures=$(cd -- "$bundle" && find . -maxdepth 1 -type f -name 'SHA256SUMS*.asc' | sed 's|^\./||' |
        grep -Ex 'SHA256SUMS(\.([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}))?\.asc' | LC_ALL=C sort) || :
    signers='' refused='' ignored=''
    if [ -z "$signatures" ] && [ "$allow_unsigned" = yes ]; then
        say 'the bundle is NOT SIGNED; --allow-unsigned takes it as it is'
        require_signers 0
        return
    fi
    check_keyring
    [ -n "$signatures" ] || fail 4 signature-missing 'the bundle carries no signature: SHA256SUMS.asc is missing' \
        "copy the bundle again with its signature, or sign it$HINT_UNSIGNED" SHA256SUMS.asc
    command -v gpgv >/dev/null || command -v sqv >/dev/null ||
        fail 5 program-missing 'neither gpgv nor sqv is on this host' 'install the package sqv or gpgv'
    count=0
    for name in $signatures; do
        bounded "$name" 64
        copy "$name" "$stage/signature.asc"
        [ "$failures" -eq 0 ] || finish 4
        if answer=$(verdict "$stage/signature.asc"); then
            case " $signers " in
            *" $answer"[\ ,]*) ;;
            *) signers="$signers${signers:+, }$answer" count=$((count + 1)) ;;
            esac
        else
            refused="$refused; $name is not a good signature: $answer"
            ignored="$ignored; $name does not count: $answer"
        fi
    done
    if [ "$count" -eq 0 ] && [ -s "$stage/ahead" ]; then
        fail 3 clock-before-signature "the signature says that it was made $(moment "$(sort -n "$stage/ahead" | tail -n 1)"), and this host's clock says $(moment "$(date +%s)")" \
            "set this host's clock (timedatectl) and repeat; if the clock is right, refuse the bundle: the clock of whoever signed it is wrong, or the signature was changed"
    fi
    [ "$count" -gt 0 ] || fail 4 signature-invalid "${refused#; }" \
        "get the bundle or the signer's key from a source that you trust, never from the medium" "${signatures%%
*}"
    say "signed by $signers"
    require_signers "$count"
}

moment() {
    date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ
}

# How many signers this host asks for, into `needed`.  The tool counts again; but it lies in the bundle, so nothing of a
# bundle that too few have signed may run, and a shell reads no YAML: the number has a file of its own.  Until a host
# has it, a site file that speaks of signatures is refused; with both, the tool compares them.
read_required() {
    needed='' folder=${REQUIRED%/*}
    # whoever may write there can take the file away, and one signer would suffice
    [ ! -d "$folder" ] || [ -n "$(find "$folder" -maxdepth 0 -user 0 ! -perm /022)" ] || fail 2 trusted-required-unsafe \
        "$folder must be a directory of root that nobody else may write; it is $(stat -c '%A, owner %u' -- "$folder")" \
        "chown root: $folder && chmod go-w $folder"
    if [ ! -e "$REQUIRED" ] && [ ! -L "$REQUIRED" ]; then
        # also the one of a host's own place: what the last installation remembers may be gone from the tool's receipt
        ! grep -qsw signatures -- "$site" "$DEFAULT_SITE" || fail 2 trusted-required-missing \
            "the site file ($site, or $DEFAULT_SITE) speaks of signatures, and $REQUIRED, which says how many keys must have signed, does not exist" \
            "write the number of signatures.required there: echo N > $REQUIRED"
        return 0
    fi
    [ -f "$REQUIRED" ] && [ ! -L "$REQUIRED" ] || fail 2 trusted-required-unsafe \
        "$REQUIRED must be a file of root that nobody else may write" "rm $REQUIRED; then: echo N > $REQUIRED"
    [ -n "$(find "$REQUIRED" -maxdepth 0 -user 0 ! -perm /022)" ] || fail 2 trusted-required-unsafe \
        "$REQUIRED must be a file of root that nobody else may write; it is $(stat -c '%A, owner %u' -- "$REQUIRED")" \
        "chown root: $REQUIRED && chmod 644 $REQUIRED"
    needed=$(cat -- "$REQUIRED")
    case $needed in
    [1-9]) ;;
    *)
        fail 2 trusted-required-invalid "$REQUIRED does not hold one line with a number from 1 to 9" \
            "write how many keys must have signed: echo N > $REQUIRED"
        ;;
    esac
}

require_signers() {
    [ -z "$needed" ] || [ "$1" -ge "$needed" ] || fail 4 signatures-too-few \
        "signed by $1 of the trusted keys, and $ASKS asks for $needed$ignored" \
        'let the next signer run graphistry-airgap bundle sign and bring the new file to the medium'
}
