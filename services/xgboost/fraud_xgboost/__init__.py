"""XGBoost scorer."""
