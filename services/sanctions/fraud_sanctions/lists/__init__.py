"""Lists: read, compared, announced."""
