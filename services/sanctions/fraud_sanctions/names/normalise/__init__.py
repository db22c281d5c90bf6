"""From a name as written to comparable words, one step per file."""
