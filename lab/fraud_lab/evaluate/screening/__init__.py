"""Quality of name matching."""
