"""Throw-away hosts that have never seen a network, and what is installed on them: see README.md."""
