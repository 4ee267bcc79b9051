"""Import the images of a bundle into the local Docker daemon."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import change
from ..docker.api import SOCKET, DockerApi
from ..docker.images.bring import ImageImport, import_images
from ..docker.images.error import ImageImportError
from ..docker.images.plan import Image, parse_images
from . import ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ansible.module_utils.basic import AnsibleModule

ARGUMENTS: dict[str, dict[str, Any]] = {
    "layout": {"type": "path", "required": True},
    "images": {"type": "list", "elements": "dict", "required": True},
    "workers": {"type": "int", "default": 0},
}


def _digests(images: Iterable[Image]) -> Iterator[str]:
    """Of everything that the images are made of; their blobs are named by them."""
    for image in images:
        for digest in (image.manifest, image.config, *(layer.digest for layer in image.layers)):
            yield digest.partition(":")[2]


def run(module: AnsibleModule) -> None:
    try:
        images = parse_images(module.params["images"])
    except ValueError as error:
        module.fail_json(
            msg=f"the bundle's list of images cannot be used: {error}",
            code="bundle-damaged",
            hint="run `graphistry-airgap bundle verify` on the bundle",
        )
    layout = Path(module.params["layout"])
    ticket.require(module, [layout], {f"blobs/sha256/{name}": name for name in _digests(images)})
    if module.check_mode and not Path(SOCKET).exists():
        module.exit_json(**change.unknown("docker"))
    task = ImageImport(layout, images, api=DockerApi(), workers=module.params["workers"])
    try:
        module.exit_json(**import_images(task, check_mode=module.check_mode))
    except ImageImportError as error:
        module.fail_json(msg=str(error), code=error.code, hint=error.hint, details=error.details)
