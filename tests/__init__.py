"""The tests, and in `kit` what they share."""
