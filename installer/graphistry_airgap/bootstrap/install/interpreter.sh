# An interpreter that the bundle brings for the tool alone, where the platform packages none: its minor version is in
# `own`.  Nothing of it runs before its bytes are those that were signed.

# what it brings for cryptography is no part of what a host in FIPS mode has validated
allow_interpreter() {
    [ -n "$own" ] || return 0
    ! fapolicyd_runs || fail 3 interpreter-fapolicyd \
        "fapolicyd runs, and the tool of this bundle runs on a Python $own of its own, which comes from no package" \
        'manage this host from one of another platform'
    [ "$(cat -- "$FIPS" 2>/dev/null)" = 1 ] || return 0
    allowed "$FIPS_ALLOWED" || fail 3 interpreter-fips \
        "the kernel runs in FIPS mode, and the tool of this bundle runs on a Python $own of its own, whose OpenSSL is not this platform's: an exception to RHEL-09-671010" \
        "manage this host from one of another platform, or have the exception approved, name it in $site (hardening: {allow: [fips-interpreter]}), and say it here, too: touch $FIPS_ALLOWED"
}

# runtime_name: of the environment, after what it is made from
runtime_name() {
    for part in requirements.txt interpreter.tar.gz; do
        listed_digest "runtime/$platform/$part" | cut -c 1-16
    done | tr -d '\n'
}

# for root alone: whoever else runs Python on this host shall take the platform's, which is mended with it
unpack_interpreter() {
    mkdir -p "$runtime"
    tar -xzf "$1" -C "$runtime" --no-same-owner --no-same-permissions && chmod 700 "$runtime/python"
}
