#!/bin/sh
# Install from the bundle that this file lies in:  sh …/install.sh [--keyring FILE] [--json] [install options]
#
# It needs a bare Debian or EL 9: no Python of ours, nothing executable on the medium.  It checks the signature and the
# names of all files, copies what will run as root and hashes the copies, makes the tool's own Python environment
# from them, and then runs `graphistry-airgap install`.  Until everything is checked, nothing on the host changes
# but one private directory that is removed again.
set -eu
umask 022

# Nothing of the caller's environment is used: no Python, pip, apt or loader settings.  This comes before the first
# variable of our own, for one of theirs may have its name.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
    [ "$name" = TERM ] || command unset "$name" 2>/dev/null || :
done
FIXED_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# names of files are bytes; in another locale grep and find pass over those that are not its text
PATH=$FIXED_PATH HOME=/root LC_ALL=C
export PATH HOME LC_ALL
terminal=${TERM-dumb}
unset TERM

PROGRAM=/opt/graphistry-airgap
DEFAULT_KEYRING=/etc/graphistry-airgap/trusted.gpg
DEFAULT_SITE=/etc/graphistry-airgap/site.yml
RECEIPT=/var/lib/graphistry-airgap/receipt.json
SKEW=1800 # seconds that two clocks may differ
TRUST=graphistry-airgap
TRUST_FILE=/etc/fapolicyd/trust.d/$TRUST
HINT_COPY='copy the bundle again from its source and verify it there first'
HINT_WHEELS='the wheels do not fit each other or this Python: build the bundle again'
HINT_KEYRING='name the file of your trusted public keys (gpg --export KEY > FILE) with --keyring'

json=no quiet=no allow_unsigned=no keyring='' bundle='' platform='' python=''
site=''
stage='' made_program=no half_made='' problems='' failures=0 finished=no

# ---- messages -----------------------------------------------------------------------------------------------

usage() {
    cat <<'END'
usage: sh install.sh [--keyring FILE] [--json] [--quiet] [--allow-unsigned] [options of `graphistry-airgap install`]
  --keyring FILE     OpenPGP public keys that you trust (default /etc/graphistry-airgap/trusted.gpg)
  --json             print one JSON envelope on stdout, everything else on stderr
  --allow-unsigned   take a bundle that carries no signature at all; the receipt records it
END
}

say() {
    [ "$quiet" = yes ] || printf '%s\n' "$*" >&2
}

# What is printed is UTF-8, whatever bytes a file's name has.
as_text() {
    iconv -c -f UTF-8 -t UTF-8 || :
}

# A file's name may hold what a terminal obeys, what turns the reading direction round, and line ends.
harmless() {
    tr '\001-\010\013-\037\177' ' ' |
        sed -e 's/\xc2[\x80-\x9f]/ /g' -e 's/\xe2\x80[\x8e\x8f\xa8-\xae]/ /g' -e 's/\xe2\x81[\xa6-\xa9]/ /g' -e '2,$s/^/    /'
}

# problem CODE MESSAGE HINT [PATH]: note one error; several may be noted before the end
problem() {
    failures=$((failures + 1))
    {
        printf 'error: %s\n' "$2" | harmless
        printf '  hint: %s\n' "$3"
    } | as_text >&2
    if [ "$json" = yes ]; then
        problems="$problems${problems:+,}$(CODE=$1 MESSAGE=$2 HINT=$3 FILE=${4-} awk '
            function quoted(text,   out, i, c) {
                out = ""
                for (i = 1; i <= length(text); i++) {
                    c = substr(text, i, 1)
                    if (c == "\\" || c == "\"") out = out "\\" c
                    else if (c == "\n") out = out "\\n"
                    else if (c == "\t") out = out "\\t"
                    else if (c ~ /[[:cntrl:]]/) out = out " "
                    else out = out c
                }
                return "\"" out "\""
            }
            BEGIN {
                printf "{"
                if (ENVIRON["FILE"] != "") printf "\"path\":%s,", quoted(ENVIRON["FILE"])
                printf "\"code\":%s,\"message\":%s,\"hint\":%s}",
                    quoted(ENVIRON["CODE"]), quoted(ENVIRON["MESSAGE"]), quoted(ENVIRON["HINT"])
            }')"
    fi
}

