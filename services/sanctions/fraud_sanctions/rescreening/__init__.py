"""Known parties against changed lists."""
