# ---- Python -------------------------------------------------------------------------------------------------

bootstrap_lines() {
    sed -n "s/^$1 //p" "$stage/copy/runtime/$platform/bootstrap"
}

# What is particular to a package manager is a file of the bundle: `python`, python_fits, check_package_state and
# install_python.
load_package_system() {
    copy_checked "^(install\.sh|bundle\.json|runtime/$platform/(bootstrap|packages\.sh))\$"
    [ -f "$stage/copy/runtime/$platform/packages.sh" ] ||
        fail 4 bundle-inconsistent "the bundle has no runtime/$platform/packages.sh" 'build the bundle again'
    # shellcheck source=/dev/null  # a checked copy of packages-apt.sh or packages-dnf.sh
    . "$stage/copy/runtime/$platform/packages.sh"
}

# the receipt tells what an installation added, and this comes before the tool that writes it; rows come on stdin
keep_packages_before() {
    [ -f "$PROGRAM/packages-before" ] || {
        cat >"$stage/packages-before"
        mv -- "$stage/packages-before" "$PROGRAM/packages-before"
    }
}
