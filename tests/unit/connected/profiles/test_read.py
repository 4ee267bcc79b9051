"""Host profiles come from where nobody could look over a shoulder: only exactly one is taken."""

import json

import pytest

from graphistry_airgap.connected.profiles.host_profile import LARGEST
from graphistry_airgap.connected.profiles.read import read_profile
from graphistry_airgap.connected.spec import NamedPath
from graphistry_airgap.core.errors import FindingsError, InputError
from tests.kit.fakes.host_profiles import document, rocky, write


def test_a_profile_as_values(tmp_path):
    kernel = {"running": "6.12.1-amd64", "headers": ["6.12.1-amd64"]}
    found = read_profile(write(tmp_path / "web1.profile.json", document({"libc6": "2.41-12"}, kernel=kernel)))
    assert (found.written, found.platform, found.architecture) == ("web1.profile.json", "debian-13", "amd64")
    assert found.kernel == "6.12.1-amd64"
    assert not found.lacks_headers
    assert sorted(found.packages) == ["base-files", "libc6"]
    assert found.size == (tmp_path / "web1.profile.json").stat().st_size


def test_rebuilds_of_one_system_are_one_platform(tmp_path):
    assert read_profile(write(tmp_path / "a", rocky())).platform == "rhel-9"


def refusal(path, raw):
    path.write_bytes(raw)
    with pytest.raises(InputError) as caught:
        read_profile(NamedPath("p", path))
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "Expecting value"),
        (b"\xff\xfe", "utf-8"),
        (b'{"schema": 1} x', "Extra data"),
        (b'{"schema": 1, "schema": 1}', "'schema' is given twice"),
        (b'{"cpus": NaN}', "NaN is no JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"cpus": ' + b"9" * 5000 + b"}", "digits"),
    ],
)
def test_what_is_no_strict_json(tmp_path, raw, why):
    error = refusal(tmp_path / "p", raw)
    assert error.code == "profile-malformed"
    assert why in error.message


def test_a_file_without_end_is_not_read(tmp_path):
    with (tmp_path / "p").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(InputError) as caught:
        read_profile(NamedPath("p", tmp_path / "p"))
    assert caught.value.code == "profile-too-large"
    assert str(LARGEST >> 20) in caught.value.message


@pytest.mark.parametrize("name", ["none", "."])
def test_what_cannot_be_read(tmp_path, name):
    with pytest.raises(InputError) as caught:
        read_profile(NamedPath(name, tmp_path / name))
    assert caught.value.code == "profile-unreadable"


@pytest.mark.parametrize(
    ("changed", "code", "path", "hint"),
    [
        ({"hostnane": "web1"}, "key-unknown", "hostnane", "known here"),
        ({"memory_byte": 1}, "key-unknown", "memory_byte", "did you mean 'memory_bytes'?"),
        ({"kernel": {}}, "key-missing", "kernel.running", "add it"),
        ({"packages": []}, "value-invalid", "packages", ""),
        ({"cpus": "4"}, "value-invalid", "cpus", "integer"),
        ({"cpus": True}, "value-invalid", "cpus", "integer"),
        ({"cpus": 1 << 60}, "value-invalid", "cpus", ""),
        ({"package_system": "pacman"}, "value-invalid", "package_system", "one of 'apt', 'dnf'"),
        ({"kernel": {"running": "$(reboot)"}}, "value-invalid", "kernel.running", "must match"),
        ({"kernel": {"running": "6.12.1\n"}}, "value-invalid", "kernel.running", "must match"),
        ({"made_by": "x" * 1001}, "value-invalid", "made_by", ""),
    ],
)
def test_what_the_schema_refuses(tmp_path, changed, code, path, hint):
    error = refusal(tmp_path / "p", json.dumps({**document(), **changed}).encode())
    assert (error.code, error.details["path"]) == (code, path)
    assert hint in error.hint


@pytest.mark.parametrize(
    "bad", [{"x;y": "1"}, {"libc6": '1") os.execute("reboot'}, {"-o=Dpkg": "1"}, {"a": ""}]
)
def test_names_and_versions_that_would_reach_a_command(tmp_path, bad):
    error = refusal(tmp_path / "p", json.dumps(document(bad)).encode())
    assert error.code == "value-invalid"
    assert error.details["path"].startswith("packages[1].")


def test_of_a_thousand_wrong_entries_the_first_are_told(tmp_path):
    wrong = [{"name": "a"}] * 1000
    with pytest.raises(FindingsError) as caught:
        read_profile(write(tmp_path / "p", document(packages=None) | {"packages": wrong}))
    assert len(caught.value.errors) == 20


def test_of_a_thousand_unknown_keys_the_first_are_told(tmp_path):
    unknown = {f"key{number}": 1 for number in range(1000)}
    with pytest.raises(FindingsError) as caught:
        read_profile(write(tmp_path / "p", document() | unknown))
    assert len(caught.value.errors) == 20
