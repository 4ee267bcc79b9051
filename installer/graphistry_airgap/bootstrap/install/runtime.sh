# isolated from its first line on, for whoever starts it with settings of another Python
isolate_tool() {
    sed -i "1s|\(/python[0-9.]*\)\( -I.*\)\{0,1\}\$|\1 -I$(blind)|" "$runtime/bin/graphistry-airgap"
}

# A virtual environment cannot be moved, so it is made in its final place and the marker comes last.
make_runtime() {
    wheels="$stage/copy/runtime/$platform"
    pip=$(find "$wheels" -name 'pip-*.whl')
    [ -f "$pip" ] || fail 4 bundle-inconsistent 'the bundle has not exactly one pip' 'build the bundle again'
    say 'making the Python environment of graphistry-airgap'
    rm -rf -- "$runtime"
    half_made=$runtime
    mkdir -p "$PROGRAM/runtimes" "$stage/home"
    compile=--compile
    [ -z "$(blind)" ] || compile=--no-compile
    maker=$python
    [ -z "$own" ] || maker=$runtime/python/bin/python$own
    {
        { [ -z "$own" ] || unpack_interpreter "$wheels/interpreter.tar.gz"; } &&
            "$maker" "-I$(blind)" -m venv --without-pip "$runtime" &&
            env -i PATH="$FIXED_PATH" HOME="$stage/home" TMPDIR="$stage/home" LC_ALL=C.UTF-8 PIP_CONFIG_FILE=/dev/null \
                "$runtime/bin/python" "-I$(blind)" "$pip/pip" install --isolated --no-index --find-links "$wheels" \
                --require-hashes --only-binary :all: --no-deps --no-cache-dir --disable-pip-version-check \
                --no-input --root-user-action ignore "$compile" --requirement "$wheels/requirements.txt" &&
            isolate_tool
    } >"$stage/words" 2>&1 || disk_full "$stage/words" || fail 4 runtime-failed "the tool's Python environment could not be made: $(tail -n 12 "$stage/words")" \
        "$HINT_WHEELS"
    trust_program
    "$runtime/bin/graphistry-airgap" --help >"$stage/words" 2>&1 ||
        fail 4 runtime-failed "the tool does not start: $(tail -n 12 "$stage/words")" "$HINT_WHEELS"
    # a host with SELinux knows by its own rules what programs below /opt are
    ! command -v restorecon >/dev/null || restorecon -R "$PROGRAM" 2>/dev/null || :
    touch "$runtime/.complete"
    half_made=''
}

# The tool takes over the link once it has accepted bundle and site file: one that was refused does not replace the tool of
# the installation that is there.  That one stays, for a run that still uses it.
keep_two_environments() {
    link=$PROGRAM/bin/graphistry-airgap
    [ -e "$link" ] || {
        mkdir -p "$PROGRAM/bin"
        ln -sfn -- "../runtimes/${runtime##*/}/bin/graphistry-airgap" "$link"
    }
    used=$(readlink -- "$link")
    for old in "$PROGRAM"/runtimes/*; do
        case $used in
        "../runtimes/${old##*/}/bin/graphistry-airgap") continue ;;
        esac
        # nor one in which a run is still looking at its bundle
        [ "$old" = "$runtime" ] || grep -qsF "$old/bin/" /proc/[0-9]*/cmdline || rm -rf -- "$old"
    done
}