# Where a copy failed: is it the medium that cannot be read, or this host that cannot be written?
copy() {
    cp -- "$bundle/$1" "$2" 2>"$stage/words" && return
    if cat -- "$bundle/$1" >/dev/null 2>&1; then
        fail 3 disk-full "$1 cannot be copied to $PROGRAM: $(cat "$stage/words")" "make room under $PROGRAM"
    fi
    problem file-unreadable "$1 cannot be read" "$HINT_COPY" "$1"
}

# bounded NAME KIB: nobody has vouched for this file yet, so its size must not fill the disk
bounded() {
    [ "$(stat -L -c %s -- "$bundle/$1")" -le $(($2 * 1024)) ] ||
        fail 4 file-too-large "$1 is larger than $2 KiB, which no such file is" "$HINT_COPY" "$1"
}

# need_room MIB: said before anything is half done
need_room() {
    free=$(df -Pk -- "$PROGRAM" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free" -ge "$1" ] || fail 3 disk-full "$PROGRAM has room for $free MiB, $1 MiB are needed" "make room under $PROGRAM"
}

# disk_full FILE: what a program said may be about room on this host and not about the bundle
disk_full() {
    grep -qiE 'no space left|enough free space' "$1" &&
        fail 3 disk-full "there is too little room on this host: $(tail -n 5 "$1")" "make room under $PROGRAM"
}

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
        fail 70 bug "install.sh ended unexpectedly with status $status" \
            'the last lines above say what failed (a full disk?); the same command again starts over'
    fi
}

interrupted() {
    fail 130 interrupted 'interrupted' 'the same command again starts over'
}

# ---- OpenPGP ------------------------------------------------------------------------------------------------

# Reads `od -An -v -tu1` of OpenPGP data into b[0..n-1] and splits it into packets: tag[], start[], body[], stop[].
# shellcheck disable=SC2016  # it is awk's
PACKETS='
function octets(i, count,   value) {
    value = 0
    while (count-- > 0) value = value * 256 + b[i++]
    return value
}
function hex(i, count,   text) {
    text = ""
    while (count-- > 0) text = text sprintf("%02x", b[i++])
    return text
}
function size_at(i) {
    if (b[i] < 192) { width = 1; return b[i] }
    if (b[i] < 224) { width = 2; return (b[i] - 192) * 256 + b[i + 1] + 192 }
    if (b[i] == 255) { width = 5; return octets(i + 1, 4) }
    exit 9
}
function split_packets(   at, size) {
    for (at = count = 0; at < n; at = stop[count++]) {
        if (b[at] < 128) exit 9
        start[count] = at
        if (b[at] >= 192) {
            tag[count] = b[at] - 192
            size = size_at(at + 1)
        } else {
            tag[count] = int((b[at] - 128) / 4)
            if (b[at] % 4 == 3) exit 9
            width = 2 ^ (b[at] % 4)
            size = octets(at + 1, width)
        }
        body[count] = at + 1 + width
        stop[count] = body[count] + size
        if (stop[count] > n) exit 9
    }
}
function read_signature(p,   at, part, end, size, kind, wide) {
    made = lifetime = 0; own = 0
    wide = b[body[p]] == 6 ? 4 : 2
    at = body[p] + 4
    for (part = 0; part < 2; part++) {
        end = at + wide + octets(at, wide)
        if (end > stop[p]) exit 9
        for (at += wide; at < end; at += size) {
            size = size_at(at); at += width
            if (size < 1 || at + size > end) exit 9
            kind = b[at] % 128
            if (kind == 2 && part == 0) made = octets(at + 1, 4)
            if (kind == 9 && part == 0) lifetime = octets(at + 1, 4)
            if (kind == 16 && hex(at + 1, 8) == substr(print_of, 25)) own = 1
            if (kind == 33 && hex(at + 2, 20) == print_of) own = 1
        }
    }
}
{ for (field = 1; field <= NF; field++) b[n++] = $field + 0 }
'

