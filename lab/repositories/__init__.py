"""Repositories that stand in for the vendors'."""
