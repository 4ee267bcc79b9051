#!/usr/bin/python
"""Ansible module: what the next boot finds, so that NVIDIA's driver gets the GPUs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: driver_boot
short_description: Keep nouveau away at boot and enable the persistence daemon
version_added: "0.1.0"
description:
  - Writes a blacklist for nouveau and has the initramfs of each kernel rebuilt whose image does not hold it
    or is older than it. The image is looked into, so a run that died between the two is healed by the next.
  - Where dracut makes the images, tells it in /etc/dracut.conf.d to take the blacklist along, which one that
    makes them for any machine would not.
  - Enables the persistence daemon, to be started only where a driver is loaded. One that the operator masked
    stays so.
  - Neither boots nor loads anything.
options:
  blacklist:
    description: The file that keeps nouveau away.
    type: path
    default: /etc/modprobe.d/graphistry-airgap-nouveau.conf
  blacklist_content:
    description: What it says.
    type: str
    required: true
  dracut_content:
    description: What C(/etc/dracut.conf.d/graphistry-airgap.conf) says where dracut makes the images.
    type: str
    required: true
  daemon_content:
    description: What the drop-in of the persistence daemon's unit says.
    type: str
    required: true
  prefix:
    description: What the modules' files are called instead of C(nvidia).
    type: str
    required: true
  waits_for:
    description: Stage whose changes check mode has not made; then nothing is guessed about images and daemon.
    type: str
    default: ''
extends_documentation_fragment:
  - graphistry.airgap.attributes
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run.
  diff_mode:
    support: full
    description: Shows the files in full.
"""

EXAMPLES = r"""
- name: Keep nouveau away at boot
  graphistry.airgap.driver_boot:
    blacklist_content: "{{ lookup('ansible.builtin.file', 'nouveau.conf', rstrip=false) }}"
    dracut_content: "{{ lookup('ansible.builtin.file', 'dracut.conf', rstrip=false) }}"
    daemon_content: "{{ lookup('ansible.builtin.file', 'persistenced.conf', rstrip=false) }}"
    # of Debian's own packages; NVIDIA's are called nvidia
    prefix: nvidia-current
"""

RETURN = r"""
changes:
  description: Files, images that are made anew, and the daemon, as data.
  returned: success
  type: list
  elements: dict
diff:
  description: The same for people.
  returned: success
  type: list
  elements: dict
unknown_until:
  description: The stage that has to come first, where check mode cannot know more.
  returned: in check mode
  type: str
done:
  description: What was done, in words.
  returned: success
  type: list
  elements: str
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks.driver import boot


def main() -> None:
    boot.run(AnsibleModule(boot.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
