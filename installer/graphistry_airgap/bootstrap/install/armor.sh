# ---- OpenPGP ------------------------------------------------------------------------------------------------

# How data of OpenPGP is read, for the two programs below.  The tool's judge (bundle/trust) says the same of every key and
# signature, in the same words.
# shellcheck disable=SC2016  # it is awk's
PACKETS='
@packets.awk@
'
CLAIM="$PACKETS"'
@claim.awk@
'
SIFT="$PACKETS"'
@keyring.awk@
'

bytes_of() {
    od -An -v -tu1 -- "$1"
}

# octal-escape a number as COUNT big-endian bytes
big_endian() {
    value=$1 count=$2
    while [ "$count" -gt 0 ]; do
        count=$((count - 1))
        # shellcheck disable=SC2059  # the format is the byte
        printf "\\$(printf '%03o' $(((value >> (8 * count)) & 255)))"
    done
}

crc24() {
    crc=$((0xB704CE))
    for byte in $(bytes_of "$1"); do
        crc=$((crc ^ (byte << 16)))
        bit=0
        while [ "$bit" -lt 8 ]; do
            crc=$((crc << 1))
            [ "$crc" -lt $((0x1000000)) ] || crc=$((crc ^ 0x1864CFB))
            bit=$((bit + 1))
        done
    done
    echo "$crc"
}

checksum() {
    big_endian "$(crc24 "$1")" 3 | base64
}

# The one spelling of an armored signature: any other byte in the file is a changed file, though it may verify.
canonical_signature() {
    sed -e 1,2d -e '/^=/,$d' -- "$1" | base64 -d >"$stage/packet" 2>/dev/null || return 1
    {
        printf '%s\n\n' '-----BEGIN PGP SIGNATURE-----'
        base64 -w 64 <"$stage/packet"
        printf '=%s\n' "$(checksum "$stage/packet")"
        printf '%s\n' '-----END PGP SIGNATURE-----'
    } >"$stage/armored"
    cmp -s -- "$1" "$stage/armored" || return 1
    [ "$(bytes_of "$stage/packet" | awk "$PACKETS"'END { split_packets(); print count, tag[0] }')" = '1 2' ]
}

# Armored blocks may follow each other, with text between them; a block may have headers, up to an empty line.
dearmor_keyring() {
    if ! grep -q -a -e '-----BEGIN PGP' "$1"; then
        cat -- "$1"
        return
    fi
    # of armored and binary keys in one file each program reads another part
    [ -z "$(tr -dc '\000' <"$1" | tr '\000' x)" ] || return 1
    awk -v folder="$stage" '
        { sub(/\r$/, "") }
        !inside && /^-----BEGIN PGP [A-Z ]+-----[ \t]*$/ {
            inside = header = 1; text = last = ""
            kind = $0; sub(/^-----BEGIN PGP /, "", kind); sub(/-----[ \t]*$/, "", kind)
            next
        }
        !inside { if (/[\200-\377]/ || /-----BEGIN PGP/) { failed = 1; exit } next }
        /-----/ {
            sub(/[ \t]*$/, "")
            if ($0 != "-----END PGP " kind "-----") { failed = 1; exit }
            inside = 0
            if (kind != "PUBLIC KEY BLOCK") next
            if (last !~ /^=/) { text = text last; last = "" }
            if (text !~ /^[A-Za-z0-9+\/]*=?=?$/) { failed = 1; exit }
            file = sprintf("%s/block.%04d", folder, ++blocks)
            print text > file; close(file)
            print file, substr(last, 2)
            next
        }
        { gsub(/^[ \t\r\f\v]+|[ \t\r\f\v]+$/, "") }
        $0 == "" { header = 0; next }
        !header { text = text last; last = $0 }
        END { exit failed || inside }' "$1" >"$stage/blocks" || return 1
    while read -r block sum; do
        base64 -d -- "$block" 2>/dev/null >"$stage/block" || return 1
        [ -z "$sum" ] || [ "$sum" = "$(checksum "$stage/block")" ] || return 1
        cat -- "$stage/block"
    done <"$stage/blocks"
}
