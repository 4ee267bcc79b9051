#!/bin/sh
# Judge a bundle as install.sh judges it, and every byte of it:  sh FILE BUNDLE KEYRING [NUMBER OF SIGNERS]
#
# A play's first task runs this on the host that the bundle lies on.  The host changes by nothing but one private
# directory below /run that is removed again.  Standard output is JSON: what was found good, or what was not.
set -eu
umask 022
