"""The gateway and the pipeline."""
