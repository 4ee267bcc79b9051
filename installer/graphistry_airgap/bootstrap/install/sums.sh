listed_digest() {
    FILE=$1 awk 'substr($0, 67) == ENVIRON["FILE"] { print substr($0, 1, 64) }' "$stage/SHA256SUMS"
}

# copy_checked PATTERN: copy the listed files that match, and hash the copies
copy_checked() {
    grep -E "$1" "$stage/listed" >"$stage/wanted" || :
    while IFS= read -r path; do
        mkdir -p -- "$stage/copy/$(dirname -- "$path")"
        copy "$path" "$stage/copy/$path"
    done <"$stage/wanted"
    [ "$failures" -eq 0 ] || finish 4
    select_sums <"$stage/wanted" >"$stage/subset"
    check_sums "$stage/copy" "$stage/subset"
}

select_sums() {
    awk 'NR == FNR { wanted[$0] = 1; next } substr($0, 67) in wanted' - "$stage/SHA256SUMS"
}

# check_sums DIRECTORY LIST…: hash files, several lists at once; every bad one is named
check_sums() {
    root=$1
    shift
    for list in "$@"; do
        (cd -- "$root" && LC_ALL=C sha256sum -c --strict --quiet "$list" 2>/dev/null >"$list.bad" || :) &
    done
    wait
    for list in "$@"; do
        while IFS= read -r line; do
            path=${line%: FAILED*}
            case $line in
            *': FAILED open or read') problem file-unreadable "$path cannot be read" "$HINT_COPY" "$path" ;;
            *)
                problem checksum-mismatch "$path is not the file that was signed" \
                    'the medium is damaged or the file was changed: copy the bundle again and verify it' "$path"
                ;;
            esac
        done <"$list.bad"
    done
    [ "$failures" -eq 0 ] || finish 4
}

check_every_byte() {
    awk -v base="$stage/half" '{ print > (base NR % 2) }' "$stage/SHA256SUMS"
    touch "$stage/half0" "$stage/half1"
    check_sums "$bundle" "$stage/half0" "$stage/half1"
    # the tool need not read a large medium a second time
    checked=$(sha256sum <"$stage/SHA256SUMS" | cut -c 1-64)
}
