#!/usr/bin/python
# Licensed under the Apache License, Version 2.0; see the file LICENSE
"""Ansible module: verify a bundle before anything of it is used, and take the host's lock."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bundle
short_description: Verify a bundle, and take the host's lock for the play
version_added: "0.1.0"
description:
  - The first task of a play that uses a bundle. It judges the bundle as C(install.sh) does, with the same
    code; signatures, number of signers, names, and every byte. An unsigned bundle is refused.
  - Then it takes the lock of the host, so that neither the tool nor another play changes it meanwhile, and
    writes down which bundle was verified. The other modules refuse any other, and without this task all of
    them; nothing switches that off.
  - A service of systemd, C(graphistry-airgap-play-lock), holds the lock between the tasks. It ends with
    V(released), or when nothing of the bundle was used for an hour.
  - A play that has failed leaves the lock; C(systemctl stop graphistry-airgap-play-lock) on the host ends it
    at once. The same run of C(ansible-playbook) may verify as often as it likes, and the last bundle counts.
  - Runs as root.
options:
  path:
    description: Directory of the bundle on the host; required where O(state=verified).
    type: path
  keyring:
    description:
      - OpenPGP public keys that you trust, a file on the machine that the play runs from. In
        V(trusted.required) beside it may stand how many of them must have signed; what the host itself has
        there counts, too.
    type: str
    default: /etc/graphistry-airgap/trusted.gpg
  state:
    description:
      - V(released) ends the lock of this run, as the last task of a play; one of another run is left alone.
    type: str
    choices: [verified, released]
    default: verified
  brought:
    description:
      - What the action plugin puts on the host and says of the play; a play that gives it is refused.
    type: dict
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Verifies and takes the lock as it always does, for the tasks after it are refused otherwise.
  diff_mode:
    support: N/A
    description: Changes nothing but the lock.
"""

EXAMPLES = r"""
- name: Verify the bundle and take the host's lock
  graphistry.airgap.bundle:
    path: /media/bundle
    keyring: keys/trusted.gpg
  register: verified

- name: Import the images
  graphistry.airgap.images:
    layout: /media/bundle/images
    images: "{{ verified.manifest.images }}"

- name: Release the host's lock
  graphistry.airgap.bundle:
    state: released
"""

RETURN = r"""
manifest:
  description: The bundle's C(bundle.json), which the signatures vouch for.
  returned: success, where O(state=verified)
  type: dict
bundle:
  description: The path of the bundle without links.
  returned: success, where O(state=verified)
  type: str
signers:
  description: Fingerprints of the keys whose signatures count.
  returned: success, where O(state=verified)
  type: list
  elements: str
sums_sha256:
  description: Digest of the bundle's list of checksums.
  returned: success, where O(state=verified)
  type: str
released:
  description: Whether this run held the lock.
  returned: success, where O(state=released)
  type: bool
code:
  description: What is wrong, in one word that stays the same, as C(install.sh) calls it.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
errors:
  description: All that is wrong with the bundle.
  returned: failure, where the bundle is refused
  type: list
  elements: dict
  contains:
    code:
      description: What is wrong, in one word that stays the same.
      returned: always
      type: str
    message:
      description: The same in a sentence.
      returned: always
      type: str
    hint:
      description: What to do next.
      returned: always
      type: str
    path:
      description: The file that it is about.
      returned: where it is about one
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks import bundle


def main() -> None:
    bundle.run(
        AnsibleModule(
            bundle.ARGUMENTS, required_if=[("state", "verified", ("path",))], supports_check_mode=True
        )
    )


if __name__ == "__main__":
    main()
