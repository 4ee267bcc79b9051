"""The demo's bill of materials, counted again by other programs: find, dpkg and Python."""

from __future__ import annotations

import json
import subprocess
from collections import Counter

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from lab.bundles.demo import DEMO

pytestmark = [pytest.mark.host, pytest.mark.subprocesses]

# what runs inside an image; its own programs answer
LISTS = """\
dpkg-query -W -f 'dpkg ${db:Status-Status} ${Package} ${Version} ${Architecture}\\n'
if command -v python3 >/dev/null; then python3 - <<'EOF'
from importlib.metadata import distributions
for one in distributions():
    print("python installed", one.metadata["Name"], one.version, "-")
EOF
fi
"""


def docker(*command: str, stdin: str | None = None) -> str:
    done = subprocess.run(["docker", *command], input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def document(bundle):
    return json.loads((bundle / "sbom.cdx.json").read_bytes())


@pytest.fixture(scope="module")
def stated(document):
    prefix = "graphistry-airgap:count:"
    properties = document["metadata"]["component"]["properties"]
    return {
        one["name"].removeprefix(prefix): one["value"] for one in properties if one["name"].startswith(prefix)
    }


def words(component):
    properties = {one["name"].rpartition(":")[2]: one["value"] for one in component["properties"]}
    return properties | {"name": component["name"], "version": component["version"]}


def test_it_is_valid(bundle):
    raw = (bundle / "sbom.cdx.json").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(raw) is None


def test_packages_wheels_and_images_are_the_files_that_are_there(bundle, stated):
    assert int(stated["package"]) == len([*bundle.rglob("*.deb"), *bundle.rglob("*.rpm")])
    assert int(stated["wheel"]) == len([*bundle.rglob("*.whl")])
    index = json.loads((bundle / "images/index.json").read_bytes())
    assert int(stated["image"]) == len(index["manifests"])


def test_each_image_holds_what_its_own_programs_list(bundle, document, stated):
    configs = {
        one["name"]: one["config"] for one in json.loads((bundle / "bundle.json").read_bytes())["images"]
    }
    local = docker("image", "ls", "--no-trunc", "-q")
    if not all(config in local for config in configs.values()):
        docker("load", "-q", "-i", str(DEMO / "release" / "containers.tar.gz"))
    listed = 0
    for image in (one for one in document["components"] if one["type"] == "container"):
        run = ["run", "--rm", "-i", "--network", "none", "--user", "0", "--entrypoint", "sh"]
        answer = docker(*run, configs[image["name"]], "-s", stdin=LISTS)
        rows = [line.split() for line in answer.splitlines()]
        found = Counter((row[0], row[2], row[3]) for row in rows if row[1] == "installed")
        inside = [words(one) for one in image.get("components", [])]
        assert Counter((one["database"], one["name"], one["version"]) for one in inside) == found, image[
            "name"
        ]
        listed += found.total()
    assert int(stated["image-content"]) == listed
    assert listed > 500
