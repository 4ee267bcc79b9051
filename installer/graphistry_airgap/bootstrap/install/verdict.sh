STRANGER='it was made by a key that is not in the keyring'
OF_ANOTHER='it is not a signature over this SHA256SUMS'

# verdict FILE: prints the signer, or the reason why the signature is not good and fails
verdict() {
    canonical_signature "$1" || {
        echo 'it is not one armored OpenPGP signature in canonical form; it was changed or damaged'
        return 1
    }
    now=$(date +%s)
    version=$(bytes_of "$stage/packet" |
        awk -v now="$now" -v latest=$((now + SKEW)) -v keys="$stage/keys" -v ahead="$stage/ahead" "$CLAIM") || {
        echo "${version:-it is damaged}"
        return 1
    }
    ring=$stage/usable.$version.gpg
    if [ ! -s "$ring" ]; then
        echo "$STRANGER"
        return 1
    elif command -v gpgv >/dev/null; then
        verdict_of_gpgv "$1"
    else
        verdict_of_sqv "$1"
    fi
}

# Its exit status calls expired and revoked keys good, so only its status lines count.
verdict_of_gpgv() {
    status=0
    gpgv --homedir "$stage" --keyring "$ring" --status-fd 1 "$1" "$stage/SHA256SUMS" \
        >"$stage/status" 2>/dev/null || status=$?
    awk -v status="$status" -v stranger="$STRANGER" -v of_another="$OF_ANOTHER" '
        $1 == "[GNUPG:]" { said[$2] = $NF }
        END {
            why["EXPKEYSIG"] = "the key that made it has expired"
            why["REVKEYSIG"] = "the key that made it was revoked"
            why["EXPSIG"] = "the signature has expired"
            why["BADSIG"] = of_another
            why["NO_PUBKEY"] = stranger
            why["ERRSIG"] = "it cannot be checked"
            why["NODATA"] = "it holds no signature"
            # the first of them: a missing key is also an error
            size = split("EXPKEYSIG REVKEYSIG EXPSIG BADSIG NO_PUBKEY ERRSIG NODATA", words, " ")
            for (i = 1; i <= size; i++) if (words[i] in said) { print why[words[i]]; exit 1 }
            if (status != 0 || !("VALIDSIG" in said)) { print "gpgv gave no verdict"; exit 1 }
            print said["VALIDSIG"]
        }' "$stage/status"
}

verdict_of_sqv() {
    # the positional form is the only one that Debian 12's and Debian 13's sqv both know
    if sqv --keyring "$ring" "$1" "$stage/SHA256SUMS" >"$stage/status" 2>"$stage/words" &&
        grep -E '^([0-9A-F]{40}|[0-9A-F]{64})$' "$stage/status"; then
        return 0
    elif grep -q 'Missing key' "$stage/words"; then
        echo "$STRANGER"
    elif grep -q 'Message has been manipulated' "$stage/words"; then
        echo "$OF_ANOTHER"
    else
        echo "sqv gave no verdict ($(tr -s ' \n' ' ' <"$stage/words"))"
    fi
    return 1
}
