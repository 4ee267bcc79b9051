import pytest

from graphistry_airgap.core.adapters.documents import read_yaml
from graphistry_airgap.core.errors import InputError


@pytest.fixture
def write(tmp_path):
    def write_text(text):
        path = tmp_path / "site.yml"
        path.write_text(text)
        return path

    return write_text


def error_of(path):
    with pytest.raises(InputError) as caught:
        read_yaml(path, what="the site file")
    return caught.value


@pytest.mark.parametrize(
    "text", ["schema: 1\nschema: 1\n", "a: [", "!!python/none x", "a: b: c", "[1, 2]: {}", "{a: 1}: 2"]
)
def test_bad_yaml(write, text):
    assert error_of(write(text)).code == "yaml-invalid"


def test_missing_file(tmp_path):
    assert error_of(tmp_path / "none.yml").code == "file-missing"


@pytest.mark.parametrize(
    "text",
    ["purpose: 2020-13-45", "purpose: !!int x", "purpose: !!timestamp x", "purpose: !!bool x", "[" * 5000],
)
def test_what_the_parser_cannot_make_a_value_of_is_the_file_s_fault(write, text):
    assert error_of(write(text)).code == "yaml-invalid"


def test_anchors_that_stand_for_more_than_fits_into_memory(write):
    lines = ["a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]"]
    lines += [
        f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]"
        for old, new in zip("abcdefg", "bcdefgh", strict=True)
    ]
    error = error_of(write("\n".join([*lines, "schema: *h"])))
    assert (error.code, "values" in error.message) == ("yaml-invalid", True)
    assert error_of(write("schema: &a [*a]")).code == "yaml-invalid"
