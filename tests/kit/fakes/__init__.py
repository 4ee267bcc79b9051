"""What code under test meets in the place of a machine, a daemon or a person's files."""
