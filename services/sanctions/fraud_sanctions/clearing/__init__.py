"""Matches that people cleared."""
