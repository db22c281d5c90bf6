"""Isolation forest scorer."""