# Why a signature cannot count, whoever made it: gpgv takes digests, kinds and dates that sqv refuses.  The date of one
# from the future goes into `ahead`.
CLAIM="$PACKETS"'
END {
    split_packets(); at = body[0]
    digest[1] = "MD5"; digest[2] = "SHA-1"; digest[3] = "RIPEMD-160"; digest[11] = "SHA-224"
    if (b[at] != 4 && b[at] != 6) why = "it is of version " b[at] ", and only 4 and 6 count"
    else {
        read_signature(0)
        if (b[at + 1] != 0) why = sprintf("it is of kind 0x%02x, and only 0x00, over bytes, counts", b[at + 1])
        else if (b[at + 3] < 8 || b[at + 3] > 10)
            why = "its digest is " (b[at + 3] in digest ? digest[b[at + 3]] : "number " b[at + 3]) \
                ", and only SHA-256, SHA-384, SHA-512 count"
        if (made > now) { print made >> ahead; why = "it says that it was made in the future" }
    }
    if (why != "") { print why; exit 1 }
}
'

# Which keys may sign today.  sqv judges a key by the date of the signature, so a key that has expired since, or
# that was revoked as superseded, would stay good for ever; gpgv takes keys of any length.  Of a key that is there
# several times, the copy that knows of its revocation counts.
SIFT="$PACKETS"'
function material(p) { return hex(body[p], stop[p] - body[p]) }
function is_weak(p,   algorithm) {
    algorithm = b[body[p] + 5]
    return algorithm == 17 || (algorithm >= 1 && algorithm <= 3 && octets(body[p] + 6, 2) < 2048)
}
function judge(first, last,   p, kind, best, life, stated, born) {
    stated = life = 0; best = -1
    if (is_weak(first) || material(first) in revoked) return 0
    born = octets(body[first] + 1, 4)
    for (p = first + 1; p <= last; p++) {
        if (tag[p] != 2 || b[body[p]] != 4) continue
        kind = b[body[p] + 1]
        if (tag[first] == 6 ? !(kind == 31 || (kind >= 16 && kind <= 19)) : kind != 24) continue
        read_signature(p)
        if (own) { stated = 1; if (made > best) { best = made; life = lifetime } }
    }
    return stated && (life == 0 || now < born + life)
}
END {
    split_packets()
    split(prints, print_list, " ")
    for (p = 0; p < count; p++) {
        if (tag[p] == 6 || tag[p] == 14) key = p
        if (tag[p] == 2 && b[body[p]] == 4 && b[body[p] + 1] == (tag[key] == 6 ? 32 : 40)) revoked[material(key)] = 1
    }
    for (p = 0; p < count; p++) {
        if (tag[p] != 6 && tag[p] != 14) continue
        for (last = p; last + 1 < count && tag[last + 1] != 6 && tag[last + 1] != 14;) last++
        if (tag[p] == 6) {
            print_of = print_list[++certificates]
            alive = (b[body[p]] == 4) && judge(p, last)
            if (alive) print start[p] + 1, stop[last] - start[p]
        } else if (alive && judge(p, last)) print start[p] + 1, stop[last] - start[p]
    }
}
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

# The one spelling of an armored signature: any other byte in the file is a changed file, though it may verify.
canonical_signature() {
    sed -e 1,2d -e '/^=/,$d' -- "$1" | base64 -d >"$stage/packet" 2>/dev/null || return 1
    {
        printf '%s\n\n' '-----BEGIN PGP SIGNATURE-----'
        base64 -w 64 <"$stage/packet"
        printf '=%s\n' "$(big_endian "$(crc24 "$stage/packet")" 3 | base64)"
        printf '%s\n' '-----END PGP SIGNATURE-----'
    } >"$stage/armored"
    cmp -s -- "$1" "$stage/armored" || return 1
    [ "$(bytes_of "$stage/packet" | awk "$PACKETS"'END { split_packets(); print count, tag[0] }')" = '1 2' ]
}

dearmor_keyring() {
    if ! grep -q -a '^-----BEGIN PGP PUBLIC KEY BLOCK-----' "$1"; then
        cat -- "$1"
        return
    fi
    # of armored and binary keys in one file each program reads another part
    [ -z "$(tr -d '\001-\177' <"$1" | tr '\000' x)" ] || return 1
    # armor may carry headers up to an empty line; each block has its own padding
    tr -d '\r' <"$1" | awk -v folder="$stage" '
        /^-----BEGIN PGP PUBLIC KEY BLOCK-----/ { file = sprintf("%s/block.%04d", folder, ++blocks); header = 1; next }
        /^-----END / || /^=/ { file = ""; next }
        file == "" { next }
        header { if ($0 ~ /^[ \t]*$/) header = 0; next }
        { print > file }'
    for block in "$stage"/block.*; do
        base64 -d -- "$block" 2>/dev/null || return 1
    done
}

