"""Harm that a test does, and how it is undone."""
