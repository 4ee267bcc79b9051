"""How the services of a release are, also where its wrapper has no good answer."""

import pytest

from graphistry_airgap.core.adapters.process import run
from graphistry_airgap.installation.adapters import services

pytestmark = pytest.mark.subprocesses


def test_a_stack_that_prints_warnings_or_hangs(tmp_path):
    (tmp_path / "graphistry").write_text(
        'echo "[warning] x"; echo "{not json"; echo "[1]"\n'
        'echo \'{"Service": "caddy", "State": "running"}\'\n'
    )
    assert [row["service"] for row in services.stack_services(tmp_path)] == ["caddy"]
    outcome = run(["sleep", "5"], timeout=0.1)
    assert (outcome.returncode, outcome.ok) == (124, False)
    assert "did not end" in outcome.words
