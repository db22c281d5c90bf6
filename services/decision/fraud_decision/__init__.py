"""Decision policy."""
