"""`fraud models`: the registry as a command."""
