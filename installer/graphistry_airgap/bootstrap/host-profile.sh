#!/bin/sh
# What this machine is and has, as JSON:  sh host-profile.sh > web1.profile.json
#
# For carrying out of a closed network to where bundles are built.  It only reads: it needs neither root nor network,
# starts nothing and writes nothing but its answer.  In the answer are the system's name and version, kernels and their
# headers, installed packages, NVIDIA GPUs by PCI device number, Docker's version and images, disk space, memory,
# processors, and whether Secure Boot, SELinux and FIPS mode are on.  No name or address of the machine, no user, no
# serial number, no content of a file.  What cannot be read is left out and said under `findings`.
# A byte that is no printable ASCII becomes "?".
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
tab=$(printf '\t')

# ---- JSON ---------------------------------------------------------------------------------------------------

# text WORDS: one JSON string
text() {
    printf '%s' "$1" | tr -c ' -~' '?' |
        awk '{ line = $0 } END { gsub(/[\\"]/, "\\\\&", line); printf "\"%s\"", line }'
}

# strings: a JSON list of the lines on standard input
strings() {
    tr -c '\n -~' '?' | awk '
        BEGIN { printf "[" }
        $0 != "" { gsub(/[\\"]/, "\\\\&"); printf "%s\"%s\"", between, $0; between = ", " }
        END { printf "]" }'
}

# ---- the system ---------------------------------------------------------------------------------------------

# os_release KEY: the value as a shell would read it, without giving the file to a shell
os_release() {
    { cat /etc/os-release || cat /usr/lib/os-release; } 2>/dev/null | awk -v key="$1=" '
        index($0, key) == 1 {
            value = substr($0, length(key) + 1)
            sub(/[ \t\r]+$/, "", value)
            quote = substr(value, 1, 1)
            if (quote ~ /["\047]/ && length(value) > 1 && substr(value, length(value)) == quote)
                value = substr(value, 2, length(value) - 2)
            plain = ""
            while (quote == "\"" && (at = index(value, "\\"))) {
                plain = plain substr(value, 1, at - 1) substr(value, at + 1, 1)
                value = substr(value, at + 2)
            }
            found = plain value
        }
        END { print found }'
}

# kernels: those that could be booted, and always the running one
kernels() {
    echo "$running"
    for folder in /lib/modules/*/kernel; do
        [ ! -d "$folder" ] || basename "${folder%/kernel}"
    done
}

# headers: kernels with all that building a module needs
headers() {
    for build in /lib/modules/*/build; do
        name=$(basename "${build%/build}")
        for part in Makefile Module.symvers include/generated/autoconf.h scripts; do
            [ -e "$build/$part" ] || continue 2
        done
        ! grep -qsF "\"$name\"" "$build/include/generated/utsrelease.h" || echo "$name"
    done
}

# secure_boot: true, false, or nothing where it cannot be read
secure_boot() {
    [ -d /sys/firmware/efi ] || {
        echo false
        return
    }
    for variable in /sys/firmware/efi/efivars/SecureBoot-*; do
        case $(od -An -tu1 -j4 -N1 "$variable" 2>/dev/null || :) in
        *1) echo true ;;
        *0) echo false ;;
        esac
    done
}

selinux() {
    case $(cat /sys/fs/selinux/enforce 2>/dev/null || :) in
    1) echo enforcing ;;
    0) echo permissive ;;
    *) echo off ;;
    esac
}

fips() {
    [ "$(cat /proc/sys/crypto/fips_enabled 2>/dev/null || :)" = 1 ] && echo true || echo false
}

# ---- packages -----------------------------------------------------------------------------------------------

# Name, version and architecture of each whole package, by tabs.
dpkg_packages() {
    # shellcheck disable=SC2016  # the dollars are dpkg-query's
    dpkg-query -W -f '${db:Status-Status} ${db:Status-Eflag}\t${Package}\t${Version}\t${Architecture}\n' 2>/dev/null |
        awk -F '\t' '$1 == "installed ok" { print $2 "\t" $3 "\t" $4 }'
}

# the keys in rpm's database have no architecture
rpm_packages() {
    rpm -qa --qf '%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{ARCH}\n' 2>/dev/null |
        awk -F '\t' '$3 != "(none)" { print $1 "\t" $2 "\t" $3 }'
}

