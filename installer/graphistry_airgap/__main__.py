"""`python -m graphistry_airgap`."""

import sys

from graphistry_airgap.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