# ring.gpg: all keys, binary; usable.gpg: those that may sign today
load_keyring() {
    dearmor_keyring "$keyring" >"$stage/ring.gpg" || return 1
    keys=$(bytes_of "$stage/ring.gpg" | awk "$PACKETS"'
        END { split_packets(); for (p = 0; p < count; p++) if (tag[p] == 6) print body[p] + 1, stop[p] - body[p] }') || return 1
    [ -n "$keys" ] || return 1
    prints=$(printf '%s\n' "$keys" | while read -r from size; do
        { printf '\231'; big_endian "$size" 2; tail -c "+$from" "$stage/ring.gpg" | head -c "$size"; } | sha1sum | cut -c 1-40
    done | tr '\n' ' ')
    bytes_of "$stage/ring.gpg" | awk -v prints="$prints" -v now="$(date +%s)" "$SIFT" >"$stage/usable" || return 1
    : >"$stage/usable.gpg"
    while read -r from size; do
        tail -c "+$from" "$stage/ring.gpg" | head -c "$size" >>"$stage/usable.gpg"
    done <"$stage/usable"
}

# verdict FILE: prints the signer, or the reason why the signature is not good and fails
verdict() {
    canonical_signature "$1" || {
        echo 'it is not one armored OpenPGP signature in canonical form; it was changed or damaged'
        return 1
    }
    latest=$(($(date +%s) + SKEW))
    why=$(bytes_of "$stage/packet" | awk -v now="$latest" -v ahead="$stage/ahead" "$CLAIM") || {
        echo "${why:-it is damaged}"
        return 1
    }
    if command -v gpgv >/dev/null; then
        verdict_of_gpgv "$1"
    else
        verdict_of_sqv "$1"
    fi
}

verdict_of_gpgv() {
    if ! answer=$(gpgv_says "$stage/ring.gpg" "$1"); then
        echo "$answer"
        return 1
    fi
    gpgv_says "$stage/usable.gpg" "$1" >/dev/null || {
        echo 'the key that made it is too weak, or was revoked'
        return 1
    }
    echo "$answer"
}

# gpgv_says RING FILE.  Its exit status calls expired and revoked keys good, so only its status lines count.
gpgv_says() {
    status=0
    gpgv --homedir "$stage" --keyring "$1" --status-fd 1 "$2" "$stage/SHA256SUMS" \
        >"$stage/status" 2>/dev/null || status=$?
    awk -v status="$status" '
        $1 == "[GNUPG:]" { said[$2] = $NF }
        END {
            why["EXPKEYSIG"] = "the key that made it has expired"
            why["REVKEYSIG"] = "the key that made it was revoked"
            why["EXPSIG"] = "the signature has expired"
            why["BADSIG"] = "it is not a signature over this SHA256SUMS"
            why["NO_PUBKEY"] = "it was made by a key that is not in the keyring"
            why["ERRSIG"] = "it cannot be checked"
            why["NODATA"] = "it holds no signature"
            for (word in why) if (word in said) { print why[word]; exit 1 }
            if (status != 0 || !("VALIDSIG" in said)) { print "gpgv does not call it valid"; exit 1 }
            print said["VALIDSIG"]
        }' "$stage/status"
}

verdict_of_sqv() {
    [ -s "$stage/usable.gpg" ] || {
        echo 'every key of the keyring has expired, was revoked or is too weak'
        return 1
    }
    # the positional form is the only one that Debian 12's and Debian 13's sqv both know
    if sqv --keyring "$stage/usable.gpg" "$1" "$stage/SHA256SUMS" >"$stage/status" 2>"$stage/words" &&
        grep -E '^([0-9A-F]{40}|[0-9A-F]{64})$' "$stage/status"; then
        return 0
    fi
    if grep -q 'Missing key' "$stage/words"; then
        echo 'it was made by a key that is not in the keyring, or that has expired, was revoked or is too weak'
    else
        tr -s ' \n' ' ' <"$stage/words"
    fi
    return 1
}

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
    [ -s "$keyring" ] || fail 2 keyring-empty "the keyring $keyring holds no public key" "$HINT_KEYRING"
    load_keyring || fail 2 keyring-malformed "the keyring $keyring is not an OpenPGP keyring" "$HINT_KEYRING"
}

