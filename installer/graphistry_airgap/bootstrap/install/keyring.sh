# fingerprints: of all keys of ring.gpg, as they follow each other
fingerprints() {
    bytes_of "$stage/ring.gpg" | awk "$PACKETS"'
        END {
            split_packets()
            for (p = 0; p < count; p++) if (tag[p] == 6 || tag[p] == 14) print body[p] + 1, stop[p] - body[p], b[body[p]]
        }' >"$stage/bodies" || return 1
    while read -r from size version; do
        case $version in
        4) mark='\231' width=2 hash='sha1sum' ;; # the format's name of a key, no protection
        6) mark='\233' width=4 hash='sha256sum' ;;
        *) return 1 ;;
        esac
        # shellcheck disable=SC2059  # the format is the byte
        { printf "$mark"; big_endian "$size" "$width"; tail -c "+$from" "$stage/ring.gpg" | head -c "$size"; } | $hash | cut -d ' ' -f 1
    done <"$stage/bodies"
}

# ring.gpg: all keys, binary; keys: the state of each; usable.4.gpg and usable.6.gpg: those that may sign today
load_keyring() {
    dearmor_keyring "$keyring" >"$stage/ring.gpg" || return 1
    fingerprints >"$stage/prints" || return 1
    bytes_of "$stage/ring.gpg" |
        awk -v prints="$(tr '\n' ' ' <"$stage/prints")" -v now="$(date +%s)" -v usable="$stage/usable" "$SIFT" >"$stage/keys" || return 1
    for places in "$stage/usable.4" "$stage/usable.6"; do
        [ ! -f "$places" ] || while read -r from size; do
            tail -c "+$from" "$stage/ring.gpg" | head -c "$size"
        done <"$places" >"$places.gpg"
    done
}
