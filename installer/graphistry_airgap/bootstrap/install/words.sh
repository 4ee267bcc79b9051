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
printable() {
    tr '\001-\010\013-\037\177' ' ' |
        sed -e 's/\xc2[\x80-\x9f]/ /g' -e 's/\xe2\x80[\x8e\x8f\xa8-\xae]/ /g' -e 's/\xe2\x81[\xa6-\xa9]/ /g' -e '2,$s/^/    /'
}

# problem CODE MESSAGE HINT [PATH]: note one error; several may be noted before the end
problem() {
    failures=$((failures + 1))
    {
        printf 'error: %s\n' "$2" | printable
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