# SHA256SUMS and signatures are copied first; what is judged is what is used afterwards
check_signature() {
    bounded SHA256SUMS 65536
    copy SHA256SUMS "$stage/SHA256SUMS"
    signatures=$(cd -- "$bundle" && find . -maxdepth 1 -type f -name 'SHA256SUMS*.asc' | sed 's|^\./||' |
        grep -Ex 'SHA256SUMS(\.([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}))?\.asc' | LC_ALL=C sort) || :
    signers='' refused=''
    if [ -z "$signatures" ] && [ "$allow_unsigned" = yes ]; then
        say 'the bundle is NOT SIGNED; --allow-unsigned takes it as it is'
        require_signers 0
        return
    fi
    check_keyring
    [ -n "$signatures" ] || fail 4 signature-missing 'the bundle carries no signature: SHA256SUMS.asc is missing' \
        'copy the bundle again with its signature, or sign it; --allow-unsigned takes it as it is' SHA256SUMS.asc
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

# The tool counts again; but it lies in the bundle, so nothing of a bundle that too few have signed may run.  The word is
# looked for as such: no other key of a site file has it, or the tool refuses the file.
require_signers() {
    needed=$(sed 's/#.*//' -- "$site" 2>/dev/null | tr '\n\r\t' '   ' | grep -oE "(^|[^A-Za-z0-9_-])[\"']?required[\"']? *: *[^ ,}]+" |
        sed "s/.*: *//; s/[\"']//g" | sort -n | tail -n 1) || :
    case $needed in
    '') return 0 ;;
    *[!0-9]*) fail 2 site-invalid "signatures.required in $site is $needed" 'write it as a plain number: signatures: {required: 2}' ;;
    esac
    [ "$1" -ge "$needed" ] || fail 4 signatures-too-few \
        "signed by $1 of the trusted keys, and the site asks for $needed$refused" \
        'let the next signer run graphistry-airgap bundle sign and bring the new file to the medium'
}

# strictly `<64 hex digits>  <path>`, each path once and plainly inside the bundle
check_list() {
    reason=$(LC_ALL=C awk '
        function bad(why) { print "line " NR " " why; failed = 1; exit }
        {
            digest = substr($0, 1, 64); path = substr($0, 67)
            if (length(digest) != 64 || digest ~ /[^0-9a-f]/ || substr($0, 65, 2) != "  " || path == "")
                bad("is not a checksum and a path")
            if (path ~ /[[:cntrl:]\\]/ || ("/" path "/") ~ /\/(\.|\.\.)?\//) bad("names a path outside the bundle")
            if (path in seen) bad("lists a path a second time")
            if (path ~ /^SHA256SUMS(\.[0-9A-Fa-f]+)?(\.asc)?$/) bad("cannot vouch for itself")
            seen[path] = 1
        }
        END { if (!failed && NR == 0) print "it is empty" }' "$stage/SHA256SUMS")
    [ -z "$(tail -c 1 "$stage/SHA256SUMS" | tr -d '\n')" ] || reason='its last line is cut off'
    [ -z "$reason" ] || fail 4 checksums-malformed "SHA256SUMS is damaged: $reason" "$HINT_COPY" SHA256SUMS
    cut -c 67- "$stage/SHA256SUMS" | LC_ALL=C sort >"$stage/listed"
}

# both directions, before anything on the medium is used: pip, for one, would take a planted newer wheel
check_names() {
    odd=$(cd -- "$bundle" && find . \( ! -type d ! -type f -o -name '*
*' \) -print) || fail 4 file-unreadable 'a directory of the bundle cannot be read' "$HINT_COPY"
    [ -z "$odd" ] || fail 4 file-not-regular "the bundle holds more than plain files and directories: ${odd#./}" \
        'copy the bundle again from its source, without links' "${odd#./}"
    (cd -- "$bundle" && find . -type f) | sed 's|^\./||' |
        grep -vEx 'SHA256SUMS(\.([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}))?\.asc|SHA256SUMS' | LC_ALL=C sort >"$stage/present"
    LC_ALL=C comm -23 "$stage/listed" "$stage/present" >"$stage/missing"
    LC_ALL=C comm -13 "$stage/listed" "$stage/present" >"$stage/extra"
    while IFS= read -r path; do
        problem file-missing "the bundle lacks $path" "$HINT_COPY" "$path"
    done <"$stage/missing"
    while IFS= read -r path; do
        problem file-extra "the bundle holds $path, which SHA256SUMS does not list" \
            'nobody vouches for this file; find out who put it there, or copy the bundle again' "$path"
    done <"$stage/extra"
    [ "$failures" -eq 0 ] || finish 4
}

release_value() {
    sed -n "s/^$1=[\"']\{0,1\}\([^\"']*\)[\"']\{0,1\}\$/\1/p" /etc/os-release | tail -n 1
}

check_platform() {
    id=$(release_value ID) version=$(release_value VERSION_ID)
    case $id in
    # systems that take each other's packages, under the name that bundles give their platform
    rhel | rocky | almalinux | ol | centos) platform=rhel-${version%%.*} ;;
    *) platform=$id-$version ;;
    esac
    has=$(sed -n 's|^runtime/\([^/]*\)/bootstrap$|\1|p' "$stage/listed" | tr '\n' ' ')
    case " $has" in
    *" $platform "*) ;;
    *)
        fail 3 wrong-platform "this host is $id-$version; the bundle is made for ${has:-nothing}" \
            'build a bundle whose spec names this platform, or install on a host it is made for'
        ;;
    esac
}

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
    say 'this host needs packages: checking every byte of the bundle first'
    awk -v base="$stage/half" '{ print > (base NR % 2) }' "$stage/SHA256SUMS"
    touch "$stage/half0" "$stage/half1"
    check_sums "$bundle" "$stage/half0" "$stage/half1"
    # the tool need not read a large medium a second time
    checked=$(sha256sum <"$stage/SHA256SUMS" | cut -c 1-64)
}

