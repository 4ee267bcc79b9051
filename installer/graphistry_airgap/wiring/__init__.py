"""Composition, a file for each room: makes the objects of a command, hands them on, and decides nothing."""
