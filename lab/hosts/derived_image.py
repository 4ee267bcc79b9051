"""Images of hosts that a recipe makes out of another one, anew only when something of it has changed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from lab.hosts.sealed_host import docker

if TYPE_CHECKING:
    from collections.abc import Sequence


def make_first_image() -> None:
    """The lab's host image, `sealed_host.IMAGE`, which all others begin with."""
    subprocess.run([Path(__file__).with_name("image")], check=True)


def derive(
    image: str,
    *,
    base: str,
    label: str,
    recipe: str,
    command: Sequence[str],
    kit: Path | None = None,
    given: Sequence[Path] = (),
    files: Path | None = None,
    changes: Sequence[str] = (),
) -> None:
    """Run `command` in a container of `base` and keep that as `image`, unless it is there already.

    `label` notes in the image what it was made from: the base, and `recipe`, which is another text when
    anything of the recipe is different.  `kit` is a folder that the command sees as /lab, `given` is what it
    sees in /given, `files` is laid over the file system afterwards; `changes` are Docker's.
    """
    inputs = f"{docker('image', 'inspect', '-f', '{{.Id}}', base)} {recipe}"
    noted = f'{{{{index .Config.Labels "{label}"}}}}'
    if docker("image", "inspect", "-f", noted, image, check=False) == inputs:
        return
    maker = f"{image.replace('/', '-')}-maker"  # tests beside each other make different ones
    options = ["--name", maker, "--network", "host", "--entrypoint", ""]
    options += ["-v", f"{kit}:/lab:ro"] if kit else []
    options += [word for path in given for word in ("-v", f"{path.absolute()}:/given/{path.name}:ro")]
    docker("rm", "-f", maker, check=False)
    try:
        docker("run", *options, base, *command)
        if files:
            docker("cp", f"{files}/.", f"{maker}:/")
        made = ('CMD ["/sbin/init"]', f"LABEL {label}={json.dumps(inputs)}", *changes)
        docker("commit", *(word for change in made for word in ("--change", change)), maker, image)
    finally:
        docker("rm", "-f", maker, check=False)
