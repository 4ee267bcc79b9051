import pytest

from graphistry_airgap.domain.release import UnsetVariable, compose_images, interpolate, parse_dotenv

VARIABLES = {"TAG": "v1", "EMPTY": "", "CUDA": "12"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:$TAG", "a:v1"),
        ("a:${TAG}-x", "a:v1-x"),
        ("a:${NONE:-latest}", "a:latest"),
        ("a:${EMPTY:-latest}", "a:latest"),
        ("a:${EMPTY-latest}", "a:"),
        ("a:${NONE-}", "a:"),
        ("a:${TAG:+y}", "a:y"),
        ("a:${EMPTY:+y}", "a:"),
        ("a:${NONE:-${TAG}-${CUDA}}", "a:v1-12"),
        ("a:${TAG:?must be set}", "a:v1"),
        ("a:$$TAG", "a:$TAG"),
        ("plain", "plain"),
    ],
)
def test_interpolation_follows_compose(text, expected):
    assert interpolate(text, VARIABLES) == expected


@pytest.mark.parametrize("text", ["a:$NONE", "a:${NONE}", "a:${NONE:?why}", "a:${EMPTY:?why}"])
def test_unset_variable_is_named(text):
    with pytest.raises(UnsetVariable, match=r"NONE|EMPTY"):
        interpolate(text, VARIABLES)


@pytest.mark.parametrize("text", ["a:${TAG", "a:${TAG!}"])
def test_malformed_interpolation_is_an_error(text):
    with pytest.raises(ValueError, match="TAG"):
        interpolate(text, VARIABLES)


def test_dotenv():
    text = "# no\nexport A=1\nB = two # comment\nC='$A#x'\nD=\"${A} y\"\nA=3\nE=${NONE}#z\nbroken\n"
    assert parse_dotenv(text) == {"A": "3", "B": "two", "C": "$A#x", "D": "1 y", "E": "#z"}


def test_compose_images_are_familiar_names_sorted_and_once():
    compose = {
        "services": {
            "one": {"image": "docker.io/library/redis:6.2.7"},
            "two": {"image": "redis:${NONE:-6.2.7}"},
            "three": {"image": "willfarrell/autoheal"},
            "four": {"image": "localhost:5000/x"},
            "built": {"build": "."},
        }
    }
    assert compose_images(compose, {}) == [
        "localhost:5000/x:latest",
        "redis:6.2.7",
        "willfarrell/autoheal:latest",
    ]
