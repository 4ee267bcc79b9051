# dnf and rpm for install.sh, which has checked this file before it reads it: `python`, python_fits,
# check_package_state, install_python.
# shellcheck shell=sh disable=SC2154,SC2034  # variables come from install.sh, and it uses ours

python=/usr/bin/python3.12

python_fits() {
    [ -x "$python" ] && "$python" -I -c 'import venv, ssl' 2>/dev/null
}

# It looks up the host's own name whenever it starts; it gets no network to ask, nor do scripts of packages.
dnf() {
    TMPDIR="$stage/dnf" unshare --net dnf --config="$stage/dnf/dnf.conf" "$@" </dev/null >"$stage/dnf/words" 2>&1
}

dnf_words() {
    grep -vE '^$|^Last metadata|^Unable to detect release' "$stage/dnf/words" | tail -n 12
}

# dnf's own place: nothing under /etc/dnf or /etc/yum.repos.d is read or written, and no plugin runs
prepare_dnf() {
    mkdir -p "$stage/dnf/repos" "$stage/dnf/none"
    cat >"$stage/dnf/dnf.conf" <<END
[main]
reposdir=$stage/dnf/repos
varsdir=$stage/dnf/none
pluginconfpath=$stage/dnf/none
plugins=0
cachedir=$stage/dnf/cache
persistdir=$stage/dnf/history
logdir=$stage/dnf
gpgcheck=1
localpkg_gpgcheck=1
best=1
install_weak_deps=0
skip_if_unavailable=0
END
    # dnf reads files where they lie, so it is shown none but checked copies
    copy_checked "^packages/$platform/[^/]*/repodata/"
    bootstrap_lines source | COPY="$stage/copy" awk '
        function put(mark, value,   at) {
            while (at = index($0, mark)) $0 = substr($0, 1, at - 1) value substr($0, at + length(mark))
        }
        { put("@KEYS@", ENVIRON["COPY"] "/packages/" platform "/keys"); put("@BUNDLE@", ENVIRON["COPY"]); print }
        ' platform="$platform" >"$stage/dnf/repos/bundle.repo"
}

# absent packages at exactly the listed version; what is installed stays unless a dependency forces it
absent_packages() {
    bootstrap_lines package | while IFS= read -r item; do
        rpm -q --quiet "${item%-*-*}" || printf '%s\n' "$item"
    done
}

# the simulation may install, and may upgrade to a listed version; it must not remove, downgrade or bring others
refused_changes() {
    bootstrap_lines package | awk '
        NR == FNR { listed[$0] = 1; next }
        /^[A-Z].*:$/ { section = $0; name = ""; next }
        /^ +replacing / { print "would remove " $2; next }
        /^$/ { section = "" }
        section == "" || !/^ / { next }
        name == "" && NF == 1 { name = $1; next } # a long name has a line of its own
        {
            if (name != "") { $0 = name " " $0; name = "" }
            full = $1 "-" $3 "." $2
            if (section ~ /^(Removing|Downgrading)/) print "would remove or downgrade " $1
            else if (!(full in listed)) print "would install " full ", which the bundle does not list"
        }' - "$stage/dnf/words"
}

simulate_python() {
    # shellcheck disable=SC2086  # one word per package
    dnf --assumeno install $packages || grep -q '^Operation aborted' "$stage/dnf/words" ||
        fail 3 packages-refused "dnf would not install the bundle's Python: $(dnf_words)" \
            'a locked or excluded package, or one from elsewhere, may stand in the way'
    refused=$(refused_changes)
    [ -z "$refused" ] || fail 3 packages-refused "installing the bundle's Python $refused" \
        'bring the named packages to the versions of the bundle first, or build a bundle for this host'
}

# the copies of the packages, each signed by a key of the bundle; dnf would take any key that the host has, too
copy_packages() {
    # shellcheck disable=SC2086
    dnf --quiet --assumeyes repoquery --available --location $packages || disk_full "$stage/dnf/words" ||
        fail 4 packages-unreadable "dnf does not find the bundle's packages: $(dnf_words)" "$HINT_COPY"
    sed -n "s|^file://$stage/copy/||p" "$stage/dnf/words" | sed 's/[].[*^$\\+?(){}|]/\\&/g; s/^/^/; s/$/$/' >"$stage/dnf/files"
    grep -Ef "$stage/dnf/files" "$stage/listed" >"$stage/dnf/rpms" || :
    [ "$(wc -l <"$stage/dnf/rpms")" -eq "$(wc -l <"$stage/dnf/files")" ] ||
        fail 4 bundle-inconsistent "the bundle lacks packages that its own lists name: $(dnf_words)" "$HINT_COPY"
    copy_checked "$(tr '\n' '|' <"$stage/dnf/files" | sed 's/|$//')"
    mkdir -p "$stage/dnf/ring"
    for key in "$stage/copy/packages/$platform/keys"/*.asc; do
        rpmkeys --dbpath "$stage/dnf/ring" --import "$key" 2>"$stage/dnf/words" ||
            fail 4 packages-unreadable "rpm does not take the key ${key##*/}: $(dnf_words)" 'build the bundle again'
    done
    while IFS= read -r path; do
        rpmkeys --dbpath "$stage/dnf/ring" --define '_pkgverify_level all' -K "$stage/copy/$path" >"$stage/dnf/words" 2>&1 ||
            problem package-signature "no key of the bundle vouches for $path: $(dnf_words)" \
                'get the bundle from a source that you trust' "$path"
    done <"$stage/dnf/rpms"
    [ "$failures" -eq 0 ] || finish 4
}

# rpm waits for ever, so it is asked only when nobody else is at work
wait_for_dnf() {
    patience=120
    while pid=$(cat /var/lib/dnf/rpmdb_lock.pid 2>/dev/null) && [ -e "/proc/$pid" ]; do
        patience=$((patience - 1))
        [ "$patience" -gt 0 ] || fail 5 package-lock-held "dnf of process $pid is at work, still after 120 s" \
            'wait for that process, then run the same command again'
        sleep 1
    done
}

check_package_state() {
    mkdir -p "$stage/dnf"
    rpmdb --verifydb >"$stage/dnf/words" 2>&1 || fail 3 rpm-interrupted "rpm's database does not pass rpmdb --verifydb: $(dnf_words)" \
        'rpmdb --rebuilddb, then rpmdb --verifydb must print nothing; then run the same command again'
}

install_python() {
    packages=$(absent_packages | tr '\n' ' ')
    [ -n "$packages" ] || fail 3 python-unfit "$python is broken, though its packages are installed" \
        'repair it (dnf reinstall python3.12 python3.12-libs), then run the same command again'
    prepare_dnf
    dnf --quiet --assumeyes makecache || disk_full "$stage/dnf/words" ||
        fail 4 packages-unreadable "dnf does not accept the bundle's packages: $(dnf_words)" "$HINT_COPY"
    simulate_python
    copy_packages
    wait_for_dnf
    rpm -qa --qf 'rpm\t%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\t%{SUMMARY}\n' | keep_packages_before
    say "installing Python from the bundle: $packages"
    # shellcheck disable=SC2086
    dnf --quiet --assumeyes install $packages || fail 1 packages-failed "installing the bundle's Python failed: $(dnf_words)" \
        'repair what dnf names, then run the same command again'
    python_fits || fail 1 python-unfit 'the installed Python does not run' "$(dnf_words)"
}
