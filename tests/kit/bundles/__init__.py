"""Bundles made by hand or by the tool, and what goes into them."""
