"""Whether an rpm is signed by one of some keys, judged by rpm itself with a key store of its own.

rpm calls a package without a signature good, and older ones do not look whether a key has expired.  So a
signature is demanded, it must be said in words, and only keys that are usable today are in the store.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from graphistry_airgap.bundle.trust.keyring import USABLE, armored_certificates
from graphistry_airgap.core.adapters.process import Outcome, require, run
from graphistry_airgap.core.errors import InputError

if TYPE_CHECKING:
    from graphistry_airgap.bundle.trust.keyring import Keyring

# rpm 4 prints the key's id, rpm 6 its fingerprint
_SIGNATURE = re.compile(
    r"signature, key (?:id|fingerprint:?) (?P<key>[0-9a-f]{8,64}): (?P<verdict>\w+)", re.I
)


def require_rpm() -> None:
    require("rpmkeys", package="rpm (so named on Debian and on RHEL)")


def package_signers(path: Path, keys: Keyring, *, name: str) -> tuple[str, ...]:
    """Fingerprints of the usable keys that signed the package; raises when there are none."""
    with tempfile.TemporaryDirectory(prefix="graphistry-airgap-") as folder:
        store, armored = Path(folder, "store"), Path(folder, "keys.asc")
        armored.write_bytes(armored_certificates(keys.usable))
        imported = _rpmkeys(store, "--import", str(armored))
        if not imported.ok:
            raise InputError(
                imported.refusal(f"rpm does not take the keys of the repository that holds {name}"),
                code="repository-keys",
                hint="get the vendor's key again, and leave out of gpg_keys what this rpm does not know",
            )
        checked = _rpmkeys(store, "--define", "_pkgverify_level all", "--checksig", "--verbose", str(path))
    said = [(match["key"].upper(), match["verdict"]) for match in _SIGNATURE.finditer(checked.stdout)]
    signers = [
        one
        for one, state in keys.states.items()
        if state == USABLE and any(one.endswith(key) for key, _ in said)
    ]
    if not checked.ok or not signers or any(verdict != "OK" for _, verdict in said):
        raise _refused(name, checked, said, keys)
    return tuple(sorted(signers))


def _rpmkeys(store: Path, *arguments: str) -> Outcome:
    # the home keeps the macros of whoever builds out of this
    return run(["rpmkeys", "--dbpath", str(store), *arguments], env={"HOME": str(store.parent)})


def _refused(name: str, checked: Outcome, said: list[tuple[str, str]], keys: Keyring) -> InputError:
    dead = [(one, state) for one, state in keys.states.items() for key, _ in said if one.endswith(key)]
    dead = [pair for pair in dead if pair[1] != USABLE]
    unknown = [key for key, verdict in said if verdict == "NOKEY"]
    if dead:
        reason = f"the key that signed it is {dead[0][1]} ({dead[0][0]})"
    elif unknown:
        reason = f"it is signed by a key that the spec does not name ({unknown[0]})"
    elif not said and "NOTFOUND" in checked.stdout:
        reason = "it carries no signature"
    else:
        reason = checked.words
    return InputError(
        f"{name} is not signed by a key of its repository: {reason}",
        code="package-signature",
        hint="name the vendor's current key in gpg_keys; if the package is another than its vendor's, do not "
        "use this mirror",
        details={"package": name, "usable": list(keys.fingerprints)},
    )
