"""The toolkit's `mode`, out of what sites and the package write into config.toml."""

import pytest

from graphistry_airgap.target.host.machine import Host
from graphistry_airgap.target.preflight.probes import toolkit as probe_toolkit

SECTION = "[nvidia-container-runtime]\n"


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("", "auto"),
        (f'{SECTION}mode = "auto"\n', "auto"),
        (f'{SECTION}log-level = "info"\nmode = "legacy"\nruntimes = ["runc"]\n', "legacy"),
        (f"  {SECTION}  mode='legacy' # until the reboot\n", "legacy"),
        (f'{SECTION}#mode = "legacy"\n', "auto"),
        (f'{SECTION}mode = ""\n', "auto"),
        (f'{SECTION}[nvidia-container-runtime.modes.cdi]\nmode = "legacy"\n', "auto"),
        ('[nvidia-container-cli]\nmode = "legacy"\n', "auto"),
        ('["nvidia-container-runtime"]\n"mode" = "cdi"\n', "cdi"),
        ('nvidia-container-runtime.mode = "legacy"\n', "legacy"),
        ('mode = "legacy"\n', "auto"),
        (f"{SECTION}mode = legacy\n", None),
        (f'{SECTION}mode = """legacy"""\n', None),
        ('nvidia-container-runtime = {mode = "legacy"}\n', None),
    ],
)
def test_the_mode_is_read_where_it_is_said_plainly(text, mode):
    assert probe_toolkit.mode(text) == mode


def test_without_a_file_the_toolkits_default_counts_and_what_cannot_be_read_is_unknown(tmp_path):
    host = Host(run=lambda argv, environment: (1, "", ""), root=tmp_path)
    assert probe_toolkit.toolkit(host) == {"there": False, "mode": "auto"}
    file = host.path(probe_toolkit.CONFIG)
    file.mkdir(parents=True)
    assert probe_toolkit.toolkit(host) == {"there": False, "mode": None}
    file.rmdir()
    file.write_text(f'{SECTION}mode = "legacy"\n')
    program = host.path(probe_toolkit.PROGRAM)
    program.parent.mkdir(parents=True)
    program.touch()
    assert probe_toolkit.toolkit(host) == {"there": True, "mode": "legacy"}
