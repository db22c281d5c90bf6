"""Autoencoder scorer."""
