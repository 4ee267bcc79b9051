check_bundle() {
    case $bundle in
    *[[:cntrl:]]*)
        fail 2 bundle-path 'the path of the bundle holds a control character' 'mount or copy the bundle at a plain path'
        ;;
    esac
    for name in SHA256SUMS bundle.json; do
        [ -f "$bundle/$name" ] || fail 4 not-a-bundle "$bundle is not a bundle: $name is missing" "$HINT_COPY" "$name"
    done
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

# Of paths on stdin, those that other systems put on a medium by themselves go to `junk`, a line for each kind; the
# rest is printed.  The tool says the same of them (bundle/junk.py).
sort_out_junk() {
    awk -v junk="$stage/junk" '
        BEGIN {
            all = "system volume information|$recycle.bin|recycler|thumbs.db|desktop.ini"
            for (i = split(all, names, "|"); i; i--) maker[names[i]] = "Windows"
            all = ".trashes|.fseventsd|.spotlight-v100|.temporaryitems|.documentrevisions-v100|.ds_store"
            for (i = split(all, names, "|"); i; i--) maker[names[i]] = "macOS"
            maker["lost+found"] = "the file system"
        }
        {
            name = ""
            for (i = split($0, parts, "/"); i; i--) if (tolower(parts[i]) in maker) name = parts[i]
            last = $0; sub(/.*\//, "", last)
            if (name == "" && substr(last, 1, 2) == "._") name = "._*"
            if (name == "") { print; next }
            if (!count[name]++) first[name] = $0
        }
        END {
            for (name in first) {
                who = name == "._*" ? "macOS" : maker[tolower(name)]
                print who "\t" name "\t" count[name] "\t" first[name] | ("sort >" junk)
            }
        }'
}

junk_hint() {
    case $1 in
    '._*' | .[Dd][Ss]_[Ss]*)
        echo "Finder makes them while it copies: delete them (dot_clean -m on the Mac, or find BUNDLE -name '._*' -delete, find BUNDLE -name .DS_Store -delete), and copy with ditto --norsrc or rsync"
        ;;
    [Tt]humbs.* | [Dd]esktop.* | THUMBS.* | DESKTOP.*)
        echo 'Explorer makes it in directories that it shows: delete it, and leave the medium closed there'
        ;;
    lost+found | LOST+*)
        echo 'a file system check has put pieces of damaged files there: copy the bundle again to a sound medium, into a directory of it'
        ;;
    *)
        echo "remove it, or copy the bundle into a directory of the medium and install from there: $2 makes it at the top of a medium alone"
        ;;
    esac
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
    : >"$stage/junk"
    LC_ALL=C comm -13 "$stage/listed" "$stage/present" | sort_out_junk >"$stage/extra"
    while IFS= read -r path; do
        problem file-missing "the bundle lacks $path" "$HINT_COPY" "$path"
    done <"$stage/missing"
    while IFS=$tab read -r who name number path; do
        problem file-extra "the bundle holds $name, which SHA256SUMS does not list: $who makes such things by itself ($number file(s), the first is $path); the bundle's own files are not touched by it" \
            "$(junk_hint "$name" "$who")" "$path"
    done <"$stage/junk"
    while IFS= read -r path; do
        problem file-extra "the bundle holds $path, which SHA256SUMS does not list" \
            'nobody vouches for this file; find out who put it there, or copy the bundle again' "$path"
    done <"$stage/extra"
    [ "$failures" -eq 0 ] || finish 4
}
