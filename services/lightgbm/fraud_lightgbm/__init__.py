"""LightGBM scorer, the challenger."""
