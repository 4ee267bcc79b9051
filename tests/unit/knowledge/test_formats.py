import pytest
from jsonschema import Draft202012Validator

from graphistry_airgap.connected.adapters.spec_file import read_spec
from graphistry_airgap.core.errors import FindingsError, InputError
from graphistry_airgap.knowledge.formats import load_document, load_schema

REPOSITORY = "{name: debian, uri: 'http://x', suite: trixie, components: [main], signed_by: key.gpg}"
GOOD = f"""\
schema: 1
release: {{path: release}}
platforms:
  debian-13:
    repositories:
      - {REPOSITORY}
"""


@pytest.fixture
def write(tmp_path):
    def write_text(text):
        path = tmp_path / "demo.bundle.yml"
        path.write_text(text)
        return path

    return write_text


def error_of(path):
    with pytest.raises(InputError) as caught:
        read_spec(path)
    return caught.value


@pytest.mark.parametrize("name", ["spec-v1", "bundle-v1"])
def test_schemas_are_schemas(name):
    Draft202012Validator.check_schema(load_schema(name))


def test_good_spec_has_its_paths_resolved_beside_it(write, tmp_path):
    spec = read_spec(write(GOOD.replace("http://x", "file:repo dir")))
    repository = spec.platforms["debian-13"].repositories[0]
    assert spec.release.path == tmp_path / "release"
    assert repository.keys == (tmp_path / "key.gpg",)
    assert repository.uri == f"file:{tmp_path}/repo%20dir"
    assert repository.written_uri == "file:repo dir"


def test_all_findings_come_at_once_with_their_paths(write):
    text = GOOD.replace("release: {path: release}", "relaese: {path: release}").replace(
        "suite: trixie", "suit: x"
    )
    with pytest.raises(FindingsError) as caught:
        load_document(write(text), "spec-v1", what="the spec")
    found = {error.details["path"]: error for error in caught.value.errors}
    place = "platforms.debian-13.repositories[0]"
    assert set(found) == {"relaese", "release", f"{place}.suit", f"{place}.suite"}
    assert found["relaese"].hint == "did you mean 'release'?"
    assert found[f"{place}.suit"].hint == "did you mean 'suite'?"
    assert "missing" in found["release"].message
    assert caught.value.worst == 2


def test_unknown_platform_gets_the_known_ones(write):
    error = error_of(write(GOOD.replace("debian-13", "debian-31")))
    assert error.code == "key-unknown"
    assert "debian-13" in error.hint


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("schema: 1", "schema: 2", "schema"),
        ("path: release", "path: release, sha256: ABC", "release.sha256"),
        ("http://x", "ftp://x", "platforms.debian-13.repositories[0].uri"),
        ("components: [main]", "components: []", "platforms.debian-13.repositories[0].components"),
        ("name: debian", "name: ../x", "platforms.debian-13.repositories[0].name"),
        ("name: debian", "name: keys", "platforms.debian-13.repositories[0].name"),
        ("suite: trixie", "suite: a/../b", "platforms.debian-13.repositories[0].suite"),
    ],
)
def test_wrong_value_names_its_path(write, old, new, path):
    error = error_of(write(GOOD.replace(old, new)))
    assert error.details["path"] == path
    assert error.exit_code == 2


def test_flat_repository_has_no_components(write):
    flat = GOOD.replace("suite: trixie, components: [main]", "suite: /")
    assert read_spec(write(flat)).platforms["debian-13"].repositories[0].components == ()


def test_repository_name_used_twice(write):
    error = error_of(write(GOOD + f"      - {REPOSITORY}\n"))
    assert error.details["path"] == "platforms.debian-13.repositories[1].name"


def test_not_a_mapping(write):
    assert error_of(write("- 1\n")).details["path"] == "the document"
