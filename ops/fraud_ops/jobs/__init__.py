"""Carrying out what people asked the gateway for."""
