"""Sanctions lists: fetched, checked, compared, put where the service finds them."""
