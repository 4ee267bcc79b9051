"""DGX OS by its own file: which version, and nothing of the machine's identity."""

import pytest

from graphistry_airgap.target.host import dgx
from graphistry_airgap.target.host.machine import Host

IMAGED = """\
DGX_NAME="DGX Server"
DGX_PRETTY_NAME="NVIDIA DGX Server"
DGX_SWBUILD_DATE="2025-02-11"
DGX_SWBUILD_VERSION="7.0.2"
DGX_SERIAL_NUMBER="1570000000000"
"""


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (None, ""),
        (IMAGED, "7.0.2"),
        (IMAGED + 'DGX_OTA_VERSION="7.2.0"\n', "7.2.0"),
        ('DGX_NAME="DGX Server"\n', "unknown"),
        ("", "unknown"),
    ],
)
def test_it_is_as_it_was_updated_last(tmp_path, text, version):
    (tmp_path / "etc").mkdir()
    if text is not None:
        (tmp_path / "etc/dgx-release").write_text(text)
    assert dgx.version(Host(None, tmp_path)) == version
