"""What install.sh must know before there is a Python: a line file it can read without a JSON parser.

`runtime/<platform>/bootstrap` has `source` lines (of apt's source list, or of dnf's repository file) and
`package` lines (exactly what to install), the `release` that the bundle brings, and the minor
version of the `interpreter` that comes with it for the tool alone.
@BUNDLE@ stands for the bundle's place on the host, @KEYS@ for the place of the checked copies of its keys.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "bootstrap"
# beside it: what of install.sh is particular to the platform's package manager
PACKAGES = "packages.sh"


def render_bootstrap(platform: Mapping[str, Any], release: str) -> str:
    """The text of the bootstrap file for one entry of bundle.json's `platforms`."""
    repositories, packages = platform["repositories"], platform["packages"]["python"]
    if platform.get("package_system", "apt") == "dnf":
        lines = [f"source {line}" for repository in repositories for line in _dnf_repository(repository)]
        lines += [f"package {item['name']}-{item['version']}.{item['architecture']}" for item in packages]
    else:
        lines = [_source(repository, platform["architecture"]) for repository in repositories]
        lines += [f"package {item['name']}={item['version']}" for item in packages]
    if "interpreter" in platform:
        version = platform["interpreter"]["version"]
        lines.insert(0, f"interpreter {version.rpartition('.')[0]}")
    return "\n".join([f"release {release}", *lines]) + "\n"


def _dnf_repository(repository: Mapping[str, Any]) -> list[str]:
    paths = dict.fromkeys((repository["signed_by"], *repository["package_keys"]))
    keys = " ".join(f"file://@KEYS@/{PurePosixPath(path).name}" for path in paths)
    return [
        f"[{repository['name']}]",
        f"name={repository['name']}",
        f"baseurl=file://@BUNDLE@/{repository['path']}",
        f"gpgkey={keys}",
        "gpgcheck=1",
        f"repo_gpgcheck={int(repository['metadata_signed'])}",
        # what the metadata lists besides the plain files is not in the partial mirror
        "zchunk=0",
        "deltarpm=0",
        "metadata_expire=-1",
    ]


def _source(repository: Mapping[str, Any], architecture: str) -> str:
    # a host with foreign architectures or appstream would ask for indexes that the partial mirror lacks
    options = f"arch={architecture} targets=Packages by-hash=no"
    key = PurePosixPath(repository["signed_by"]).name
    components = " ".join(repository["components"])
    return (
        f"source deb [{options} signed-by=@KEYS@/{key} check-valid-until=no] "
        f"copy:@BUNDLE@/{repository['path']} {repository['suite']} {components}"
    )
