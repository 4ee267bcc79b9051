"""The images of a release: their names as Compose on the host will read them."""

import pytest

from graphistry_airgap.connected.release.images import images_of_release
from graphistry_airgap.core.errors import InputError

KNOWN = {"VERSION": "v1", "CUDA_SHORT_VERSION": "12"}
# what a reader of its own once took for something else: `.env`, then what Compose makes of $X
AS_COMPOSE = [
    (r'X="a\"b"', 'a"b'),
    ("X: colon", "colon"),
    ("A.B=1\nX=2", "2"),
    ("X=a\t#b", "a\t#b"),
    ('X="a\nb"', "a\nb"),
    (r'X="a\tb"', "a\tb"),
    ("A='1' X=2", "2"),
    ("export X=1 # note", "1"),
    ("A=1\nX=${A}", "1"),
    ("X=${NONE-}", ""),
    ("X=$VERSION", "v1"),
    ("X='$VERSION'", "$VERSION"),
]


@pytest.fixture
def images(tmp_path):
    """`images("a:${TAG}", dotenv="TAG=1")` gives the names, for one service."""

    def read(*written, dotenv="", **config):
        texts = {".env": dotenv} | {f"data/config/{name}.env": text for name, text in config.items()}
        files = {name: tmp_path / name.replace("/", "-") for name in texts}
        for name, text in texts.items():
            files[name].write_text(text)
        services = {str(number): {"image": text} for number, text in enumerate(written)}
        return images_of_release({"services": services}, files, KNOWN)

    return read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:$TAG", "a:v1"),
        ("a:${TAG}-x", "a:v1-x"),
        ("a:${NONE:-latest}", "a:latest"),
        ("a:${EMPTY:-latest}", "a:latest"),
        ("a${NONE-}:x", "a:x"),
        ("a:${TAG:+y}", "a:y"),
        ("a${EMPTY:+y}:x", "a:x"),
        ("a:${NONE:-${TAG}-${CUDA_SHORT_VERSION}}", "a:v1-12"),
        ("a:${TAG:-$NONE}", "a:v1"),
        ("a:${TAG:?must be set}", "a:v1"),
        ("plain:x", "plain:x"),
    ],
)
def test_names_are_read_as_compose_reads_them(images, text, expected):
    assert images(text, dotenv="TAG=v1\nEMPTY=\n") == (expected,)


@pytest.mark.parametrize(("dotenv", "value"), AS_COMPOSE)
def test_there_is_one_reader_of_env_files(images, dotenv, value):
    assert images("x/${X:+y}z:1", "w:${X}", dotenv=dotenv) == tuple(
        sorted([f"x/{'y' if value else ''}z:1", f"w:{value}"])
    )


@pytest.mark.parametrize("text", ["a:$NONE", "a:${NONE}", "a:${NONE:-$LOST}", "a:${NONE:?why}", "a:${TAG!}"])
def test_what_compose_refuses_or_would_leave_blank_is_refused(images, text):
    with pytest.raises(InputError) as caught:
        images(text, dotenv="TAG=v1\n")
    assert caught.value.code == "compose-unreadable"


def test_a_variable_that_nothing_sets_is_named(images):
    with pytest.raises(InputError, match="needs the variable NONE, which no env file sets"):
        images("a:${NONE}")


def test_later_files_of_the_release_win_as_they_do_on_the_host(images):
    found = images(
        "a:${TAG}", "o:${OTEL}", dotenv="TAG=v1\n", telemetry="OTEL=${TAG}-otel\n", cluster="TAG=v2\n"
    )
    assert found == ("a:v2", "o:v1-otel")


def test_an_env_file_that_compose_cannot_read_is_named_with_its_line(images):
    with pytest.raises(InputError, match=r"telemetry.env, line 2"):
        images("a:1", telemetry="A=1\nB='open\n")


def test_names_are_familiar_sorted_and_once():
    compose = {
        "services": {
            "one": {"image": "docker.io/library/redis:6.2.7"},
            "two": {"image": "redis:${NONE:-6.2.7}"},
            "three": {"image": "willfarrell/autoheal"},
            "four": {"image": "localhost:5000/x"},
            "built": {"build": "."},
        }
    }
    assert images_of_release(compose, {}, {}) == (
        "localhost:5000/x:latest",
        "redis:6.2.7",
        "willfarrell/autoheal:latest",
    )
