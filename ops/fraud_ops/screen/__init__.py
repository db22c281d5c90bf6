"""A file of names against the lists, in bulk."""
