"""Stand-ins on a host for programs that want a GPU."""
