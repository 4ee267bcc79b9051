# apt and dpkg for install.sh, which has checked this file before it reads it: `python`, python_fits,
# check_package_state, install_python.
# shellcheck shell=sh disable=SC2154,SC2034  # variables come from install.sh, and it uses ours

python=/usr/bin/python3

python_fits() {
    [ -x "$python" ] || return 1
    wanted=$(bootstrap_lines package | sed -n 's/^python3=\([0-9]*:\)\{0,1\}\([0-9]*\.[0-9]*\).*/\2/p')
    [ "$("$python" -I -c 'import venv, ssl, sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$wanted" ]
}

apt() {
    TMPDIR="$stage/apt" DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 APT_LISTCHANGES_FRONTEND=none \
        APT_CONFIG="$stage/apt/apt.conf" apt-get -qq "$@" </dev/null >"$stage/apt/words" 2>&1
}

apt_words() {
    grep -v '^$' "$stage/apt/words" | tail -n 12
}

# apt's own place: nothing under /etc/apt is read or written
prepare_apt() {
    mkdir -p "$stage/apt/lists/partial" "$stage/apt/cache/archives/partial" "$stage/apt/none"
    cat >"$stage/apt/apt.conf" <<END
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
Dir::Etc::sourcelist "$stage/apt/sources.list";
Dir::Etc::sourceparts "$stage/apt/none";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$stage/apt/none";
Dir::State::lists "$stage/apt/lists";
Dir::Cache "$stage/apt/cache";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Get::Upgrade-By-Source-Package "false";
APT::Install-Suggests "false";
APT::Get::Assume-Yes "true";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Languages "none";
DPkg::Lock::Timeout "120";
DPkg::Options { "--force-confdef"; "--force-confold"; };
END
    # these characters of the mount point would end or change the URI or the line
    encoded=$(printf '%s' "$bundle" | sed -e 's/%/%25/g' -e 's/ /%20/g' -e 's/\[/%5B/g' -e 's/\]/%5D/g' \
        -e 's/"/%22/g' -e 's/#/%23/g' -e 's/@/%40/g')
    bootstrap_lines source | BUNDLE=$encoded KEYS="$stage/copy/packages/$platform/keys" awk '
        function put(mark, value,   at) {
            while (at = index($0, mark)) $0 = substr($0, 1, at - 1) value substr($0, at + length(mark))
        }
        { put("@KEYS@", ENVIRON["KEYS"]); put("@BUNDLE@", ENVIRON["BUNDLE"]); print }' >"$stage/apt/sources.list"
}

# absent packages at exactly the listed version; what is installed stays unless a dependency forces it
absent_packages() {
    bootstrap_lines package | while IFS= read -r item; do
        # of a foreign architecture it would be another package of the same name
        dpkg-query -W -f '${Architecture} ${db:Status-Status}\n' "${item%%=*}" 2>/dev/null |
            grep -qxE "($(dpkg --print-architecture)|all) installed" || printf '%s\n' "$item"
    done
}

# the simulation may install, and may upgrade to a listed version; it must not remove, downgrade or bring others
refused_changes() {
    bootstrap_lines package | awk '
        NR == FNR { listed[$0] = 1; next }
        $1 == "Remv" || $1 == "Purg" { print "would remove " $2 }
        $1 == "Inst" {
            old = ($3 ~ /^\[/) ? substr($3, 2, length($3) - 2) : ""
            new = (old == "") ? $3 : $4
            sub(/^\(/, "", new); sub(/\)$/, "", new)
            if (!(($2 "=" new) in listed)) print "would install " $2 " " new ", which the bundle does not list"
            else if (old != "") print $2, old, new > "/dev/stderr"
        }' - "$stage/apt/words"
}

# What an interrupted transaction left of others' packages: apt would go on with it while it installs ours, and fail
# midway.  What a killed run left of the bundle's own is finished by the next; triggers are no damage.
check_package_state() {
    theirs=$(dpkg-query -W -f '${db:Status-Status} ${db:Status-Eflag} ${Package}\n' | awk -v own="$(bootstrap_lines package)" '
        BEGIN { for (i = split(own, names, "\n"); i; i--) { sub(/=.*/, "", names[i]); ours[names[i]] = 1 } }
        $3 in ours { next }
        $1 ~ /^(half-installed|half-configured|unpacked)$/ || $2 != "ok" { printf "%s%s (%s)", comma, $3, $1; comma = ", " }')
    [ -z "$theirs" ] || fail 3 dpkg-interrupted "dpkg was interrupted: $theirs" \
        "dpkg --configure -a, then dpkg --audit must print nothing; then run the same command again"
    # by dpkg's database alone: the host's settings may name a release that its lists do not have
    mkdir -p "$stage/none"
    {
        printf 'Dir::Etc::%s "/dev/null";\n' main parts sourcelist preferences
        printf 'Dir::Etc::%s "%s/none";\n' sourceparts "$stage" preferencesparts "$stage"
    } >"$stage/check.conf"
    lacking=$(APT_CONFIG=$stage/check.conf apt-get check -q -o Debug::NoLocking=true -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= 2>&1) ||
        fail 3 dpkg-dependencies-broken "packages of this host lack what they depend on: $(printf '%s\n' "$lacking" | grep -E '^ |^[EW]:' | tail -n 12)" \
            'apt-get --fix-broken install with your own sources, or remove the named packages; then run the same command again'
}

simulate_python() {
    # shellcheck disable=SC2086  # one word per package
    apt -s install $packages || fail 3 packages-refused "apt would not install the bundle's Python: $(apt_words)" \
        'a held package or a package from elsewhere may stand in the way; see apt-mark showhold'
    refused=$(refused_changes 2>"$stage/upgrades")
    while read -r name old new; do
        ! dpkg --compare-versions "$new" lt "$old" || refused="$refused would downgrade $name from $old to $new"
    done <"$stage/upgrades"
    [ -z "$refused" ] || fail 3 packages-refused "installing the bundle's Python $refused" \
        'bring the named packages to the versions of the bundle first, or build a bundle for this host'
}

install_python() {
    packages=$(absent_packages | tr '\n' ' ')
    [ -n "$packages" ] || fail 3 python-unfit "$python is not the one that the bundle's runtime is made for, or it is broken" \
        "this platform's own Python is needed: $(bootstrap_lines package | grep '^python3=')"
    prepare_apt
    apt update || disk_full "$stage/apt/words" || fail 4 packages-unreadable "apt does not accept the bundle's packages: $(apt_words)" "$HINT_COPY"
    simulate_python
    # everything is fetched and checked by apt before dpkg changes the host
    # shellcheck disable=SC2086
    apt --download-only install $packages || disk_full "$stage/apt/words" ||
        fail 4 packages-unreadable "apt cannot fetch the bundle's packages: $(apt_words)" "$HINT_COPY"
    dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Version}\n' | keep_packages_before
    say "installing Python from the bundle: $packages"
    # shellcheck disable=SC2086
    apt --no-download install $packages || {
        case $(apt_words) in
        *'Could not get lock'* | *'Unable to acquire the dpkg'*)
            fail 5 package-lock-held "the package lock did not get free within 120 s: $(apt_words)" \
                'wait for the named process, then run the same command again'
            ;;
        esac
        fail 1 packages-failed "installing the bundle's Python failed: $(apt_words)" \
            'repair what apt names (dpkg --configure -a), then run the same command again'
    }
    python_fits || fail 1 python-unfit 'the installed Python does not run' "$(apt_words)"
}