# ---- Python -------------------------------------------------------------------------------------------------

bootstrap_lines() {
    sed -n "s/^$1 //p" "$stage/copy/runtime/$platform/bootstrap"
}

# What is particular to a package manager is a file of the bundle: `python`, python_fits and install_python.
load_package_system() {
    copy_checked "^(install\.sh|bundle\.json|runtime/$platform/(bootstrap|packages\.sh))\$"
    [ -f "$stage/copy/runtime/$platform/packages.sh" ] ||
        fail 4 bundle-inconsistent "the bundle has no runtime/$platform/packages.sh" 'build the bundle again'
    # shellcheck source=/dev/null  # a checked copy of packages-apt.sh or packages-dnf.sh
    . "$stage/copy/runtime/$platform/packages.sh"
}

# the receipt tells what an installation added, and this comes before the tool that writes it; rows come on stdin
keep_packages_before() {
    [ -f "$PROGRAM/packages-before" ] || {
        cat >"$stage/packages-before"
        mv -- "$stage/packages-before" "$PROGRAM/packages-before"
    }
}

# ---- the tool -----------------------------------------------------------------------------------------------

fapolicyd_runs() {
    grep -qsx fapolicyd /proc/[0-9]*/comm
}

# The word in the site file is looked for as such: no other key takes it, or the tool refuses the file.
trust_allowed() {
    sed 's/#.*//' -- "$site" 2>/dev/null | grep -qw fapolicyd-trust
}

# also while fapolicyd is stopped, as it has to be for packages: it reads the entries when it starts
trust_wanted() {
    [ -d "${TRUST_FILE%/*}" ] && trust_allowed
}

# No package has what Python compiles, so fapolicyd refuses each such file to each Python.  Releases up to 1.3.4 keep
# a file open for good whose refusal they audit, and with 20 000 of them refuse everything: so none is made or looked for.
blind() {
    [ ! -d /etc/fapolicyd ] || printf %s BXpycache_prefix=/dev/null
}

# The tool could not take its own entries back: nothing of it runs afterwards.
take_trust_back() {
    [ -e "$TRUST_FILE" ] && [ -r "$site" ] || return 0
    rm -f -- "$TRUST_FILE"
    fapolicyd-cli --update >/dev/null 2>&1 || :
    taken_back="; $site does not allow it any more, so $TRUST_FILE was taken back, and fapolicyd refuses the tool from now on"
}

