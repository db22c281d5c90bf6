"""Recorded payments of others, played through the running mesh."""
