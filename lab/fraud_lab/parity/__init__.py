"""Serving and training compute the same vectors: the proof."""