# fapolicyd lets nobody run a program that it does not know, and the tool's environment comes from no package.
allow_fapolicyd() {
    fapolicyd_runs || return 0
    taken_back=''
    trust_allowed || {
        take_trust_back
        fail 3 fapolicyd-trust \
            "fapolicyd runs, and the tool under $PROGRAM comes from no package: an exception to RHEL-09-433016$taken_back" \
            "have the exception approved and name it in $site: hardening: {allow: [fapolicyd-trust]}; install.sh then writes $TRUST_FILE"
    }
    grep -qsE '^trust *=.*\bfile\b' /etc/fapolicyd/fapolicyd.conf || fail 3 fapolicyd-trust-source \
        'fapolicyd runs and reads no trust files: /etc/fapolicyd/fapolicyd.conf does not name "file" under trust' \
        'add it (trust = rpmdb,file or trust = debdb,file) and restart fapolicyd'
    python_fits || [ -e /usr/lib64/rpm-plugins/fapolicyd.so ] || fail 3 fapolicyd-packages \
        'this host needs Python from the bundle, and fapolicyd, which runs, would not be told about it' \
        'have the change approved, systemctl stop fapolicyd, install, systemctl start fapolicyd'
}

# An enforcing fapolicyd lets no program open a Python file that it does not know, so the entries come from what pip
# wrote down of the wheels, whose hashes it had checked; only our own script was changed since.
# shellcheck disable=SC2016  # it is Python's
TRUST_ENTRIES='
import base64, csv, hashlib, pathlib, sys
for environment in map(pathlib.Path, sys.argv[1:]):
    tool = environment / "bin/graphistry-airgap"
    for record in sorted(environment.glob("lib/python3*/site-packages/*.dist-info/RECORD")):
        with record.open(newline="", encoding="utf-8") as rows:
            for name, digest, size in csv.reader(rows):
                path = (record.parent.parent / name).resolve()
                if digest.startswith("sha256=") and path != tool:
                    print(path, size, base64.urlsafe_b64decode(digest[7:] + "=").hex())
    content = tool.read_bytes()
    print(tool, len(content), hashlib.sha256(content).hexdigest())
'

# the entries of the environments that stay: the new one, and the one before it, which a run may still use
write_trust() {
    before=$(readlink -- "$PROGRAM/bin/graphistry-airgap" || :)
    before=${before#../runtimes/}
    set --
    for environment in $(printf '%s\n' "${runtime##*/}" "${before%%/*}" | sort -u); do
        set -- "$@" "$PROGRAM/runtimes/$environment"
    done
    "$runtime/bin/python" "-I$(blind)" -c "$TRUST_ENTRIES" "$@" >"$stage/trust" && cat "$stage/trust" >"$TRUST_FILE" || return
    ! fapolicyd_runs || fapolicyd-cli --update
}

# The daemon takes entries over by itself, some moments after it was told.
trust_program() {
    trust_wanted || return 0
    say "fapolicyd: trusting the files below $PROGRAM"
    isolate_tool # fapolicyd may have come after the environment
    write_trust >"$stage/words" 2>&1 || fail 3 fapolicyd-trust "$TRUST_FILE cannot be made: $(tail -n 12 "$stage/words")" \
        'fapolicyd-cli --check-config says what stands in its way'
    patience=60
    until "$runtime/bin/graphistry-airgap" --help >"$stage/words" 2>&1; do
        patience=$((patience - 1))
        [ "$patience" -gt 0 ] || fail 3 fapolicyd-trust "fapolicyd refuses the tool in spite of $TRUST_FILE" \
            'fapolicyd-cli --list shows its rules, fapolicyd --debug-deny what it refuses'
        sleep 1
    done
}

trust_is_stale() {
    trust_wanted || return 1
    [ -z "$(find "$TRUST_FILE" -newer "$runtime/bin/graphistry-airgap" 2>/dev/null)" ] || ! grep -qsF "$runtime/" "$TRUST_FILE"
}

# isolated from its first line on, for whoever starts it with settings of another Python
isolate_tool() {
    sed -i "1s|\(/python[0-9.]*\)\( -I.*\)\{0,1\}\$|\1 -I$(blind)|" "$runtime/bin/graphistry-airgap"
}

# A virtual environment cannot be moved, so it is made in its final place and the marker comes last.
make_runtime() {
    wheels="$stage/copy/runtime/$platform"
    pip=$(find "$wheels" -name 'pip-*.whl')
    [ -f "$pip" ] || fail 4 bundle-inconsistent 'the bundle has not exactly one pip' 'build the bundle again'
    say 'making the Python environment of graphistry-airgap'
    rm -rf -- "$runtime"
    half_made=$runtime
    mkdir -p "$PROGRAM/runtimes" "$stage/home"
    compile=--compile
    [ -z "$(blind)" ] || compile=--no-compile
    {
        "$python" "-I$(blind)" -m venv --without-pip "$runtime" &&
            env -i PATH="$FIXED_PATH" HOME="$stage/home" TMPDIR="$stage/home" LC_ALL=C.UTF-8 PIP_CONFIG_FILE=/dev/null \
                "$runtime/bin/python" "-I$(blind)" "$pip/pip" install --isolated --no-index --find-links "$wheels" \
                --require-hashes --only-binary :all: --no-deps --no-cache-dir --disable-pip-version-check \
                --no-input --root-user-action ignore "$compile" --requirement "$wheels/requirements.txt" &&
            isolate_tool
    } >"$stage/words" 2>&1 || disk_full "$stage/words" || fail 4 runtime-failed "the tool's Python environment could not be made: $(tail -n 12 "$stage/words")" \
        "$HINT_WHEELS"
    trust_program
    "$runtime/bin/graphistry-airgap" --help >"$stage/words" 2>&1 ||
        fail 4 runtime-failed "the tool does not start: $(tail -n 12 "$stage/words")" "$HINT_WHEELS"
    # a host with SELinux knows by its own rules what programs below /opt are
    ! command -v restorecon >/dev/null || restorecon -R "$PROGRAM" 2>/dev/null || :
    touch "$runtime/.complete"
    half_made=''
}

# The tool takes over the link once it has accepted bundle and site file: one that was refused does not replace the tool of
# the installation that is there.  That one stays, for a run that still uses it.
keep_two_environments() {
    link=$PROGRAM/bin/graphistry-airgap
    [ -e "$link" ] || {
        mkdir -p "$PROGRAM/bin"
        ln -sfn -- "../runtimes/${runtime##*/}/bin/graphistry-airgap" "$link"
    }
    used=$(readlink -- "$link")
    for old in "$PROGRAM"/runtimes/*; do
        case $used in
        "../runtimes/${old##*/}/bin/graphistry-airgap") continue ;;
        esac
        # nor one in which a run is still looking at its bundle
        [ "$old" = "$runtime" ] || grep -qsF "$old/bin/" /proc/[0-9]*/cmdline || rm -rf -- "$old"
    done
}

