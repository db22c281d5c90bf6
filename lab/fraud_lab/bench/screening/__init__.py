"""Speed of name matching."""
