"""Decisions explained: pure cores, and the page they are printed on."""
