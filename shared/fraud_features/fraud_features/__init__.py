"""The one definition of every feature."""
