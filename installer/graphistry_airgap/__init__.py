"""Build signed bundles and install Graphistry from them on air-gapped hosts."""

from graphistry_airgap.version import __version__

__all__ = ["__version__"]
