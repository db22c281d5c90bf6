"""Faults under load, row by row of what is promised."""
