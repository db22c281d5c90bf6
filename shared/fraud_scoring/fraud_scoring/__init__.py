"""Artefacts, registry, calibration and the scorer runtime."""
