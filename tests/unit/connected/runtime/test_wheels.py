"""The pinned runtime: one exact wheel of each requirement for the Python of every platform."""

import ast
import hashlib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from graphistry_airgap.connected.adapters.cache import Cache
from graphistry_airgap.connected.runtime.wheels import REQUIREMENTS, Runtime
from graphistry_airgap.core.errors import HostEnvironmentError, InputError
from graphistry_airgap.knowledge.platforms import PLATFORMS

PYTHONS = sorted({platform.python_version for platform in PLATFORMS.values()})
# what only an older Python needs
MORE = {"3.11": {"typing-extensions"}, "3.12": {"typing-extensions"}}


ROOT = Path(__file__).resolve().parents[4]


def own_requirements():
    """What setup.py says that this tool needs."""
    tree = ast.parse((ROOT / "setup.py").read_text())
    (wanted,) = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "install_requires"
    )
    return [Requirement(line) for line in ast.literal_eval(wanted)]


@pytest.fixture
def runtime(tmp_path):
    return Runtime(Cache(tmp_path / "cache"), offline=True)


@pytest.mark.parametrize("python", PYTHONS)
def test_each_python_gets_each_requirement_once(runtime, python):
    pins = [pin.name for pin in runtime._pins(python)]
    newest = {pin.name for pin in runtime._pins(max(PYTHONS))}
    assert len(pins) == len(set(pins))
    assert set(pins) == newest | MORE.get(python, set())


@pytest.mark.parametrize("python", PYTHONS)
def test_each_python_gets_what_this_tool_asks_for_there(runtime, python):
    """Its ansible-core among it. install.sh lets pip look at hashes alone, at nobody's requirements."""
    pinned = {pin.name: pin.version for pin in runtime._pins(python)}
    there = {"python_version": python}
    wanted = [line for line in own_requirements() if not line.marker or line.marker.evaluate(there)]
    assert "ansible-core" in {line.name for line in wanted}
    assert [str(line) for line in wanted if not line.specifier.contains(pinned[line.name])] == []


def test_every_line_is_some_pythons(runtime):
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    assert len({pin for python in PYTHONS for pin in runtime._pins(python)}) == len(lines)


def test_offline_the_first_missing_wheel_is_named(runtime):
    with pytest.raises(InputError) as caught:
        runtime.collect(PLATFORMS["debian-12"])
    assert (caught.value.code, caught.value.exit_code) == ("cache-cold", 2)
    assert "ansible-core" in caught.value.message


@pytest.mark.parametrize(
    ("wheel", "there"),
    [
        (
            "rich-15.0.0-py3-none-any.whl",
            {"debian-12", "debian-13", "rhel-8", "rhel-9", "rhel-10", "ubuntu-24.04"},
        ),
        (
            "x-1-py2.py3-none-any.whl",
            {"debian-12", "debian-13", "rhel-8", "rhel-9", "rhel-10", "ubuntu-24.04"},
        ),
        (
            "cryptography-50.0.2-cp311-abi3-manylinux_2_34_x86_64.whl",
            {"debian-12", "debian-13", "rhel-9", "rhel-10", "ubuntu-24.04"},
        ),
        (
            "cryptography-50.0.2-cp311-abi3-manylinux_2_28_x86_64.whl",
            {"debian-12", "debian-13", "rhel-8", "rhel-9", "rhel-10", "ubuntu-24.04"},
        ),
        ("y-1-cp313-abi3-manylinux_2_28_x86_64.whl", {"debian-13"}),
        (
            "cffi-2.1.1-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            {"rhel-8", "rhel-9", "rhel-10", "ubuntu-24.04"},
        ),
        ("cffi-2.1.1-cp312-cp312-manylinux2014_aarch64.whl", set()),
        ("cffi-2.1.1-cp312-cp312-musllinux_1_2_x86_64.whl", set()),
    ],
)
def test_a_wheel_loads_by_its_tags(wheel, there):
    assert {name for name, platform in PLATFORMS.items() if platform.loads(wheel)} == there


def test_a_wheel_in_the_cache_that_does_not_load_there_is_refused(tmp_path):
    """pip took it for another platform, and would not be asked again."""
    cache = Cache(tmp_path / "cache")
    requirements = tmp_path / "requirements.txt"
    (tmp_path / "wheel").write_bytes(b"wheel")
    digest = hashlib.sha256(b"wheel").hexdigest()
    cache.adopt(tmp_path / "wheel", digest)
    cache.write_note(f"wheel {digest}", "crypto-1-cp311-abi3-manylinux_2_34_x86_64.whl")
    requirements.write_text(f"crypto==1 --hash=sha256:{digest}\n")
    runtime = Runtime(cache, offline=True, requirements=requirements)
    assert [wheel.name for wheel in runtime.collect(PLATFORMS["rhel-9"]) if wheel.name == "crypto"]
    with pytest.raises(HostEnvironmentError) as refused:
        runtime.collect(PLATFORMS["rhel-8"])
    assert (refused.value.code, refused.value.details["needed"]) == (
        "wheel-unfit",
        "CPython 3.12, glibc 2.28",
    )
