"""The laboratory: measure, compare, break, replay. Never in an image."""
