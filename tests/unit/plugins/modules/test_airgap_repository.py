"""The bundle's repositories for apt: what is written, and when the lists are read again."""

import hashlib

import pytest

pytestmark = pytest.mark.subprocesses
APT_GET = """
echo "$APT_CONFIG $*" >>"$STATE/calls"
[ ! -e "$STATE/apt-fails" ] || { echo "E: The repository is not signed." >&2; exit 100; }
touch "$STATE/state/lists/read"
"""


@pytest.fixture
def repository(programs, call_module, tmp_path):
    programs("apt-get", APT_GET)
    programs("dpkg", "echo amd64")
    (tmp_path / "calls").touch()
    bundle = tmp_path / "the bundle"
    for name in ("debian", "nvidia"):
        release = bundle / "packages" / name / "dists" / "stable" / "InRelease"
        release.parent.mkdir(parents=True)
        release.write_text(f"{name} 1")
        (bundle / "packages" / f"{name}.gpg").write_bytes(name.encode())
    return Repository(tmp_path, bundle, call_module)


class Repository:
    def __init__(self, root, bundle, call_module):
        self.root, self.bundle, self._call = root, bundle, call_module
        self.state = root / "state"

    def __call__(self, *names, bundle=None, **arguments):
        entries = [self.entry(name) for name in names or ("debian", "nvidia")]
        known = {"state": str(self.state), "bundle": str(bundle or self.bundle), "repositories": entries}
        names = ("debian", "nvidia")
        known["digests"] = {f"packages/{n}.gpg": hashlib.sha256(n.encode()).hexdigest() for n in names}
        return self._call("airgap_repository", **known | arguments)

    @staticmethod
    def entry(name):
        entry = {"name": name, "path": f"packages/{name}", "suite": "stable", "components": ["main"]}
        return entry | {"signed_by": f"packages/{name}.gpg"}

    def updates(self):
        return len((self.root / "calls").read_text().splitlines())


def test_apt_sees_the_bundle_and_nothing_of_the_host(repository):
    result = repository()
    assert result["package_config"] == str(repository.state / "apt.conf")
    config = (repository.state / "apt.conf").read_text()
    for part in (
        "main",
        "parts",
        "sourceparts",
        "preferences",
        "preferencesparts",
        "trusted",
        "trustedparts",
    ):
        assert f'Dir::Etc::{part} "/dev/null";' in config
    assert f'Dir::Etc::sourcelist "{repository.state}/sources.list";' in config
    assert f"{repository.state}/apt.conf" in (repository.root / "calls").read_text()


def test_each_source_names_its_own_copied_key_and_the_copy_method(repository):
    repository()
    lines = (repository.state / "sources.list").read_text().splitlines()
    assert len(lines) == 2
    for line, name in zip(lines, ("debian", "nvidia"), strict=True):
        assert f"signed-by={repository.state}/keys/{name}.gpg" in line
        assert f"copy:{repository.root}/the%20bundle/packages/{name} stable main" in line
        assert (repository.state / "keys" / f"{name}.gpg").read_bytes() == name.encode()


def test_the_lists_are_read_once_for_one_bundle(repository):
    assert repository()["changed"] is True
    assert repository()["changed"] is False
    assert repository.updates() == 1


def test_another_release_of_the_vendor_is_read_and_the_old_lists_are_gone(repository):
    repository()
    (repository.state / "lists" / "old").touch()
    (repository.bundle / "packages" / "debian" / "dists" / "stable" / "InRelease").write_text("debian 2")
    assert repository()["changed"] is True
    assert not (repository.state / "lists" / "old").exists()


def test_another_set_of_repositories_is_read(repository):
    repository()
    assert repository("debian")["changed"] is True
    assert len((repository.state / "sources.list").read_text().splitlines()) == 1


def test_an_update_that_failed_is_repeated(repository):
    (repository.root / "apt-fails").touch()
    result = repository()
    assert result["code"] == "repository-unreadable"
    assert "not signed" in result["msg"]
    (repository.root / "apt-fails").unlink()
    assert repository()["changed"] is True
    assert repository()["changed"] is False


def test_lists_that_somebody_removed_are_read_again(repository):
    repository()
    (repository.state / "lists" / "read").unlink()
    (repository.state / "lists" / "partial").rmdir()
    (repository.state / "lists").rmdir()
    assert repository()["changed"] is True


def test_a_keyring_that_the_bundle_does_not_list_is_refused(repository):
    good = hashlib.sha256(b"debian").hexdigest()
    digests = {"packages/debian.gpg": good, "packages/nvidia.gpg": good}
    result = repository(digests=digests)
    assert result["code"] == "bundle-repository-refused"
    assert "nvidia.gpg" in result["msg"]
    assert not repository.state.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"suite": "stable] [trusted=yes"},
        {"components": ["main\ndeb http://elsewhere/ x"]},
        {"signed_by": "../../etc/shadow"},
        {"path": "/etc"},
        {"name": "../x"},
        {"path": "packages/../../x"},
    ],
)
def test_a_description_that_would_mean_something_else_to_apt_is_refused(repository, changes):
    result = repository(repositories=[repository.entry("debian") | changes])
    assert result["code"] == "bundle-repository-refused"
    assert not repository.state.exists()


def test_check_mode_writes_nothing(repository):
    assert repository(check=True)["changed"] is True
    assert not repository.state.exists()
