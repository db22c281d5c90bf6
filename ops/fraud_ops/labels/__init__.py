"""Feeds of labels from files."""
