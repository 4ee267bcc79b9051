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
    [ -z "$(used_up_inodes)" ] || fail 3 inodes-too-few "nothing more can be written$(used_up_inodes)" \
        'remove directories of many small files there, or make the file system anew with more inodes'
    free=$(df -Pk -- "$PROGRAM" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free" -ge "$1" ] || fail 3 disk-full "$PROGRAM has room for $free MiB, $1 MiB are needed" "make room under $PROGRAM"
}

# disk_full FILE: what a program said may be about room on this host and not about the bundle
disk_full() {
    grep -qiE 'no space left|enough free space' "$1" &&
        fail 3 disk-full "there is too little room on this host$(used_up_inodes): $(tail -n 5 "$1")" "make room under $PROGRAM, of what is used up"
}

# the kernel says "no space" for bytes and for inodes
used_up_inodes() {
    for place in "$PROGRAM" /usr /var/lib; do
        df -Pi -- "$place" 2>/dev/null | awk 'NR == 2 && $2 > 0 && $4 < 64 { printf "; the inodes of %s are used up (%d of %d are free)", $6, $4, $2 }'
    done
}
