"""What install.sh must know before there is a Python: a line file it can read without a JSON parser.

`runtime/<platform>/bootstrap` has `source` lines (apt sources) and `package` lines (exact `name=version`).
@BUNDLE@ stands for the bundle's place on the host, @KEYS@ for the place of the checked copies of its keys.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "bootstrap"


def render_bootstrap(platform: Mapping[str, Any]) -> str:
    """The text of the bootstrap file for one entry of bundle.json's `platforms`."""
    lines = [_source(repository, platform["architecture"]) for repository in platform["repositories"]]
    lines += [f"package {item['name']}={item['version']}" for item in platform["packages"]["python"]]
    return "\n".join(lines) + "\n"


def _source(repository: Mapping[str, Any], architecture: str) -> str:
    # a host with foreign architectures or appstream would ask for indexes that the partial mirror lacks
    options = f"arch={architecture} targets=Packages by-hash=no"
    key = PurePosixPath(repository["signed_by"]).name
    components = " ".join(repository["components"])
    return (
        f"source deb [{options} signed-by=@KEYS@/{key} check-valid-until=no] "
        f"copy:@BUNDLE@/{repository['path']} {repository['suite']} {components}"
    )
