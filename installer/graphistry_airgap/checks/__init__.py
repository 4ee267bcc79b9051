"""Post-install tests (pytest-testinfra); they read the host, never the run that made it."""
