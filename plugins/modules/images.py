#!/usr/bin/python
# Licensed under the Apache License, Version 2.0; see the file LICENSE
"""Import the images of a bundle into the local Docker daemon."""

from __future__ import annotations

DOCUMENTATION = r"""
module: images
short_description: Import a bundle's container images
version_added: "0.1.0"
description:
  - The local Docker daemon pulls the images by digest from a read-only endpoint on 127.0.0.1, which lives
    only while the module runs; the images get the names of the release and lose the loopback name.
  - An image that is present is not touched, only its names are set. Present means the same config digest, on
    the classic and on the containerd image store.
options:
  layout:
    description: Absolute path of the bundle's OCI image layout.
    type: path
    required: true
  images:
    description: The list C(images) of the bundle's C(bundle.json).
    type: list
    elements: dict
    required: true
  workers:
    description: Images pulled at the same time; 0 means eight.
    type: int
    default: 0
extends_documentation_fragment:
  - graphistry.airgap.attributes
  - graphistry.airgap.verified
  - graphistry.airgap.shapes.images
attributes:
  check_mode:
    support: full
    description: Foretells the very changes of the run; without Docker it says that it waits for that stage.
  diff_mode:
    support: full
    description: Shows which image each name stands for.
"""

EXAMPLES = r"""
- name: Import the images
  graphistry.airgap.images:
    layout: /media/bundle/images
    images: "{{ bundle.images }}"
  vars:
    bundle: "{{ verified.manifest }}"  # registered from graphistry.airgap.bundle
"""

RETURN = r"""
changes:
  description: Each name that gets another image, as data.
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
imported:
  description: Names of images that were pulled.
  returned: success, where Docker is there
  type: list
  elements: str
named:
  description: Names set on present images or taken from another image, with the id before as C(old).
  returned: success, where Docker is there
  type: list
  elements: dict
present:
  description: Names of images that were there.
  returned: success, where Docker is there
  type: list
  elements: str
bytes:
  description: Bytes that the daemon fetched; in check mode the size of the layers that would be fetched.
  returned: success, where Docker is there
  type: int
seconds:
  description: Time for the import.
  returned: success, where Docker is there
  type: float
code:
  description: What is wrong, in one word that stays the same.
  returned: failure
  type: str
hint:
  description: What to do next.
  returned: failure
  type: str
details:
  description: Where it is known, which C(image) or C(path) it is about, what was C(found) and is C(needed).
  returned: failure
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.tasks import images


def main() -> None:
    images.run(AnsibleModule(images.ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
