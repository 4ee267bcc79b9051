# Nothing of the caller's environment is used: no Python, pip, apt or loader settings.  This comes before the first
# variable of our own, for one of theirs may have its name.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
    [ "$name" = TERM ] || command unset "$name" 2>/dev/null || :
done
FIXED_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# names of files are bytes; in another locale grep and find pass over those that are not its text
PATH=$FIXED_PATH HOME=/root LC_ALL=C
export PATH HOME LC_ALL
terminal=${TERM-dumb}
unset TERM

PROGRAM=/opt/graphistry-airgap
DEFAULT_KEYRING=/etc/graphistry-airgap/trusted.gpg
DEFAULT_SITE=/etc/graphistry-airgap/site.yml
# beside the keyring: how many of its keys must have signed
REQUIRED=/etc/graphistry-airgap/trusted.required
# beside it, too: whether fapolicyd may be told to trust the tool
ALLOWED=/etc/graphistry-airgap/allow.fapolicyd-trust
# and whether the tool may run on the bundle's own interpreter although the kernel is in FIPS mode
FIPS_ALLOWED=/etc/graphistry-airgap/allow.fips-interpreter
FIPS=/proc/sys/crypto/fips_enabled
# what the tool wrote down of the last installation, for a shell to read
INSTALLED=/var/lib/graphistry-airgap/installed
MOUNTS=/proc/self/mountinfo
SKEW=1800 # seconds that two clocks may differ
TRUST=graphistry-airgap
TRUST_FILE=/etc/fapolicyd/trust.d/$TRUST
tab=$(printf '\t')
# what messages call this program, and who it is that asks for a number of signers
NAME=install.sh ASKS='this host'
HINT_COPY='copy the bundle again from its source and verify it there first'
HINT_WHEELS='the wheels do not fit each other or this Python: build the bundle again'
HINT_UNSIGNED='; --allow-unsigned takes it as it is'
HINT_KEYRING='name the file of your trusted public keys (gpg --export KEY > FILE) with --keyring'

json=no quiet=no allow_unsigned=no keyring='' bundle='' platform='' python='' own=''
site=''
stage='' made_program=no half_made='' problems='' failures=0 finished=no
