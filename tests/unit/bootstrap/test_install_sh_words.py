"""What install.sh prints of names that others have chosen."""

import subprocess

import pytest

from graphistry_airgap.bootstrap.render import install_sh

pytestmark = pytest.mark.subprocesses


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain-\u00e4\u20ac", "plain-\u00e4\u20ac"),
        ("a\x1b[31m", "a [31m"),
        ("a\u009b31m", "a 31m"),
        ("a\u202eb\u2066c", "a b c"),
        ("a\nsigned by nobody", "a\n    signed by nobody"),
    ],
)
def test_a_name_is_shown_and_not_obeyed(name, shown):
    code = install_sh().decode().removesuffix('main "$@"\n')
    script = f"{code}problem file-extra 'the bundle holds {name}' 'what to do'\n"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == f"error: the bundle holds {shown}\n  hint: what to do\n"
