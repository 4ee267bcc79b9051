"""Sealed hosts of every kind, and the images that they start from."""
