"""How the services of a release are, also where its wrapper has no good answer."""

import json
import subprocess

import pytest

from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.record.questions import answer
from graphistry_airgap.target.record.services import of_release
from tests.kit.fakes.receipts import receipt

pytestmark = pytest.mark.subprocesses


def run(argv, environment):
    done = subprocess.run(argv, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def release(tmp_path):
    """Gives what is told of a release whose wrapper is this shell script."""

    def told(script):
        place = tmp_path / "var/graphistry/releases/v1"
        place.mkdir(parents=True)
        (place / "graphistry").write_text(script)
        return place

    return told


def test_a_stack_that_prints_warnings(release):
    place = release(
        'test "$1" = config && { echo caddy; exit; }\n'
        'echo "[warning] x"; echo "{not json"; echo "[1]"\n'
        'echo \'{"Service": "caddy", "State": "running", "Publishers": ['
        '{"PublishedPort": 80, "TargetPort": 80}, {"PublishedPort": 0, "TargetPort": 9000}]}\'\n'
    )
    row = {"service": "caddy", "state": "running", "health": "none", "image": "", "ports": ["80->80"]}
    assert of_release(Host(run), place) == {"defined": ["caddy"], "found": [row]}


def test_a_wrapper_that_refuses_is_told_whole_and_first(release):
    place = release("echo 'permission denied' >&2; echo 'while connecting' >&2; exit 1\n")
    refusal = of_release(Host(run), place)["refusal"]
    assert refusal["code"] == "services-unknown"
    assert refusal["message"].startswith("permission denied\nwhile connecting\n`./graphistry config")


def test_a_wrapper_that_hangs_is_said_to(release):
    place = release("")
    refusal = of_release(Host(lambda *_: (124, "", "")), place)["refusal"]
    assert refusal["message"].startswith("no answer within 60 s\n")


def test_a_release_that_is_gone(tmp_path):
    assert of_release(Host(run), tmp_path)["refusal"]["code"] == "release-gone"


@pytest.fixture
def status(tmp_path, release):
    def asked(text):
        (tmp_path / "receipt.json").write_text(text)
        question = {"ask": "status", "state": tmp_path, "program": tmp_path, "medium": "/"}
        return answer(Host(run, tmp_path), question)

    return asked


def test_the_receipt_says_which_release_is_asked(release, status):
    release('test "$1" = ps || echo nexus\n')
    said = status(json.dumps(receipt()))
    assert said["services"] == {"defined": ["nexus"], "found": []}
    assert (said["stages_begun"], said["kernels"]["kernels"]) == (False, [])


@pytest.mark.parametrize(
    "text", [json.dumps(receipt(purpose="template")), "{", "[]", '{"purpose": "server"}', "[" * 100_000]
)
def test_without_one_that_runs_no_release_is_asked(release, status, text):
    release("echo asked >&2; exit 1\n")
    assert status(text)["services"] == {}
