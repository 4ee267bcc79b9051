"""Hosts of the lab as tests use them, and what is read from them."""
