"""List formats: pure parsers from bytes to entities."""
