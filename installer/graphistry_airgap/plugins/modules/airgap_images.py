#!/usr/bin/python3
# Licensed under the Apache License, Version 2.0; see the file LICENSE
"""Import the images of a bundle into the local Docker daemon."""

from __future__ import annotations

DOCUMENTATION = r"""
module: airgap_images
short_description: Import a bundle's container images
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
attributes:
  check_mode:
    support: full
    description: Says what would be done; "unknown until Docker is installed" while there is no Docker.
"""

EXAMPLES = r"""
- name: Import the images
  airgap_images:
    layout: /media/bundle/images
    images: "{{ bundle.images }}"
"""

RETURN = r"""
imported:
  description: Names of images that were pulled.
  type: list
  elements: str
named:
  description: Names set on present images or taken from another image, with the id before as C(old).
  type: list
  elements: dict
present:
  description: Names of images that were there.
  type: list
  elements: str
bytes:
  description: Bytes that the daemon fetched; in check mode the size of the layers that would be fetched.
  type: int
seconds:
  description: Time for the import.
  type: float
"""

from pathlib import Path

from ansible.module_utils.airgap.docker_api import SOCKET, DockerApi
from ansible.module_utils.airgap.image_import import ImageImport, ImageImportError, import_images
from ansible.module_utils.airgap.image_plan import parse_images
from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "layout": {"type": "path", "required": True},
            "images": {"type": "list", "elements": "dict", "required": True},
            "workers": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    if module.check_mode and not Path(SOCKET).exists():
        module.exit_json(changed=True, msg="unknown until Docker is installed")
    try:
        images = parse_images(module.params["images"])
    except ValueError as error:
        module.fail_json(
            msg=f"the bundle's list of images cannot be used: {error}",
            code="bundle-damaged",
            hint="run `graphistry-airgap bundle verify` on the bundle",
        )
    task = ImageImport(
        Path(module.params["layout"]), images, api=DockerApi(), workers=module.params["workers"]
    )
    try:
        module.exit_json(**import_images(task, check_mode=module.check_mode))
    except ImageImportError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint, details=error.details)


if __name__ == "__main__":
    main()
