"""Rows of the table of public routes, by area."""