open_stage() {
    if mkdir -- "$PROGRAM" 2>/dev/null; then
        made_program=yes
    elif [ ! -d "$PROGRAM" ]; then
        fail 3 program-unwritable "$PROGRAM cannot be made" "is ${PROGRAM%/*} a writable directory of this host?"
    fi
    if [ -L "$PROGRAM" ] || [ -z "$(find "$PROGRAM" -maxdepth 0 -user 0 ! -perm /022)" ]; then
        fail 5 program-unsafe "$PROGRAM must be a directory of root that nobody else may write" "chown root: and chmod 755 it"
    fi
    exec 9<"$PROGRAM"
    flock -n 9 || {
        made_program=no
        fail 5 lock-held 'another install.sh is at work on this host' 'wait until it has ended'
    }
    rm -rf -- "$PROGRAM"/.staging.*
    need_room 16
    stage=$(mktemp -d "$PROGRAM/.staging.XXXXXX")
}

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
    [ -n "$site" ] || site=$(sed -n 's/^ *"site": "\(\/.*\)",\{0,1\}$/\1/p' "$RECEIPT" 2>/dev/null) || :
    site=${site:-$DEFAULT_SITE}
    bundle=$(dirname -- "$(readlink -f -- "$0")")
    case $bundle in
    *[[:cntrl:]]*)
        fail 2 bundle-path 'the path of the bundle holds a control character' 'mount or copy the bundle at a plain path'
        ;;
    esac
    for name in SHA256SUMS bundle.json; do
        [ -f "$bundle/$name" ] || fail 4 not-a-bundle "$bundle is not a bundle: $name is missing" "$HINT_COPY" "$name"
    done

    open_stage
    check_signature
    check_list
    check_names
    check_platform
    load_package_system
    allow_fapolicyd
    checked=
    runtime=$PROGRAM/runtimes/$(listed_digest "runtime/$platform/requirements.txt" | cut -c 1-16)
    if [ ! -f "$runtime/.complete" ] || ! python_fits; then
        need_room 400 # the copies, package lists, the packages, the environment
        copy_checked "^(runtime/$platform|packages/$platform/keys)/"
        if ! python_fits; then
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
