"""Matching: candidates, alignment, evidence, score."""
