"""The post-install tests of custom.env: they read it as Compose does and never show what it holds."""

import json
import os
import subprocess
import sys

import pytest

from graphistry_airgap.content import PACKAGE

pytestmark = pytest.mark.subprocesses

SECRET = "Zq7" * 12
LINES = [
    f"DJANGO_SECRET_KEY={SECRET}",
    f"GRAPHISTRY_NEXUS_ENCRYPTION_KEYS='{SECRET}'",
    f"export GRAPHISTRY_NEXUS_SIGNING_KEY = {SECRET}",
    f"GRAPHISTRY_NEXUS_SIGNING_SALT={SECRET}",
]


def check(tmp_path, lines, purpose="server", given="{}", names="test_configuration.py"):
    """pytest's status and all that its tests `names` said or wrote about a custom.env of these lines.

    `given` is what the release's wrapper gives to a service, as JSON.
    """
    config = tmp_path / "release" / "data" / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "custom.env").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (config / "custom.env").chmod(0o600)
    wrapper = tmp_path / "release" / "graphistry"
    wrapper.write_text(f'cat <<\'END\'\n{{"services": {{"one": {{"environment": {given}}}}}}}\nEND\n')
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps({"purpose": purpose, "release_directory": str(tmp_path / "release")}))
    report = tmp_path / "report.xml"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hosts=local://"),
            *(f"--rootdir={PACKAGE / 'checks'}", f"--junitxml={report}"),
            str(PACKAGE / "checks" / names),
        ],
        cwd=PACKAGE / "checks",
        env={**os.environ, "GRAPHISTRY_AIRGAP_CHECKS": str(facts), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr + report.read_text(encoding="utf-8")


@pytest.mark.skipif(os.geteuid() != 0, reason="the checks want root's file")
def test_a_value_counts_however_it_is_written(tmp_path):
    assert check(tmp_path, [*LINES, 'export AIR_GAPPED="1"'])[0] == 0


def test_a_release_that_reads_its_env_files_otherwise_is_named_without_a_value(tmp_path):
    lines = [*LINES, f"AIR_GAPPED=1\nMY_TOKEN={SECRET}"]
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / ".env").write_text(f"MY_TOKEN=a{SECRET}\n")
    names = "test_services.py::test_the_release_reads_its_env_files_in_the_known_order"
    status, said = check(tmp_path, lines, given=json.dumps({"MY_TOKEN": f"a{SECRET}"}), names=names)
    assert status == 1
    assert "another env file wins" in said
    assert "['MY_TOKEN']" in said
    assert SECRET[:9] not in said


@pytest.mark.parametrize(
    ("lines", "purpose", "failing"),
    [
        (LINES, "server", "test_the_product_knows_that_it_is_air_gapped"),
        ([*LINES[:3], "AIR_GAPPED=1"], "server", "test_secrets_are_set"),
        ([*LINES, "AIR_GAPPED=1"], "template", "test_a_template_holds_no_secret"),
    ],
)
def test_a_failing_check_shows_no_secret(tmp_path, lines, purpose, failing):
    status, said = check(tmp_path, lines, purpose)
    assert status == 1
    assert f"FAILED test_configuration.py::{failing}" in said
    assert SECRET[:9] not in said
