# ---- the tool -----------------------------------------------------------------------------------------------

fapolicyd_runs() {
    grep -qsx fapolicyd /proc/[0-9]*/comm
}

# allowed FILE: the site file names an exception, and a shell reads no YAML: an empty file beside the keyring says it
# here.  The tool refuses a host where the two do not say the same.  Who may write to the directory was asked before
# (read_required).
allowed() {
    [ -e "$1" ] || [ -L "$1" ] || return 1
    [ -f "$1" ] && [ ! -L "$1" ] || fail 2 allow-unsafe \
        "$1 must be a file of root that nobody else may write" "rm $1; then: touch $1"
    [ -n "$(find "$1" -maxdepth 0 -user 0 ! -perm /022)" ] || fail 2 allow-unsafe \
        "$1 must be a file of root that nobody else may write; it is $(stat -c '%A, owner %u' -- "$1")" \
        "chown root: $1 && chmod 644 $1"
}

# also while fapolicyd is stopped, as it has to be for packages: it reads the entries when it starts
trust_wanted() {
    [ -d "${TRUST_FILE%/*}" ] && allowed "$ALLOWED"
}

# No package has what Python compiles, so fapolicyd refuses each such file to each Python.  Releases up to 1.3.4 keep
# a file open for good whose refusal they audit, and with 20 000 of them refuse everything: so none is made or looked for.
blind() {
    [ ! -d /etc/fapolicyd ] || printf %s BXpycache_prefix=/dev/null
}

# The tool could not take its own entries back: nothing of it runs afterwards.  A host whose entries are older than this
# file has not withdrawn anything, and keeps them.
take_trust_back() {
    [ -e "$TRUST_FILE" ] && [ "$(installed_value allow)" = fapolicyd-trust ] || return 0
    rm -f -- "$TRUST_FILE"
    fapolicyd-cli --update >/dev/null 2>&1 || :
    taken_back="; $ALLOWED, which was there, is gone, so $TRUST_FILE was taken back, and fapolicyd refuses the tool from now on"
}

# fapolicyd lets nobody run a program that it does not know, and the tool's environment comes from no package.
allow_fapolicyd() {
    fapolicyd_runs || return 0
    taken_back=''
    allowed "$ALLOWED" || {
        take_trust_back
        fail 3 fapolicyd-trust \
            "fapolicyd runs, and the tool under $PROGRAM comes from no package: an exception to RHEL-09-433016$taken_back" \
            "have the exception approved, name it in $site (hardening: {allow: [fapolicyd-trust]}), and say it here, too: touch $ALLOWED; install.sh then writes $TRUST_FILE"
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
