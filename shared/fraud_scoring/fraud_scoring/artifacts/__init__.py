"""Signed model artefacts: files, metadata, calibration, keys."""
