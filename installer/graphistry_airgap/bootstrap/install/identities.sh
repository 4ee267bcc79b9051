# Made by scripts/make-platforms from knowledge/platforms/.
# name_platform ID VERSION_ID: the name that bundles give it, in platform
name_platform() {
    case $1-$2 in
    debian-12 | debian-12.*) platform=debian-12 ;;
    debian-13 | debian-13.*) platform=debian-13 ;;
    rhel-8 | rhel-8.* | rocky-8 | rocky-8.* | almalinux-8 | almalinux-8.* | ol-8 | ol-8.*) platform=rhel-8 ;;
    rhel-9 | rhel-9.* | rocky-9 | rocky-9.* | almalinux-9 | almalinux-9.* | ol-9 | ol-9.* | centos-9 | centos-9.*) platform=rhel-9 ;;
    rhel-10 | rhel-10.* | rocky-10 | rocky-10.* | almalinux-10.* | ol-10 | ol-10.* | centos-10 | centos-10.*) platform=rhel-10 ;;
    ubuntu-22.04 | ubuntu-22.04.*) platform=ubuntu-22.04 ;;
    ubuntu-24.04 | ubuntu-24.04.*) platform=ubuntu-24.04 ;;
    *) platform=$1-$2 ;;
    esac
}

# why_refused ID VERSION_ID: of a system that is known and not taken, in reason and way_out
why_refused() {
    reason='' way_out=''
    case $1-$2 in
    ubuntu-20.04 | ubuntu-20.04.*) reason='fixes ended in May 2025, Docker at 28.1.1, and ansible-core has left its Python 3.8' way_out='upgrade the host to Ubuntu 22.04 or 24.04, or install on a newer host' ;;
    esac
}