package_objects() {
    sort -u | tr -c '\t\n -~' '?' | awk -F '\t' '
        { gsub(/[\\"]/, "\\\\&") }
        $1 != "" { printf "%s    {\"name\": \"%s\", \"version\": \"%s\", \"architecture\": \"%s\"}", between, $1, $2, $3
                   between = ",\n" }'
}

# ---- hardware and Docker ------------------------------------------------------------------------------------

# gpus: display controllers (classes 0300 and 0302) of NVIDIA (vendor 10de)
gpus() {
    for device in /sys/bus/pci/devices/*; do
        [ "$(cat "$device/vendor" 2>/dev/null || :)" = 0x10de ] || continue
        case $(cat "$device/class") in
        0x0300* | 0x0302*) cat "$device/device" ;;
        esac
    done | awk '{ printf "%s{\"device\": \"%s\"}", between, $1; between = ", " }'
}

# disks: free space where the installation puts files, or will put them
disks() {
    for path in / /opt /usr /var/graphistry /var/lib /var/lib/containerd /var/lib/docker; do
        there=$path
        while [ ! -e "$there" ]; do there=$(dirname "$there"); done
        df -Pk "$there" 2>/dev/null | awk -v path="$path" 'NR == 2 {
            printf "{\"path\": \"%s\", \"total_bytes\": %.0f, \"free_bytes\": %.0f}\n", path, $2 * 1024, $4 * 1024 }'
    done | awk '{ printf "%s\n    %s", between, $0; between = "," }'
}

# docker WORDS…: ask the daemon of this machine and no other
docker() {
    command docker -H unix:///run/docker.sock "$@" 2>/dev/null
}

# docker_object: nothing where no daemon runs, because a question would start it
docker_object() {
    grep -qsx dockerd /proc/[0-9]*/comm || return 0
    version=$(docker version --format '{{.Server.Version}}') || return 1
    # with containerd's image store an image's id is not its config's digest, so no image is named there
    case $(docker info --format '{{.DriverStatus}}') in
    *io.containerd.snapshotter*) printf '{"version": %s, "image_store": "containerd"}' "$(text "$version")" ;;
    *) printf '{"version": %s, "image_store": "classic", "images": [%s]}' "$(text "$version")" "$(images)" ;;
    esac
}

images() {
    docker image ls --no-trunc --format "{{.ID}}$tab{{.Repository}}:{{.Tag}}" | sort -u | tr -c '\t\n -~' '?' |
        awk -F '\t' '
            { gsub(/[\\"]/, "\\\\&") }
            $1 != last { printf "%s\n    {\"config\": \"%s\", \"names\": [", ending, $1; last = $1; ending = "]},"; between = "" }
            $2 !~ /<none>/ { printf "%s\"%s\"", between, $2; between = ", " }
            END { if (last != "") printf "]}" }'
}

# ---- the answer ---------------------------------------------------------------------------------------------

running=$(uname -r)
system=apt architecture='' findings=''
packages=$(dpkg_packages || :)
if [ -n "$packages" ]; then
    architecture=$(dpkg --print-architecture)
else
    system=dnf architecture=$(uname -m)
    packages=$(rpm_packages || :)
fi
if [ -z "$packages" ]; then
    echo 'host-profile.sh: neither dpkg-query nor rpm lists a package of this machine' >&2
    exit 1
fi
if ! docker=$(docker_object); then
    docker='' findings='{"code": "docker-unread", "message": "Docker runs, but this user may not ask it"}'
fi
boot=$(secure_boot)
[ -n "$boot" ] ||
    findings="$findings${findings:+, }{\"code\": \"secure-boot-unread\", \"message\": \"the firmware's variable cannot be read\"}"

cat <<END
{
  "schema": 1,
  "made_by": "host-profile.sh",
  "created": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "os": {"id": $(text "$(os_release ID)"), "version_id": $(text "$(os_release VERSION_ID)"), "pretty_name": $(text "$(os_release PRETTY_NAME)")},
  "architecture": $(text "$architecture"),
  "kernel": {"running": $(text "$running"), "installed": $(kernels | sort -u | strings), "headers": $(headers | strings)},
  "package_system": "$system",
  "packages": [
$(printf '%s\n' "$packages" | package_objects)
  ],
  "gpus": [$(gpus)],${docker:+
  \"docker\": $docker,}
  "disk": [$(disks)
  ],
  "memory_bytes": $(awk '/^MemTotal:/ { printf "%.0f", $2 * 1024 }' /proc/meminfo),
  "cpus": $(grep -c ^processor /proc/cpuinfo || :),${boot:+
  \"secure_boot\": $boot,}
  "selinux": "$(selinux)",
  "fips": $(fips),
  "findings": [$findings]
}
END
