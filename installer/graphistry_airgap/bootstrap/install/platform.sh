release_value() {
    sed -n "s/^$1=[\"']\{0,1\}\([^\"']*\)[\"']\{0,1\}\$/\1/p" /etc/os-release | tail -n 1
}

check_platform() {
    id=$(release_value ID) version=$(release_value VERSION_ID)
    name_platform "$id" "$version"
    has=$(sed -n 's|^runtime/\([^/]*\)/bootstrap$|\1|p' "$stage/listed" | tr '\n' ' ')
    case " $has" in
    *" $platform "*) ;;
    *)
        name=$(release_value PRETTY_NAME)
        name="$id-$version${name:+ ($name)}"
        why_refused "$id" "$version"
        [ -z "$reason" ] || fail 3 wrong-platform "this host is $name, which is not taken: $reason" "$way_out"
        fail 3 wrong-platform "this host is $name; the bundle is made for ${has:-nothing}" \
            'build a bundle whose spec names this platform, or install on a host it is made for'
        ;;
    esac
}

# installed_value KEY: of the last installation, from lines `KEY VALUE`
installed_value() {
    sed -n "s/^$1 //p" "$INSTALLED" 2>/dev/null | head -n 1
}

# Another release than the installed one, whose database holds something, is refused before Python or the tool change.
# The tool looks again, and more closely.
check_release() {
    installed=$(installed_value release) brings=$(bootstrap_lines release)
    [ -n "$installed" ] && [ "$installed" != "$brings" ] || return 0
    volume=$(installed_value data_root)/volumes/${installed}_postgres_data
    [ -n "$(ls -A -- "$volume/_data" 2>/dev/null)" ] || return 0
    fail 3 host-other-release \
        "this host has Graphistry $installed from this installer, and the bundle brings $brings. The installed release is in use: $volume holds its database. This version of the tool cannot upgrade: $brings would begin with new secrets and an empty database" \
        "to go on with $installed, use its own bundle; to get to $brings, install it on another host, where its data moves with the vendor's etc/scripts/migrate.sh, or ask for a version of this tool that can upgrade. What is here stays as it is"
}
