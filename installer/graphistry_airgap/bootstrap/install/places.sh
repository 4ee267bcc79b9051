# mount_of PATH: the mount that a path without links lies on, as `POINT OPTIONS`; of several in one place the last
# counts.  Its file system may be read-only where the mount is not.
mount_of() {
    PLACE=$1 awk '
        function plain(text,   at, code) {
            while (at = match(text, /\\[0-7][0-7][0-7]/)) {
                code = substr(text, at + 1, 1) * 64 + substr(text, at + 2, 1) * 8 + substr(text, at + 3, 1)
                text = substr(text, 1, at - 1) sprintf("%c", code) substr(text, at + 4)
            }
            return text
        }
        {
            point = plain($5); inside = point == "/" ? "/" : point "/"
            if (index(ENVIRON["PLACE"] "/", inside) != 1 || length(point) < length(best)) next
            best = point; options = $6
            for (i = 7; i <= NF && $i != "-"; i++);
            options = options "," $(i + 3)
        }
        END { if (best != "") print best, options }' "$MOUNTS"
}

# check_place PATH PURPOSE: it has to be writable; its mount stays in `point` and `options`
check_place() {
    found=$(mount_of "$(readlink -m -- "$1")")
    options=${found##* } point=${found% *}
    case ,$options, in
    *,ro,*)
        hint="mount -o remount,rw $point, then run the same command again"
        [ ! -e /run/ostree-booted ] ||
            hint='this is an image-based host (ostree), into which no packages can be installed: use a host with packages of its own'
        fail 3 path-read-only "$2 in $1, and $point is mounted read-only" "$hint"
        ;;
    esac
}

# before the first change, and before Python is installed for a tool that could not run
check_places() {
    check_place "$PROGRAM" 'the tool lies'
    case ,$options, in
    *,noexec,*)
        fail 3 path-noexec "the tool lies in $PROGRAM, and $point is mounted noexec: its programs and libraries do not start there" \
            "mount -o remount,exec $point (and in /etc/fstab), or mount a place without noexec at $PROGRAM"
        ;;
    esac
    check_place /etc 'settings are written'
    check_place /var/lib "receipts and packages' states are written"
}

# A hook of the host that makes /usr writable is none of ours: neither apt nor dnf reads the host's settings here.
check_usr() {
    check_place /usr 'packages are to be installed'
}

# what options do not tell: a mount of another namespace, a policy.  fapolicyd has its own question.
try_to_run() {
    fapolicyd_runs && return
    cp -- "$(readlink -f /bin/true)" "$stage/runs"
    "$stage/runs" 2>"$stage/words" || fail 3 path-noexec \
        "a program in $PROGRAM does not start: $(cat "$stage/words")" "find out what forbids it there: mount options, or a policy of this host"
    rm -f -- "$stage/runs"
}

open_stage() {
    check_places
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
    try_to_run
}
