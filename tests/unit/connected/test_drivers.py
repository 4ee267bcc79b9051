"""A driver against the release: refused, noted, or neither."""

from types import SimpleNamespace

import pytest

from graphistry_airgap.bundle.driver import Driver
from graphistry_airgap.connected.drivers import fips_notes, require_drivers_in_range
from graphistry_airgap.connected.packages.apt_release import Package
from graphistry_airgap.connected.packages.closure import Closure
from graphistry_airgap.connected.packages.versions import not_older
from graphistry_airgap.connected.spec import DriverSpec, PlatformSpec, Spec
from graphistry_airgap.core.errors import InputError
from graphistry_airgap.knowledge.knowledge import load_knowledge

PLATFORM = "debian-13"


def judge(release, cuda, version, *waive):
    wanted = DriverSpec(version.partition(".")[0], ("open",), (), waive)
    spec = Spec(None, {PLATFORM: PlatformSpec((), (), wanted, None)})
    driver = Driver(wanted.branch, version, ("open",), (), {})
    named = SimpleNamespace(version=release, cuda=cuda)
    return require_drivers_in_range(spec, named, {PLATFORM: driver}, {}, load_knowledge())


@pytest.mark.parametrize(
    ("release", "cuda", "version", "words"),
    [
        ("v2.50.1", "12", "575.51.03", None),
        ("v2.50.1", "12", "570.10.01", "forward compatibility"),
        ("v2.50.1", "13", "590.44.01", None),
        ("v2.45.9", "12.8", "535.247.01", None),
        ("v9.0.0", "77", "550.163.01", "Nothing is known"),
    ],
)
def test_taken(release, cuda, version, words):
    notes = judge(release, cuda, version)
    assert [words in note for note in notes] == ([True] if words else [])


@pytest.mark.parametrize(
    ("release", "cuda", "version", "words"),
    [
        ("v2.50.1", "12", "550.163.01", "too old"),
        ("v2.50.1", "13", "580.126.20", "too old"),
        ("v2.45.9", "12.8", "580.126.20", "known not to work"),
    ],
)
def test_refused_unless_waived(release, cuda, version, words):
    with pytest.raises(InputError, match=words) as caught:
        judge(release, cuda, version)
    assert (caught.value.exit_code, caught.value.code) == (2, "driver-out-of-range")
    assert f"platforms.{PLATFORM}.driver.waive" in caught.value.hint
    (note,) = judge(release, cuda, version, "driver-range")
    assert words in note
    assert note.endswith("(waived).")


@pytest.mark.parametrize(
    ("platform", "version", "noted"),
    [
        ("rhel-8", "1.17.8-1", True),
        ("rhel-10", "1.18.0-1", True),
        ("rhel-9", "1.18.1-1", False),
        ("rhel-9", "1.20.0-1", False),
        # a deb's digests are the package list's
        ("debian-13", "1.17.8-1", False),
    ],
)
@pytest.mark.subprocesses
def test_a_toolkit_that_hosts_in_fips_mode_refuse_is_told_at_build(platform, version, noted):
    toolkit = Package("nvidia-container-toolkit", version, "x86_64", "nvidia", "t.rpm", 1, "0")
    notes = fips_notes({platform: Closure((), {"toolkit": (toolkit,)})}, not_older)
    assert [version in note and "1.18.1" in note for note in notes] == ([True] if noted else [])
