"""The pinned runtime: one exact wheel of each requirement for the Python of every platform."""

import pytest

from graphistry_airgap.adapters.cache import Cache
from graphistry_airgap.adapters.wheels import REQUIREMENTS, Runtime
from graphistry_airgap.domain.errors import InputError
from graphistry_airgap.domain.platforms import PLATFORMS

PYTHONS = sorted({platform.python_version for platform in PLATFORMS.values()})
# what only an older Python needs
MORE = {"3.11": {"typing-extensions"}}


@pytest.fixture
def runtime(tmp_path):
    return Runtime(Cache(tmp_path / "cache"), offline=True)


@pytest.mark.parametrize("python", PYTHONS)
def test_each_python_gets_each_requirement_once(runtime, python):
    pins = [pin.name for pin in runtime._pins(python)]
    newest = {pin.name for pin in runtime._pins(max(PYTHONS))}
    assert len(pins) == len(set(pins))
    assert set(pins) == newest | MORE.get(python, set())


def test_every_line_is_some_pythons(runtime):
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    assert len({pin for python in PYTHONS for pin in runtime._pins(python)}) == len(lines)


def test_offline_the_first_missing_wheel_is_named(runtime):
    with pytest.raises(InputError) as caught:
        runtime.collect(PLATFORMS["debian-12"])
    assert (caught.value.code, caught.value.exit_code) == ("cache-cold", 2)
    assert "ansible-core" in caught.value.message
