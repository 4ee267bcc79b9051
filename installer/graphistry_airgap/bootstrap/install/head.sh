#!/bin/sh
# Install from the bundle that this file lies in:  sh …/install.sh [--keyring FILE] [--json] [install options]
#
# It needs a bare Debian, Ubuntu or EL: no Python of ours, nothing executable on the medium.  It checks the signature and the
# names of all files, copies what will run as root and hashes the copies, makes the tool's own Python environment
# from them, and then runs `graphistry-airgap install`.  Until everything is checked, nothing on the host changes
# but one private directory that is removed again.
set -eu
umask 022
