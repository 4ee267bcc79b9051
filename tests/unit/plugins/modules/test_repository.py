"""The bundle's repositories for apt: what is written, and when the lists are read again."""

import hashlib

import pytest

pytestmark = pytest.mark.subprocesses
APT = "ansible_collections.graphistry.airgap.plugins.module_utils.packages.apt.system.Apt"
APT_GET = """
echo "$APT_CONFIG $*" >>"$STATE/calls"
[ ! -e "$STATE/apt-fails" ] || { echo "E: The repository is not signed." >&2; exit 100; }
touch "$STATE/state/lists/read"
"""


@pytest.fixture
def repository(programs, call_module, verify, tmp_path):
    programs("apt-get", APT_GET)
    programs("dpkg", "echo amd64")
    (tmp_path / "calls").touch()
    bundle = tmp_path / "the bundle"
    for name in ("debian", "nvidia"):
        release = bundle / "packages" / name / "dists" / "stable" / "InRelease"
        release.parent.mkdir(parents=True)
        release.write_text(f"{name} 1")
        (bundle / "packages" / f"{name}.gpg").write_bytes(name.encode())
    verify(bundle)
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
        return self._call("repository", **known | arguments)

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
    result = repository(digests={"packages/debian.gpg": good})
    assert result["code"] == "bundle-repository-refused"
    assert "nvidia.gpg" in result["msg"]
    result = repository(digests={"packages/debian.gpg": good, "packages/nvidia.gpg": good})
    assert result["code"] == "bundle-digest-differs"
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


def test_another_bundle_than_the_verified_one_is_refused(repository, tmp_path):
    for check in (False, True):
        assert repository(bundle=tmp_path, digests={}, check=check)["code"] == "bundle-unverified"
    assert not repository.state.exists()


def test_check_mode_writes_nothing(repository):
    assert repository(check=True)["changed"] is True
    assert not repository.state.exists()


def test_check_mode_foretells_files_and_lists(repository, as_foretold):
    changes = as_foretold(repository)["changes"]
    told = {one["what"].removeprefix(f"{repository.state}/"): one for one in changes}
    assert {"apt.conf", "sources.list", "keys/debian.gpg", "keys/nvidia.gpg", "lists"} <= set(told)
    assert told["keys/debian.gpg"]["after"]["sha256"] == hashlib.sha256(b"debian").hexdigest()
    assert all(one["before"] is None for one in told.values())


def test_check_mode_foretells_other_lists_and_a_file_that_somebody_changed(repository, as_foretold):
    repository()
    (repository.bundle / "packages" / "debian" / "dists" / "stable" / "InRelease").write_text("debian 2")
    (repository.state / "apt.conf").write_text("# mine\n")
    told = {one["what"].rpartition("/")[2]: one for one in as_foretold(repository)["changes"]}
    assert sorted(told) == ["apt.conf", "lists"]
    assert told["apt.conf"]["before"]["sha256"] == hashlib.sha256(b"# mine\n").hexdigest()
    assert told["lists"]["before"]["stamp"] != told["lists"]["after"]["stamp"]


def test_keys_of_a_store_that_only_the_lists_know_are_not_guessed(repository, monkeypatch):
    monkeypatch.setattr(f"{APT}.has_key_store", True)
    result = repository(check=True)
    assert (result["unknown_until"], result["changed"], result["added_keys"]) == ("repository", True, [])
    assert [one["kind"] for one in result["changes"]][-1] == "directory"
    repository()
    missing = [{"name": "gpg-pubkey-1f4ced02", "owner": "a vendor"}]
    monkeypatch.setattr(f"{APT}.missing_keys", lambda *_: missing)
    (change,) = repository(check=True)["changes"]
    assert (change["kind"], change["what"], change["after"]) == (
        "key",
        "gpg-pubkey-1f4ced02",
        {"owner": "a vendor"},
    )
