"""The bundles that hosts are installed from, made below `build/`."""
